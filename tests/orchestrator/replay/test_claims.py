"""Resource claims: devices are found, reserved, and given back."""

from typing import Any

import pytest

from orchestrator.replay import Outcome, PodMatch, PodOutcome, ReplayCluster
from tests.contract.conftest import eventually
from tests.contract.http import Json, Server
from tests.fakes.objects import device, device_class, node, resource_slice
from tests.orchestrator.replay.conftest import Serve

CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
TEMPLATES = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates"
PODS = "/api/v1/namespaces/default/pods"
GPUS = "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'"
REFUSED = (
    "0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, preemption: "
    "0/2 nodes are available: 2 Preemption is not helpful for scheduling."
)


@pytest.fixture
def server(serve: Serve) -> Server:
    """Two nodes, one of them with two GPUs and a part of a third."""
    offered = resource_slice("node-1", devices=2)
    offered["spec"]["devices"].append(device("mig-0", "mig"))
    chosen = device_class()
    chosen["spec"]["selectors"][0]["cel"]["expression"] = GPUS
    runs = PodOutcome(match=PodMatch(image="server"), outcome=Outcome())
    objects = [node("node-1"), node("node-2"), offered, chosen]
    return serve(ReplayCluster(objects, outcomes=[runs]))


def request(**exactly: Any) -> Json:
    wanted = {"deviceClassName": "gpu.nvidia.com", **exactly}
    return {"devices": {"requests": [{"name": "gpu", "exactly": wanted}]}}


def start(server: Server, name: str, spec: Json) -> None:
    """Create a pod with a claim of its own."""
    template = {"metadata": {"name": name}, "spec": {"spec": spec}}
    assert server.post(TEMPLATES, template).status == 201
    start_with(server, name, resourceClaimTemplateName=name)


def start_with(server: Server, name: str, **claim: str) -> None:
    container = {"name": "c", "image": "server", "resources": {"claims": [{"name": "g"}]}}
    spec = {"containers": [container], "resourceClaims": [{"name": "g", **claim}]}
    assert server.post(PODS, {"metadata": {"name": name}, "spec": spec}).status == 201


def running(server: Server, name: str) -> Json:
    def look() -> Any:
        pod = server.get(f"{PODS}/{name}").body
        return pod if pod["status"]["phase"] == "Running" else None

    return dict(eventually(look))


def refusal(server: Server, name: str) -> str:
    def look() -> str:
        conditions = server.get(f"{PODS}/{name}").body["status"].get("conditions") or [{}]
        return str(conditions[0].get("message", ""))

    return str(eventually(look))


def devices(claim: Json) -> list[str]:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    return [result["device"] for result in allocation.get("devices", {}).get("results", [])]


def test_a_pod_gets_a_claim_from_its_template(server: Server) -> None:
    start(server, "p", request())
    pod = running(server, "p")
    entry = pod["status"]["resourceClaimStatuses"][0]
    claim = server.get(f"{CLAIMS}/{entry['resourceClaimName']}").body

    assert (pod["spec"]["nodeName"], entry["name"]) == ("node-1", "g")
    assert claim["metadata"]["generateName"] == "p-g-"
    assert claim["metadata"]["annotations"] == {"resource.kubernetes.io/pod-claim-name": "g"}
    assert claim["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]
    assert claim["metadata"]["ownerReferences"][0]["uid"] == pod["metadata"]["uid"]
    assert claim["status"]["reservedFor"] == [
        {"resource": "pods", "name": "p", "uid": pod["metadata"]["uid"]}
    ]
    allocation = claim["status"]["allocation"]
    assert allocation["devices"]["results"] == [
        {"request": "gpu", "driver": "gpu.nvidia.com", "pool": "node-1", "device": "gpu-0"}
    ]
    assert allocation["nodeSelector"]["nodeSelectorTerms"][0]["matchFields"][0]["values"] == [
        "node-1"
    ]


def test_devices_are_given_once_and_come_back_with_the_pod(server: Server) -> None:
    start(server, "first", request())
    running(server, "first")
    start(server, "second", request(count=2))
    assert refusal(server, "second") == REFUSED

    server.call("DELETE", f"{PODS}/first")
    running(server, "second")
    claims = server.get(CLAIMS).items
    assert [devices(claim) for claim in claims] == [["gpu-0", "gpu-1"]]


def test_all_means_every_device_of_the_node(server: Server) -> None:
    start(server, "p", request(allocationMode="All"))
    running(server, "p")

    assert devices(server.get(CLAIMS).items[0]) == ["gpu-0", "gpu-1"]


def test_more_than_there_is_is_refused(server: Server) -> None:
    start(server, "p", request(count=3))

    assert refusal(server, "p") == REFUSED


def test_the_first_alternative_that_fits_is_taken(server: Server) -> None:
    options = [
        {"name": "big", "deviceClassName": "gpu.nvidia.com", "count": 7},
        {"name": "small", "deviceClassName": "gpu.nvidia.com"},
    ]
    start(server, "p", {"devices": {"requests": [{"name": "gpu", "firstAvailable": options}]}})
    running(server, "p")
    results = server.get(CLAIMS).items[0]["status"]["allocation"]["devices"]["results"]

    assert [result["request"] for result in results] == ["gpu/small"]


def test_a_claim_that_two_pods_name_is_shared(server: Server) -> None:
    server.post(CLAIMS, {"metadata": {"name": "shared"}, "spec": request()})
    for name in ("a", "b"):
        start_with(server, name, resourceClaimName="shared")
        running(server, name)
    users = server.get(f"{CLAIMS}/shared").body["status"]["reservedFor"]
    assert [user["name"] for user in users] == ["a", "b"]

    for name in ("a", "b"):
        server.call("DELETE", f"{PODS}/{name}")
    eventually(lambda: server.get(f"{CLAIMS}/shared").body["status"] == {})
    assert "finalizers" not in server.get(f"{CLAIMS}/shared").body["metadata"]


def test_admin_access_needs_a_labelled_namespace_and_takes_nothing(server: Server) -> None:
    claim = {"metadata": {"name": "admin"}}
    claim["spec"] = request(adminAccess=True, allocationMode="All")
    reply = server.post(CLAIMS, claim)
    assert reply.message == (
        'ResourceClaim.resource.k8s.io "admin" is invalid: spec.devices.requests[0].adminAccess: '
        "Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: "
        "true` label on the containing namespace"
    )

    labels = {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}
    media = "application/merge-patch+json"
    server.call("PATCH", "/api/v1/namespaces/default", labels, media=media)
    assert server.post(CLAIMS, claim).status == 201
    start_with(server, "probe", resourceClaimName="admin")
    running(server, "probe")
    start(server, "p", request(count=2))
    running(server, "p")


def test_a_class_that_nobody_defined_is_named(server: Server) -> None:
    start(server, "p", request(deviceClassName="nope"))

    assert refusal(server, "p").startswith(
        "0/2 nodes are available: request gpu: device class nope does not exist. no new claims"
    )


def test_a_template_that_is_missing_is_told_in_an_event(server: Server) -> None:
    start_with(server, "p", resourceClaimTemplateName="nope")
    events = "/api/v1/namespaces/default/events"
    found = eventually(lambda: server.get(events).items)[0]

    assert (found["reason"], found["message"]) == (
        "FailedResourceClaimCreation",
        (
            'PodResourceClaim g: resource claim template "nope": '
            'resourceclaimtemplate.resource.k8s.io "nope" not found'
        ),
    )


def test_a_selector_that_is_not_understood_is_refused(server: Server) -> None:
    selectors = [{"cel": {"expression": "device.driver.size() == 3"}}]
    reply = server.post(CLAIMS, {"metadata": {"name": "x"}, "spec": request(selectors=selectors)})

    assert reply.status == 501
    assert "the CEL expression 'device.driver.size() == 3'" in reply.message


def test_a_constraint_holds_for_all_devices(server: Server) -> None:
    spec = request(count=2)
    spec["devices"]["constraints"] = [{"matchAttribute": "gpu.nvidia.com/uuid"}]
    start(server, "p", spec)

    assert refusal(server, "p") == REFUSED  # each GPU has its own

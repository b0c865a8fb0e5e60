"""Pods that something else makes, and devices that they claim."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import Json, Server
from tests.contract.test_jobs import NOWHERE, UNKNOWN_IMAGE, condition, events_of, on

DRA = "/apis/resource.k8s.io/v1"


def workload(**spec: Any) -> Json:
    pod = {
        "containers": [{"name": "c", "image": UNKNOWN_IMAGE}],
        "nodeSelector": NOWHERE,
        **spec.pop("pod", {}),
    }
    template = {"metadata": {"labels": {"app": "w"}}, "spec": pod}
    selector = {"matchLabels": {"app": "w"}}
    return {"metadata": {"name": "w"}, "spec": {"selector": selector, "template": template, **spec}}


@pytest.fixture
def apps(namespace: str) -> str:
    """The path of the test's namespace among the workloads."""
    return f"/apis/apps/v1/namespaces/{namespace}"


@pytest.fixture
def claims(namespace: str) -> str:
    """The path of the test's namespace among the claims."""
    return f"{DRA}/namespaces/{namespace}"


def only(server: Server, path: str) -> Json:
    return dict(eventually(lambda: server.get(path).items)[0])


def refusal(server: Server, home: str, name: str) -> str:
    """Why a pod is not scheduled."""

    def look() -> str:
        pod = server.get(f"{home}/pods/{name}").body
        return str(condition(pod, "PodScheduled").get("message", ""))

    return str(eventually(look))


def bare_pod(name: str, **spec: Any) -> Json:
    container = {"name": "c", "image": UNKNOWN_IMAGE}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def claim_spec(device_class: str, **exactly: Any) -> Json:
    wanted = {"deviceClassName": device_class, **exactly}
    return {"devices": {"requests": [{"name": "gpu", "exactly": wanted}]}}


def test_a_deployment_owns_a_set_that_owns_pods(server: Server, home: str, apps: str) -> None:
    created = server.post(f"{apps}/deployments", workload()).body
    owner, pod = only(server, f"{apps}/replicasets"), only(server, f"{home}/pods")
    label = owner["metadata"]["labels"]["pod-template-hash"]

    assert created["spec"]["strategy"]["rollingUpdate"] == {
        "maxSurge": "25%",
        "maxUnavailable": "25%",
    }
    assert (created["spec"]["replicas"], created["spec"]["progressDeadlineSeconds"]) == (1, 600)
    assert owner["metadata"]["name"] == f"w-{label}"
    assert owner["spec"]["selector"]["matchLabels"] == {"app": "w", "pod-template-hash": label}
    assert pod["metadata"]["labels"] == {"app": "w", "pod-template-hash": label}
    assert pod["metadata"]["generateName"] == f"w-{label}-"
    kinds = [found["metadata"]["ownerReferences"][0]["kind"] for found in (owner, pod)]
    assert kinds == ["Deployment", "ReplicaSet"]
    scaled = events_of(server, home, "Deployment", "ScalingReplicaSet")[0]
    assert scaled["message"] == f"Scaled up replica set w-{label} from 0 to 1"


def test_a_deployment_that_is_not_there_yet_says_so(server: Server, apps: str) -> None:
    server.post(f"{apps}/deployments", workload())

    def reasons() -> Any:
        found = server.get(f"{apps}/deployments/w").body
        conditions = (found.get("status") or {}).get("conditions") or []
        told = {c["type"]: c["reason"] for c in conditions}
        return told if told.get("Progressing") == "ReplicaSetUpdated" else None

    assert eventually(reasons)["Available"] == "MinimumReplicasUnavailable"
    assert server.get(f"{apps}/deployments/w").body["status"]["unavailableReplicas"] == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"selector": {"matchLabels": {"app": "x"}}},
            (
                'Deployment.apps "w" is invalid: spec.template.metadata.labels: Invalid value: '
                '{"app":"w"}: `selector` does not match template `labels`'
            ),
        ),
        (
            {"pod": {"restartPolicy": "Never"}},
            (
                'Deployment.apps "w" is invalid: spec.template.spec.restartPolicy: Unsupported '
                'value: "Never": supported values: "Always"'
            ),
        ),
    ],
    ids=["selector", "restart-policy"],
)
def test_refuses_a_deployment_that_cannot_work(
    server: Server, apps: str, spec: Json, message: str
) -> None:
    reply = server.post(f"{apps}/deployments", workload(**spec))

    assert (reply.status, reply.message) == (422, message)


def test_a_daemon_set_pins_its_pods_by_name(
    server: Server, home: str, apps: str, node: str
) -> None:
    created = server.post(f"{apps}/daemonsets", workload(pod={"nodeSelector": on(node)})).body
    pod = only(server, f"{home}/pods")
    affinity = pod["spec"]["affinity"]["nodeAffinity"]

    by_name = {"key": "metadata.name", "operator": "In", "values": [node]}
    assert affinity["requiredDuringSchedulingIgnoredDuringExecution"] == {
        "nodeSelectorTerms": [{"matchFields": [by_name]}]
    }
    assert {t["key"].rpartition("/")[2] for t in pod["spec"]["tolerations"]} >= {
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
    }
    assert pod["metadata"]["labels"]["pod-template-generation"] == "1"
    annotations = {"deprecated.daemonset.template.generation": "1"}
    assert created["metadata"]["annotations"] == annotations
    assert events_of(server, home, "DaemonSet", "SuccessfulCreate")


def test_a_daemon_set_for_no_node_wants_no_pod(server: Server, home: str, apps: str) -> None:
    server.post(f"{apps}/daemonsets", workload())
    status = eventually(lambda: server.get(f"{apps}/daemonsets/w").body.get("status"))

    assert (status["desiredNumberScheduled"], status["numberReady"]) == (0, 0)
    assert server.get(f"{home}/pods").items == []


def test_init_containers_come_first(server: Server, home: str) -> None:
    before = [{"name": "i", "image": UNKNOWN_IMAGE}]
    server.post(f"{home}/pods", bare_pod("p", initContainers=before))

    def waits() -> Any:
        status = server.get(f"{home}/pods/p").body["status"]
        state = (status.get("initContainerStatuses") or [{}])[0].get("state", {})
        return status if "Pull" in state.get("waiting", {}).get("reason", "") else None

    status = eventually(waits)
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    initialized = condition({"status": status}, "Initialized")
    assert (initialized["reason"], initialized["message"]) == (
        "ContainersNotInitialized",
        "containers with incomplete status: [i]",
    )
    failed = events_of(server, home, "Pod", "Failed")[0]
    assert failed["involvedObject"]["fieldPath"] == "spec.initContainers{i}"


def test_a_pod_for_a_node_that_is_not_there_says_so(server: Server, home: str) -> None:
    by_name = {"key": "metadata.name", "operator": "In", "values": ["no-such-node"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [by_name]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    server.post(f"{home}/pods", bare_pod("p", affinity=affinity))

    assert "node(s) didn't satisfy plugin(s) [NodeAffinity]. " in refusal(server, home, "p")


class TestClaims:
    """Devices that a driver of the test's own offers on a node."""

    @pytest.fixture
    def driver(self, server: Server, node: str) -> Iterator[str]:
        """A class with two devices, `a` and `b`, and one that it does not select."""
        name = f"{secrets.token_hex(4)}.contract"
        expression = f"device.driver == '{name}' && device.attributes['{name}'].type == 'gpu'"
        chosen: Json = {"metadata": {"name": name}}
        chosen["spec"] = {"selectors": [{"cel": {"expression": expression}}]}
        offered = [
            {"name": device, "attributes": {"type": {"string": kind}}}
            for device, kind in (("a", "gpu"), ("b", "gpu"), ("c", "mig"))
        ]
        pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
        spec = {"driver": name, "nodeName": node, "pool": pool, "devices": offered}
        assert server.post(f"{DRA}/deviceclasses", chosen).status == 201
        slices = {"metadata": {"name": name}, "spec": spec}
        assert server.post(f"{DRA}/resourceslices", slices).status == 201
        yield name
        server.call("DELETE", f"{DRA}/deviceclasses/{name}")
        server.call("DELETE", f"{DRA}/resourceslices/{name}")

    def start(self, server: Server, home: str, name: str, **claim: str) -> None:
        entry = [{"name": "g", **claim}]
        reply = server.post(f"{home}/pods", bare_pod(name, resourceClaims=entry))
        assert reply.status == 201, reply

    def template(self, server: Server, claims: str, name: str, spec: Json) -> None:
        body = {"metadata": {"name": name}, "spec": {"spec": spec}}
        assert server.post(f"{claims}/resourceclaimtemplates", body).status == 201

    def allocated(self, server: Server, claims: str) -> Json:
        def look() -> Any:
            found = server.get(f"{claims}/resourceclaims").items
            return [c for c in found if (c.get("status") or {}).get("allocation")]

        return dict(eventually(look)[0])

    def test_come_from_a_template(
        self, server: Server, home: str, claims: str, driver: str, node: str
    ) -> None:
        self.template(server, claims, "t", claim_spec(driver))
        self.start(server, home, "p", resourceClaimTemplateName="t")
        claim = self.allocated(server, claims)
        pod = server.get(f"{home}/pods/p").body

        assert claim["metadata"]["generateName"] == "p-g-"
        assert claim["metadata"]["annotations"] == {"resource.kubernetes.io/pod-claim-name": "g"}
        assert claim["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]
        exactly = {"deviceClassName": driver, "allocationMode": "ExactCount", "count": 1}
        assert claim["spec"]["devices"]["requests"] == [{"name": "gpu", "exactly": exactly}]
        allocation = claim["status"]["allocation"]
        result = {"request": "gpu", "driver": driver, "pool": node, "device": "a"}
        assert allocation["devices"]["results"] == [result]
        by_name = {"key": "metadata.name", "operator": "In", "values": [node]}
        assert allocation["nodeSelector"] == {"nodeSelectorTerms": [{"matchFields": [by_name]}]}
        user = {"resource": "pods", "name": "p", "uid": pod["metadata"]["uid"]}
        assert claim["status"]["reservedFor"] == [user]
        assert pod["status"]["resourceClaimStatuses"] == [
            {"name": "g", "resourceClaimName": claim["metadata"]["name"]}
        ]

    def test_are_not_allocated_beyond_what_there_is(
        self, server: Server, home: str, claims: str, driver: str
    ) -> None:
        self.template(server, claims, "t", claim_spec(driver, count=3))
        self.start(server, home, "p", resourceClaimTemplateName="t")
        message = refusal(server, home, "p")

        assert "cannot allocate all claims. still not schedulable, preemption: 0/" in message

    def test_of_a_class_that_is_not_there_say_so(
        self, server: Server, home: str, claims: str
    ) -> None:
        self.template(server, claims, "t", claim_spec("no.such.class"))
        self.start(server, home, "p", resourceClaimTemplateName="t")

        assert (
            "nodes are available: request gpu: device class no.such.class does not exist. "
            "no new claims to deallocate, preemption: "
        ) in refusal(server, home, "p")

    def test_without_their_template_are_told_in_an_event(self, server: Server, home: str) -> None:
        self.start(server, home, "p", resourceClaimTemplateName="nope")
        event = events_of(server, home, "Pod", "FailedResourceClaimCreation")[0]

        assert (event["type"], event["message"]) == (
            "Warning",
            (
                'PodResourceClaim g: resource claim template "nope": '
                'resourceclaimtemplate.resource.k8s.io "nope" not found'
            ),
        )

    def test_for_administration_need_a_labelled_namespace(
        self, server: Server, claims: str, driver: str
    ) -> None:
        spec = claim_spec(driver, adminAccess=True)
        reply = server.post(f"{claims}/resourceclaims", {"metadata": {"name": "c"}, "spec": spec})

        assert (reply.status, reply.message) == (
            422,
            (
                'ResourceClaim.resource.k8s.io "c" is invalid: '
                "spec.devices.requests[0].adminAccess: Forbidden: admin access to devices "
                "requires the `resource.kubernetes.io/admin-access: true` label on the "
                "containing namespace"
            ),
        )

    def test_are_free_again_when_their_pod_is_gone(
        self, server: Server, home: str, claims: str, driver: str
    ) -> None:
        body = {"metadata": {"name": "c"}, "spec": claim_spec(driver)}
        server.post(f"{claims}/resourceclaims", body)
        self.start(server, home, "p", resourceClaimName="c")
        self.allocated(server, claims)
        server.call("DELETE", f"{home}/pods/p", {"gracePeriodSeconds": 0})

        def is_free() -> bool:  # two writes of the controller
            claim = server.get(f"{claims}/resourceclaims/c").body
            return claim["status"] == {} and "finalizers" not in claim["metadata"]

        assert eventually(is_free)

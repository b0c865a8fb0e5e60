"""Objects as rows: what `kubectl get` shows."""

import re
from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import MERGE, Json, Server
from tests.contract.pods import NOWHERE, container, job, pod
from tests.contract.test_objects import config_map

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


def table(server: Server, path: str) -> Json:
    reply = server.call("GET", path, headers={"Accept": f"{TABLE},application/json"})
    assert reply.status == 200, reply
    return dict(reply.body)


def row(server: Server, path: str) -> Json:
    """Give the only row, by the names of its columns."""
    body = table(server, path)
    names = [column["name"] for column in body["columnDefinitions"]]
    return dict(zip(names, body["rows"][0]["cells"], strict=True))


COLUMNS = {
    "/api/v1/configmaps": "Name Data Age",
    "/api/v1/events": "Last_Seen Type Reason Object Subobject* Source* Message First_Seen* "
    "Count* Name*",
    "/api/v1/limitranges": "Name Created_At",
    "/api/v1/namespaces": "Name Status Age",
    "/api/v1/nodes": "Name Status Roles Age Version Internal-IP* External-IP* OS-Image* "
    "Kernel-Version* Container-Runtime*",
    "/api/v1/persistentvolumeclaims": "Name Status Volume Capacity Access_Modes StorageClass "
    "VolumeAttributesClass Age VolumeMode*",
    "/api/v1/pods": "Name Ready Status Restarts Age IP* Node* Nominated_Node* Readiness_Gates*",
    "/api/v1/resourcequotas": "Name Request Limit Age",
    "/api/v1/secrets": "Name Type Data Age",
    "/api/v1/serviceaccounts": "Name Age",
    "/api/v1/services": "Name Type Cluster-IP External-IP Port(s) Age Selector*",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": "Name Created_At",
    "/apis/apiregistration.k8s.io/v1/apiservices": "Name Service Available Age",
    "/apis/apps/v1/daemonsets": "Name Desired Current Ready Up-to-date Available Node_Selector "
    "Age Containers* Images* Selector*",
    "/apis/apps/v1/deployments": "Name Ready Up-to-date Available Age Containers* Images* "
    "Selector*",
    "/apis/apps/v1/replicasets": "Name Desired Current Ready Age Containers* Images* Selector*",
    "/apis/apps/v1/statefulsets": "Name Ready Age Containers* Images*",
    "/apis/batch/v1/cronjobs": "Name Schedule Timezone Suspend Active Last_Schedule Age "
    "Containers* Images* Selector*",
    "/apis/batch/v1/jobs": "Name Status Completions Duration Age Containers* Images* Selector*",
    "/apis/coordination.k8s.io/v1/leases": "Name Holder Age",
    "/apis/networking.k8s.io/v1/networkpolicies": "Name Pod-Selector Age",
    "/apis/node.k8s.io/v1/runtimeclasses": "Name Handler Age",
    "/apis/policy/v1/poddisruptionbudgets": "Name Min_Available Max_Unavailable "
    "Allowed_Disruptions Age",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings": "Name Role Age Users* Groups* "
    "ServiceAccounts*",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles": "Name Created_At",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings": "Name Role Age Users* Groups* "
    "ServiceAccounts*",
    "/apis/resource.k8s.io/v1/deviceclasses": "Name Age",
    "/apis/resource.k8s.io/v1/resourceclaims": "Name State Age",
    "/apis/resource.k8s.io/v1/resourceslices": "Name Node Driver Pool Age",
    "/apis/scheduling.k8s.io/v1/priorityclasses": "Name Value Global-Default Age PreemptionPolicy",
    "/apis/storage.k8s.io/v1/storageclasses": "Name Provisioner ReclaimPolicy VolumeBindingMode "
    "AllowVolumeExpansion Age",
}


@pytest.mark.parametrize(("path", "columns"), COLUMNS.items())
def test_each_kind_has_its_columns(server: Server, path: str, columns: str) -> None:
    shown = [
        column["name"].replace(" ", "_") + ("*" if column["priority"] else "")
        for column in table(server, f"{path}?limit=1")["columnDefinitions"]
    ]

    assert shown == columns.split()


def test_a_row_has_the_metadata_of_its_object(server: Server, home: str) -> None:
    created = server.post(f"{home}/configmaps", config_map(a="1", b="2")).body
    body = table(server, f"{home}/configmaps/cm")
    beside = body["rows"][0]["object"]

    assert (body["kind"], body["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert body["metadata"] == {"resourceVersion": created["metadata"]["resourceVersion"]}
    assert body["rows"][0]["cells"][:2] == ["cm", 2]
    assert (beside["kind"], beside["metadata"]) == ("PartialObjectMetadata", created["metadata"])


@pytest.mark.parametrize(("include", "kind"), [("Object", "ConfigMap"), ("None", None)])
def test_what_stands_beside_can_be_chosen(
    server: Server, home: str, include: str, kind: str | None
) -> None:
    server.post(f"{home}/configmaps", config_map())
    body = table(server, f"{home}/configmaps/cm?includeObject={include}")

    assert (body["rows"][0]["object"] or {}).get("kind") == kind


def test_tables_come_in_pages(server: Server, home: str) -> None:
    eventually(lambda: server.get(f"{home}/configmaps/kube-root-ca.crt").status == 200)
    for name in "abc":
        server.post(f"{home}/configmaps", config_map(name))
    body = table(server, f"{home}/configmaps?limit=2")

    assert [len(body["rows"]), body["metadata"]["remainingItemCount"]] == [2, 2]
    assert body["metadata"]["continue"]


def test_a_create_answers_as_a_table(server: Server, home: str) -> None:
    path = f"{home}/configmaps"
    reply = server.call("POST", path, config_map(), headers={"Accept": TABLE})

    assert (reply.status, reply.body["rows"][0]["cells"][:2]) == (201, ["cm", 0])


def test_in_a_watch_only_the_first_table_names_its_columns(server: Server, home: str) -> None:
    for name in "ab":
        server.post(f"{home}/secrets", {"metadata": {"name": name}})
    objects = [event["object"] for event in server.watch(f"{home}/secrets", 2, media=TABLE)]

    assert [table["rows"][0]["cells"][0] for table in objects] == ["a", "b"]
    assert [bool(table["columnDefinitions"]) for table in objects] == [True, False]


def test_a_pod_that_waits(server: Server, home: str) -> None:
    made = pod("p", container("a"), container("b"), nodeSelector=NOWHERE)
    server.post(f"{home}/pods", made)
    shown = row(server, f"{home}/pods/p")

    assert [shown[name] for name in ("Ready", "Status", "Restarts", "Age")][:3] == [
        "0/2",
        "Pending",
        "0",
    ]
    assert re.fullmatch(r"\d+s", shown["Age"])
    assert [shown[name] for name in ("IP", "Node", "Nominated Node", "Readiness Gates")] == [
        "<none>"
    ] * 4


@pytest.mark.parametrize(
    ("phase", "state", "expected"),
    [
        ("Running", {"running": {}}, ("1/1", "Running")),
        ("Pending", {"waiting": {"reason": "ErrImagePull"}}, ("0/1", "ErrImagePull")),
        ("Failed", {"terminated": {"reason": "Error", "exitCode": 1}}, ("0/1", "Error")),
        ("Failed", {"terminated": {"exitCode": 7}}, ("0/1", "ExitCode:7")),
        ("Succeeded", {"terminated": {"reason": "Completed", "exitCode": 0}}, ("0/1", "Completed")),
    ],
)
def test_a_pod_in_one_word(
    server: Server, home: str, phase: str, state: Json, expected: tuple[str, str]
) -> None:
    server.post(f"{home}/pods", pod("p", nodeSelector=NOWHERE))
    status = {"name": "c", "image": "x", "imageID": "", "restartCount": 0, "state": state}
    status["ready"] = "running" in state
    patch = {"status": {"phase": phase, "containerStatuses": [status]}}
    assert server.call("PATCH", f"{home}/pods/p/status", patch, media=MERGE).status == 200
    shown = row(server, f"{home}/pods/p")

    assert (shown["Ready"], shown["Status"]) == expected


def test_an_evicted_pod(server: Server, home: str) -> None:
    server.post(f"{home}/pods", pod("p", nodeSelector=NOWHERE))
    patch = {"status": {"phase": "Failed", "reason": "Evicted"}}
    server.call("PATCH", f"{home}/pods/p/status", patch, media=MERGE)

    assert row(server, f"{home}/pods/p")["Status"] == "Evicted"


def test_a_job(server: Server, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    uid = server.post(path, job("j", container("a"), container("b"))).body["metadata"]["uid"]
    eventually(lambda: row(server, f"{path}/j")["Duration"])
    shown = row(server, f"{path}/j")

    assert (shown["Status"], shown["Completions"]) == ("Running", "0/1")
    assert re.fullmatch(r"\d+s", shown["Duration"])
    assert (shown["Containers"], shown["Images"]) == ("a,b", ",".join(["example.com/none:v1"] * 2))
    assert shown["Selector"] == f"batch.kubernetes.io/controller-uid={uid}"


def test_an_event(server: Server, home: str, namespace: str) -> None:
    about = {"kind": "Pod", "name": "p", "namespace": namespace, "fieldPath": "spec.x"}
    event = {
        "metadata": {"name": "e"},
        "involvedObject": about,
        "reason": "Odd",
        "message": "it was odd\n",
        "type": "Warning",
        "count": 3,
        "firstTimestamp": "2020-01-01T00:00:00Z",
        "lastTimestamp": "2020-01-01T00:00:00Z",
        "source": {"component": "who", "host": "where"},
    }
    assert server.post(f"{home}/events", event).status == 201
    shown = row(server, f"{home}/events/e")

    assert (shown["Type"], shown["Reason"], shown["Object"]) == ("Warning", "Odd", "pod/p")
    assert (shown["Message"], shown["Count"], shown["Subobject"]) == ("it was odd", 3, "spec.x")
    assert shown["Source"] == "who, where"
    assert re.fullmatch(r"\dy\d+d", shown["Last Seen"])


def test_a_binding(server: Server, namespace: str, grant: Any) -> None:
    grant({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/granted"
    shown = row(server, path)

    assert (shown["Role"], shown["ServiceAccounts"]) == ("Role/granted", f"{namespace}/default")


def test_metadata_only_of_one_object(server: Server, home: str) -> None:
    created = server.post(f"{home}/configmaps", config_map(a="1")).body
    body = server.call("GET", f"{home}/configmaps/cm", headers={"Accept": METADATA}).body

    assert body == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": created["metadata"],
    }


@pytest.mark.parametrize(
    "accept", [TABLE.replace("v=v1", "v=v9"), TABLE.replace("Table", "Other"), "text/html"]
)
def test_refuses_forms_that_it_does_not_have(server: Server, home: str, accept: str) -> None:
    reply = server.call("GET", f"{home}/configmaps", headers={"Accept": accept})

    assert (reply.status, reply.body["reason"]) == (406, "NotAcceptable")


def test_takes_the_first_form_that_it_has(server: Server, home: str) -> None:
    accept = f"{TABLE.replace('v=v1', 'v=v9')},application/json"
    reply = server.call("GET", f"{home}/configmaps", headers={"Accept": accept})

    assert reply.body["kind"] == "ConfigMapList"

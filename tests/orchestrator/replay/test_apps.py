"""Deployments, ReplicaSets and DaemonSets that are created here."""

from typing import Any

import pytest

from orchestrator.replay import Outcome, PodMatch, PodOutcome, ReplayCluster
from tests.contract.conftest import eventually
from tests.contract.http import MERGE, Json, Server
from tests.fakes.objects import gpu_node, node, put
from tests.orchestrator.replay.conftest import Serve

APPS = "/apis/apps/v1/namespaces/default"
PODS = "/api/v1/namespaces/default/pods"
POD: Json = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "c", "image": "server:1"}]},
}
WORKLOAD: Json = {
    "metadata": {"name": "x"},
    "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": POD},
}
TAINT = {"key": "gpu", "effect": "NoSchedule"}
NODES = [node("node-1"), put(gpu_node("node-2"), "spec.taints", [TAINT])]


@pytest.fixture
def cluster() -> ReplayCluster:
    runs = PodOutcome(match=PodMatch(image="server"), outcome=Outcome())
    return ReplayCluster(NODES, outcomes=[runs])


@pytest.fixture
def server(cluster: ReplayCluster, serve: Serve) -> Server:
    return serve(cluster)


def ready(server: Server, plural: str, **counts: int) -> Json:
    """Wait until the status of a workload says so."""

    def look() -> Any:
        found = server.get(f"{APPS}/{plural}/x").body
        status = found.get("status") or {}
        return found if all(status.get(k, 0) == v for k, v in counts.items()) else None

    return dict(eventually(look))


def told(server: Server, kind: str) -> set[tuple[str, str]]:
    events = server.get("/api/v1/namespaces/default/events").items
    return {(e["reason"], e["message"]) for e in events if e["involvedObject"]["kind"] == kind}


def test_a_deployment_makes_a_set_and_the_set_makes_pods(server: Server) -> None:
    server.post(f"{APPS}/deployments", put(WORKLOAD, "spec.replicas", 2))
    found = ready(server, "deployments", availableReplicas=2, updatedReplicas=2)
    owner = server.get(f"{APPS}/replicasets").items[0]
    pod = server.get(PODS).items[0]

    assert {c["type"]: c["reason"] for c in found["status"]["conditions"]} == {
        "Available": "MinimumReplicasAvailable",
        "Progressing": "NewReplicaSetAvailable",
    }
    assert found["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    assert owner["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]
    assert pod["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    label = owner["metadata"]["labels"]["pod-template-hash"]
    assert pod["metadata"]["labels"] == {"app": "x", "pod-template-hash": label}
    assert pod["metadata"]["name"].startswith(f"x-{label}-")
    words = f"Scaled up replica set x-{label} from 0 to 2"
    assert told(server, "Deployment") == {("ScalingReplicaSet", words)}


def test_a_deployment_that_is_scaled_down_loses_pods(server: Server) -> None:
    server.post(f"{APPS}/deployments", put(WORKLOAD, "spec.replicas", 3))
    ready(server, "deployments", availableReplicas=3)
    server.call("PATCH", f"{APPS}/deployments/x", {"spec": {"replicas": 1}}, media=MERGE)
    ready(server, "deployments", availableReplicas=1, replicas=1)

    eventually(lambda: len(server.get(PODS).items) == 1)


def test_another_template_replaces_the_pods(server: Server) -> None:
    server.post(f"{APPS}/deployments", WORKLOAD)
    ready(server, "deployments", availableReplicas=1)
    change = {"spec": {"template": {"metadata": {"labels": {"app": "x", "new": "y"}}}}}
    server.call("PATCH", f"{APPS}/deployments/x", change, media=MERGE)
    eventually(
        lambda: [pod["metadata"]["labels"].get("new") for pod in server.get(PODS).items] == ["y"]
    )
    found = ready(server, "deployments", availableReplicas=1, replicas=1)

    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert len(server.get(f"{APPS}/replicasets").items) == 2


def test_a_pod_that_is_deleted_is_replaced(server: Server) -> None:
    server.post(f"{APPS}/replicasets", WORKLOAD)
    ready(server, "replicasets", readyReplicas=1)
    name = server.get(PODS).items[0]["metadata"]["name"]
    server.call("DELETE", f"{PODS}/{name}")

    eventually(
        lambda: [pod["metadata"]["name"] for pod in server.get(PODS).items] not in ([], [name])
    )


def test_pods_go_with_their_deployment(server: Server) -> None:
    server.post(f"{APPS}/deployments", WORKLOAD)
    ready(server, "deployments", availableReplicas=1)
    server.call("DELETE", f"{APPS}/deployments/x")

    eventually(lambda: server.get(PODS).items == [])
    assert server.get(f"{APPS}/replicasets").items == []


def test_a_rollout_that_takes_too_long_says_so(server: Server) -> None:
    body = put(WORKLOAD, "spec.progressDeadlineSeconds", 1)
    server.post(
        f"{APPS}/deployments", put(body, "spec.template.spec.nodeSelector", {"no": "where"})
    )

    def reasons() -> Any:
        conditions = server.get(f"{APPS}/deployments/x").body["status"].get("conditions") or []
        found = {c["reason"] for c in conditions}
        return found if "ProgressDeadlineExceeded" in found else None

    assert eventually(reasons) == {"ProgressDeadlineExceeded", "MinimumReplicasUnavailable"}


def test_a_daemon_set_runs_on_the_nodes_that_it_tolerates(server: Server) -> None:
    server.post(f"{APPS}/daemonsets", WORKLOAD)
    ready(server, "daemonsets", numberReady=1, desiredNumberScheduled=1)
    pod = server.get(PODS).items[0]

    assert pod["spec"]["nodeName"] == "node-1"
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet"
    assert {t["key"] for t in pod["spec"]["tolerations"]} >= {
        "node.kubernetes.io/unschedulable",
        "node.kubernetes.io/memory-pressure",
    }


def test_a_daemon_set_follows_the_nodes(cluster: ReplayCluster, server: Server) -> None:
    body = put(WORKLOAD, "spec.template.spec.tolerations", [{"operator": "Exists"}])
    server.post(f"{APPS}/daemonsets", body)
    ready(server, "daemonsets", numberReady=2)
    cluster.add(node("node-3"))
    ready(server, "daemonsets", numberReady=3)
    server.call("DELETE", "/api/v1/nodes/node-3")

    ready(server, "daemonsets", desiredNumberScheduled=2, numberReady=2)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "template.metadata.labels",
            {"app": "other"},
            (
                'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does '
                "not match template `labels`"
            ),
        ),
        (
            "template.spec.restartPolicy",
            "Never",
            (
                'spec.template.spec.restartPolicy: Unsupported value: "Never": supported '
                'values: "Always"'
            ),
        ),
    ],
)
def test_a_workload_that_makes_no_sense_is_refused(
    server: Server, field: str, value: Any, message: str
) -> None:
    reply = server.post(f"{APPS}/deployments", put(WORKLOAD, f"spec.{field}", value))

    assert (reply.status, reply.message) == (422, f'Deployment.apps "x" is invalid: {message}')

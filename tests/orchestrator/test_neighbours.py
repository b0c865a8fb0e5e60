from orchestrator.events import Notice
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from tests.orchestrator.engine import Engine, entry, node, script

NEAR = {"componentRef": "prom", "podLabelSelector": {"app": "prometheus", "tier": "db"}}
RECIPE = {"componentRefs": [{"name": "prom", "namespace": "monitoring"}]}


def pod(**labels: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "monitoring", "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "x"}], "nodeName": "node-1"},
        "status": {"phase": "Running"},
    }


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}


def warnings(*objects: dict[str, object], fault: Fault | None = None) -> list[str]:
    cluster = ReplayCluster(
        objects=[node(), NAMESPACE, *objects], outcomes=[script("alpha")], images={}
    )
    if fault:
        cluster.faults.append(fault)
    found = Engine(
        [entry("alpha", dependencyAffinity=[NEAR])], recipe=RECIPE, cluster=cluster
    ).run()
    assert found.outcome("alpha").status is Status.PASSED
    return [notice.text for notice in found.told(Notice) if notice.level == "warning"]


def test_neighbours_that_are_there_are_not_told() -> None:
    assert warnings(pod(app="prometheus", tier="db")) == []


def test_missing_neighbours_are_told_and_stop_nothing() -> None:
    wanted = "alpha: it is to run near pods app=prometheus,tier=db in monitoring, but there is none"

    assert warnings(pod(app="prometheus")) == [wanted]


def test_neighbours_that_cannot_be_looked_for_are_told_and_stop_nothing() -> None:
    fault = Fault(verb="list", resource="pods", status=403, times=1, namespace="monitoring")

    [said] = warnings(fault=fault)

    assert "which cannot be looked for: " in said

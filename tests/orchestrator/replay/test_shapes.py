"""Recorded objects of a wrong shape: one line each, and nothing that hangs."""

from typing import Any

import pytest

from helper.kinds import PODS
from orchestrator.replay import ReplayCluster, ReplayError
from tests.contract.conftest import eventually
from tests.fakes.objects import node, pod, put, resource_slice
from tests.orchestrator.replay.conftest import IMAGE, Bench, Serve

NODE = node("gpu-1")
TERM = {"matchExpressions": [{"key": "zone"}]}
AFFINITY = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [TERM]}}


@pytest.mark.parametrize(
    ("obj", "line"),
    [
        (put(NODE, "status.allocatable", []), "Node gpu-1: status.allocatable: is a list, want a "),
        (
            put(NODE, "status.allocatable.cpu", "many"),
            "status.allocatable.cpu: is 'many', want a q",
        ),
        (put(NODE, "metadata.labels", 7), "Node gpu-1: metadata.labels: is a number (7), want a m"),
        (put(NODE, "metadata.labels", {"a": True}), "metadata.labels.a: is true or false (True), "),
        (put(NODE, "metadata.labels", {1: "a"}), "metadata.labels: the key 1: is a number (1)"),
        (put(NODE, "spec.taints", {}), "Node gpu-1: spec.taints: is a map, want a list"),
        (put(NODE, "spec.taints", ["x"]), "Node gpu-1: spec.taints[0]: is text ('x'), want a map"),
        (put(NODE, "spec.unschedulable", "yes"), "is text ('yes'), want true or false"),
        (put(NODE, "status.conditions", [{"type": "Ready"}]), "conditions[0].status: missing"),
        (put(NODE, "metadata", []), "Node: metadata: is a list, want a map"),
        (put(pod("p", "ns"), "spec.containers", [{}]), "Pod p: spec.containers[0].name: missing"),
        (
            put(pod("p", "ns"), "spec.affinity", {"nodeAffinity": AFFINITY}),
            "matchExpressions[0].operator: missing",
        ),
        (put(resource_slice("n"), "spec.pool", {}), "spec.pool.name: missing"),
    ],
)
def test_are_refused_when_they_are_loaded(obj: dict[str, Any], line: str) -> None:
    with pytest.raises(ReplayError) as caught:
        ReplayCluster([obj])

    assert line in str(caught.value)
    assert str(caught.value).startswith("objects[0]: ")


def test_what_may_be_left_out_is_filled_in(serve: Serve) -> None:
    bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}}
    cluster = ReplayCluster([node("node-1"), bare], images={IMAGE: ["python"]})
    bench = Bench(cluster, serve(cluster))
    bench.server.call("DELETE", f"{bench.home}/pods/bare")
    bench.start("pass")

    assert "Complete" in bench.await_end()


def test_a_controller_that_fails_is_told_at_once() -> None:
    told: list[str] = []
    cluster = ReplayCluster([NODE])
    with cluster.serve(on_failure=told.append):
        metadata = {"name": "p", "namespace": "default"}
        cluster.store.insert(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        eventually(lambda: told)

    assert told[0].startswith("a controller of the replay cluster failed: KeyError")

from typing import Any

import pytest

from helper.daemon_sets import daemon_set
from helper.nodes import Node, parse_node
from helper.pod_states import PodState, parse_pod
from tests.fakes import objects as kube

Json = dict[str, Any]

WANTED = 4
DAEMON_SET = kube.daemon_set("plugin", "ns", WANTED)
NODES = [parse_node(kube.gpu_node(f"gpu-{index}")) for index in range(1, WANTED + 1)]
DEAD = parse_node(kube.not_ready(kube.gpu_node("gpu-4")))
CORDONED = parse_node(kube.cordoned(kube.gpu_node("gpu-4")))
FAKE = parse_node(kube.fake(kube.gpu_node("gpu-4")))
ONE_MISSING = kube.missing_pods(DAEMON_SET)
ON_DELETE = kube.put(DAEMON_SET, "spec.updateStrategy", {"type": "OnDelete"})


@pytest.mark.parametrize(
    ("obj", "nodes", "ready", "left_out"),
    [
        pytest.param(DAEMON_SET, NODES, True, set(), id="healthy"),
        pytest.param(ONE_MISSING, NODES, False, set(), id="pod-missing"),
        pytest.param(ONE_MISSING, [*NODES[:3], DEAD], True, {"gpu-4"}, id="node-dead"),
        pytest.param(ONE_MISSING, [*NODES[:3], CORDONED], True, {"gpu-4"}, id="node-cordoned"),
        pytest.param(ONE_MISSING, [*NODES[:3], FAKE], True, {"gpu-4"}, id="node-fake"),
        pytest.param(
            kube.missing_pods(DAEMON_SET, 2),
            [*NODES[:3], DEAD],
            False,
            {"gpu-4"},
            id="more-missing",
        ),
        pytest.param(DAEMON_SET, [*NODES[:3], CORDONED], True, {"gpu-4"}, id="cordoned-but-ready"),
        pytest.param(
            kube.put(DAEMON_SET, "status.updatedNumberScheduled", 1),
            NODES,
            False,
            set(),
            id="rollout",
        ),
        pytest.param(
            kube.put(ON_DELETE, "status.updatedNumberScheduled", 0),
            NODES,
            True,
            set(),
            id="on-delete",
        ),
        pytest.param(
            kube.put(DAEMON_SET, "metadata.generation", 2),
            NODES,
            False,
            set(),
            id="controller-behind",
        ),
        pytest.param(kube.drop(DAEMON_SET, "status"), NODES, False, set(), id="no-status"),
    ],
)
def test_a_daemon_set_is_judged_on_the_nodes_that_can_be(
    obj: Json, nodes: list[Node], ready: bool, left_out: set[str]
) -> None:
    health = daemon_set(obj, nodes)

    assert (health.ready, set(health.left_out)) == (ready, left_out)


def test_one_dead_node_of_500_fails_no_daemon_set() -> None:
    nodes = [parse_node(kube.gpu_node(f"gpu-{index}")) for index in range(499)]
    health = daemon_set(kube.missing_pods(kube.daemon_set("d", "ns", 500)), [*nodes, DEAD])

    assert health.ready
    assert health.observed == "499 of 500 pods ready"
    assert health.left_out == {"gpu-4": "NotReady: NodeStatusUnknown"}


def test_a_daemon_set_that_no_node_matches_proves_nothing() -> None:
    health = daemon_set(kube.daemon_set("d", "ns", 0), NODES)

    assert (health.ready, health.is_empty) == (True, True)


def pods(**changed: Json) -> list[PodState]:
    """A pod on each node; None removes one."""
    objects = {f"gpu_{index}": kube.pod(f"p{index}", "ns", f"gpu-{index}") for index in range(1, 5)}
    return [parse_pod(obj) for obj in {**objects, **changed}.values() if obj]


BAD = kube.waiting(kube.pod("p1", "ns", "gpu-1"))
PENDING = kube.put(kube.drop(BAD, "spec.nodeName"), "status", {"phase": "Pending"})


@pytest.mark.parametrize(
    ("pod_states", "nodes", "observed"),
    [
        pytest.param(
            pods(gpu_1=BAD),
            NODES,
            "3 of 4 pods ready; p1 on gpu-1: container main: CrashLoopBackOff: "
            "CrashLoopBackOff of main",
            id="crash-loop",
        ),
        pytest.param(
            pods(gpu_1=BAD),
            [*NODES[:3], CORDONED],
            "2 of 3 pods ready; p1 on gpu-1: container main: CrashLoopBackOff: "
            "CrashLoopBackOff of main",
            id="crash-loop-beside-a-cordoned-node",
        ),
        pytest.param(
            pods(gpu_1=PENDING),
            NODES,
            "3 of 4 pods ready; p1: phase Pending without a status from kubelet",
            id="unscheduled",
        ),
        pytest.param(
            pods(gpu_1={}), NODES, "3 of 4 pods ready; nodes without a pod: 1", id="no-pod"
        ),
        pytest.param(
            pods(gpu_1=kube.leaving(kube.pod("p1", "ns", "gpu-1"))),
            NODES,
            f"3 of 4 pods ready; p1 on gpu-1: being deleted since {kube.TIME}",
            id="being-replaced",
        ),
        pytest.param(
            pods(gpu_1=kube.put(BAD, "status.phase", "Failed")),
            NODES,
            "3 of 4 pods ready; p1 on gpu-1: Failed",
            id="evicted",
        ),
    ],
)
def test_pods_tell_what_a_daemon_set_misses(
    pod_states: list[PodState], nodes: list[Node], observed: str
) -> None:
    health = daemon_set(ONE_MISSING, nodes, pod_states)

    assert (health.ready, health.observed) == (False, observed)


@pytest.mark.parametrize(
    ("pod_states", "nodes", "left_out"),
    [
        pytest.param(
            pods(gpu_4=kube.unready(kube.pod("p4", "ns", "gpu-4"))),
            [*NODES[:3], DEAD],
            {"gpu-4": "NotReady: NodeStatusUnknown"},
            id="dead-node",
        ),
        pytest.param(
            pods(gpu_4={}), [*NODES[:3], DEAD], {"gpu-4": DEAD.left_out}, id="dead-node-without-pod"
        ),
        pytest.param(
            pods(gpu_4=kube.unready(kube.pod("p4", "ns", "gpu-4"))),
            NODES[:3],
            {"gpu-4": "node is gone"},
            id="node-gone",
        ),
        pytest.param(
            pods(old=kube.leaving(kube.pod("old", "ns", "gpu-1"))), NODES, {}, id="replaced-already"
        ),
    ],
)
def test_pods_that_cannot_be_judged_do_not_count_against_a_daemon_set(
    pod_states: list[PodState], nodes: list[Node], left_out: dict[str, str]
) -> None:
    health = daemon_set(ONE_MISSING, nodes, pod_states)

    assert (health.ready, health.left_out) == (True, left_out)


def test_pods_of_other_owners_do_not_count() -> None:
    stranger = kube.put(
        BAD, "metadata.ownerReferences", [{"kind": "Job", "name": "j", "controller": True}]
    )
    finished = kube.put(kube.unready(BAD), "status.phase", "Succeeded")
    dead = [*NODES[:3], DEAD]

    health = daemon_set(
        ONE_MISSING, dead, [*pods(gpu_4={}), parse_pod(stranger), parse_pod(finished)]
    )

    assert health.ready


NOW = 1_767_225_600.0  # kube.TIME
JUST_NOW = "2025-12-31T23:58:00Z"
STARTING = kube.put(
    kube.unready(kube.pod("p1", "ns", "gpu-1")), "metadata.creationTimestamp", JUST_NOW
)


@pytest.mark.parametrize(
    ("obj", "pod_states", "may_settle"),
    [
        pytest.param(ONE_MISSING, pods(gpu_1=STARTING), True, id="pod-starting"),
        pytest.param(ONE_MISSING, pods(gpu_1=kube.unready(STARTING)), True, id="unready-and-young"),
        pytest.param(
            ONE_MISSING, pods(gpu_1=kube.waiting(STARTING)), False, id="young-but-crashing"
        ),
        pytest.param(
            ONE_MISSING,
            pods(gpu_1=STARTING, gpu_2=kube.waiting(BAD)),
            False,
            id="one-of-two-crashing",
        ),
        pytest.param(
            ONE_MISSING, pods(gpu_1=kube.unready(kube.pod("p1", "ns", "gpu-1"))), False, id="old"
        ),
        pytest.param(ONE_MISSING, pods(gpu_1={}), True, id="pod-still-to-come"),
        pytest.param(ONE_MISSING, None, False, id="without-pods-nothing-says-so"),
        pytest.param(
            kube.put(ONE_MISSING, "metadata.creationTimestamp", JUST_NOW), None, True, id="new-set"
        ),
        pytest.param(
            kube.put(DAEMON_SET, "status.updatedNumberScheduled", 1), None, True, id="rollout"
        ),
    ],
)
def test_only_a_daemon_set_on_its_way_may_settle(
    obj: Json, pod_states: list[PodState] | None, may_settle: bool
) -> None:
    health = daemon_set(obj, NODES, pod_states, NOW)

    assert (health.ready, health.may_settle) == (False, may_settle)


def test_a_pod_that_will_not_settle_is_named_first() -> None:
    states = pods(gpu_1=STARTING, gpu_2=kube.waiting(kube.pod("p2", "ns", "gpu-2")))

    assert (
        "p2 on gpu-2: container main: CrashLoop"
        in daemon_set(ONE_MISSING, NODES, states, NOW).observed
    )

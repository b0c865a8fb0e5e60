from datetime import UTC, datetime
from typing import Any

import pytest

from helper.models import ComponentRef
from helper.nodes import parse_node
from orchestrator import motion
from orchestrator.convergence import Unsettled
from tests.fakes import objects
from tests.fakes.objects import condition, put

Json = dict[str, Any]

OLD, YOUNG = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
IDLE = objects.gpu_node("n", 0)
NOW = datetime(2026, 1, 2, 0, 1, tzinfo=UTC).timestamp()


def since(obj: Json, stamp: str) -> Json:
    return put(obj, "metadata.creationTimestamp", stamp)


def unready_node(changed: str) -> Json:
    found = put(objects.node("n"), "status.conditions.0.status", "False")
    return put(found, "status.conditions.0.lastTransitionTime", changed)


@pytest.mark.parametrize(
    ("node", "moves"),
    [
        pytest.param(objects.node("n"), False, id="ready"),
        pytest.param(unready_node(YOUNG), True, id="not-ready-since-a-minute"),
        pytest.param(since(put(objects.node("n"), "status.conditions", []), YOUNG), True, id="new"),
        pytest.param(since(unready_node(OLD), OLD), False, id="not-ready-since-a-day"),
        pytest.param(objects.cordoned(objects.node("n")), False, id="cordoned"),
        pytest.param(objects.fake(unready_node(YOUNG)), False, id="simulated"),
    ],
)
def test_only_a_node_that_may_soon_be_ready_is_waited_for(node: Json, moves: bool) -> None:
    found = motion.of_node(node, NOW)

    assert bool(found) is moves
    assert found is None or found.moves


@pytest.mark.parametrize(
    ("node", "slices", "said"),
    [
        pytest.param(objects.gpu_node("n"), frozenset(), [], id="all-offered"),
        pytest.param(
            objects.gpu_node("n", 0), frozenset(), ["has GPUs and offers none"], id="none"
        ),
        pytest.param(IDLE, frozenset({"n"}), [], id="by-a-dra-driver"),
        pytest.param(
            put(objects.gpu_node("n", 5), "status.capacity", {"nvidia.com/gpu": "8"}),
            frozenset(),
            ["offers 5 of 8 GPUs"],
            id="fewer",
        ),
        pytest.param(objects.cordoned(IDLE), frozenset(), [], id="cordoned"),
        pytest.param(objects.node("n"), frozenset(), [], id="no-gpus"),
    ],
)
def test_gpu_nodes_offer_what_they_have(
    node: Json, slices: frozenset[str], said: list[str]
) -> None:
    found = list(motion.of_gpus([parse_node(node)], slices))

    assert [item.observed for item in found] == said
    assert not any(item.moves for item in found)


def rolling(available: int = 1, stamp: str = OLD, **progress: str) -> Json:
    found = since(objects.deployment("d", "home", 2), stamp)
    found = put(found, "status.availableReplicas", available)
    return put(found, "status.conditions.1", condition("Progressing", **progress))


def pod_of(name: str, stamp: str, *, stuck: bool = False) -> Json:
    found = since(objects.pod("p", "home", "n", app=name), stamp)
    return objects.waiting(found) if stuck else objects.unready(found)


DAEMONS = objects.missing_pods(since(objects.daemon_set("s", "home", 1), OLD))
NEW_REVISION = put(DAEMONS, "status.updatedNumberScheduled", 0)


@pytest.mark.parametrize(
    ("obj", "pods", "moves"),
    [
        pytest.param(rolling(reason="ReplicaSetUpdated"), [], True, id="a-rollout"),
        pytest.param(rolling(stamp=YOUNG), [], True, id="just-made"),
        pytest.param(rolling(), [pod_of("d", YOUNG)], True, id="a-pod-that-just-started"),
        pytest.param(rolling(), [pod_of("d", OLD)], False, id="a-pod-that-never-got-ready"),
        pytest.param(rolling(), [pod_of("other", YOUNG)], False, id="pods-of-others"),
        pytest.param(
            rolling(reason="ReplicaSetUpdated"),
            [pod_of("d", YOUNG), pod_of("d", YOUNG, stuck=True)],
            False,
            id="a-pod-that-crashes",
        ),
        pytest.param(
            rolling(status="False", reason="ProgressDeadlineExceeded"), [], False, id="stalled"
        ),
        pytest.param(
            put(rolling(available=2), "metadata.generation", 2), [], True, id="not-observed"
        ),
        pytest.param(
            put(rolling(available=2), "metadata.deletionTimestamp", YOUNG), [], False, id="ending"
        ),
        pytest.param(DAEMONS, [pod_of("s", YOUNG)], True, id="a-node-that-joined"),
        pytest.param(DAEMONS, [pod_of("s", OLD, stuck=True)], False, id="a-daemon-that-crashes"),
        pytest.param(DAEMONS, [], False, id="a-daemon-that-is-not-made"),
        pytest.param(NEW_REVISION, [], True, id="a-new-revision-of-daemons"),
        pytest.param(
            put(since(objects.stateful_set("t", "home"), YOUNG), "status.readyReplicas", 0),
            [],
            True,
            id="a-young-set",
        ),
    ],
)
def test_tells_what_is_on_its_way_from_what_is_not(
    obj: Json, pods: list[Json], moves: bool
) -> None:
    found = motion.of_workload(obj, [parse_node(objects.node("n"))], pods, NOW)

    assert found is not None
    assert found.moves is moves
    assert found.subject.startswith(f"{obj['kind']} home/")


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(objects.deployment("d", "home"), id="available"),
        pytest.param(put(rolling(0), "spec.replicas", 0), id="scaled-to-nothing"),
        pytest.param(objects.daemon_set("s", "home", 0), id="no-node-for-it"),
        pytest.param(objects.stateful_set("t", "home"), id="ready"),
    ],
)
def test_what_has_settled_is_not_named(obj: Json) -> None:
    assert motion.of_workload(obj, [parse_node(objects.node("n"))], [], NOW) is None


def test_a_daemon_set_is_not_waited_for_on_a_dead_node() -> None:
    dead = parse_node(objects.not_ready(objects.node("n")))

    assert motion.of_workload(DAEMONS, [dead], [pod_of("s", OLD)], NOW) is None


def test_what_stands_in_the_way_is_told_of_the_worst_pod() -> None:
    pods = [pod_of("d", YOUNG), put(pod_of("d", OLD, stuck=True), "metadata.name", "bad")]

    found = motion.of_workload(rolling(), [], pods, NOW)

    assert isinstance(found, Unsettled)
    assert str(found) == (
        "Deployment home/d: 1 of 2 replicas available; "
        "bad: container main: CrashLoopBackOff: CrashLoopBackOff of main"
    )


def test_expected_workloads_that_do_not_exist_are_missing_where_one_looked() -> None:
    resources = [
        {"kind": "Deployment", "name": "d"},
        {"kind": "DaemonSet", "name": "s", "namespace": "away"},
        {"kind": "Service", "name": "x"},
    ]
    enabled = {"name": "a", "namespace": "home", "expectedResources": resources}
    off = {"name": "b", "namespace": "off", "overrides": {"enabled": False}}
    components = [ComponentRef.model_validate(item) for item in (enabled, off)]

    assert motion.namespaces(components) == ["away", "home"]
    looked_at = [("Deployment", "home"), ("DaemonSet", "away")]
    there = [objects.deployment("d", "home")]
    assert motion.absent(components, looked_at, there) == [("DaemonSet", "away", "s")]
    assert motion.absent(components, looked_at[:1], there) == []

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from helper.errors import Forbidden
from helper.kube import Kube
from helper.models import ComponentRef
from orchestrator.convergence import Convergence, Unsettled
from orchestrator.converging import GRACE_S, Looks, converge
from orchestrator.events import ClusterSettled, ClusterSettling, Event
from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.stop import Stop
from tests.fakes import objects
from tests.fakes.clock import FakeClock
from tests.fakes.objects import put
from tests.orchestrator.engine import served

Json = dict[str, Any]

MOVES = Unsettled("Deployment a/b", "1 of 2 replicas available", moves=True)
STUCK = Unsettled("DaemonSet a/c", "0 of 2 pods ready", moves=False)


def wait(
    *looks: Sequence[Unsettled], budget_s: float = 600.0, stop: Stop | None = None
) -> tuple[Convergence, list[Event], FakeClock]:
    """Wait with these looks, the last of which stays."""
    clock, events, left = FakeClock(), list[Event](), list(looks)
    found = converge(
        lambda: left.pop(0) if len(left) > 1 else left[0],
        budget_s,
        stop or Stop(),
        events.append,
        clock=clock,
        pause=clock.sleep,
    )
    return found, events, clock


def test_a_settled_cluster_is_not_waited_for() -> None:
    found, events, clock = wait([])

    assert found.converged
    assert clock.slept == []
    assert events == [ClusterSettled(found)]


def test_what_moves_is_waited_for_and_told_when_it_changes() -> None:
    found, events, clock = wait([MOVES], [MOVES], [MOVES, STUCK], [])

    assert found.converged
    assert clock.slept == sorted(clock.slept)
    assert [event.waits_for for event in events if isinstance(event, ClusterSettling)] == [
        (str(MOVES),),
        (str(MOVES), str(STUCK)),
    ]


def test_what_moves_for_ever_is_waited_for_as_long_as_the_budget_is() -> None:
    found, events, _ = wait([MOVES, STUCK], budget_s=600.0)

    assert not found.converged
    assert found.waited_s == pytest.approx(600)
    assert (found.moving, found.stuck) == ([str(MOVES)], [str(STUCK)])
    assert "still moving: Deployment a/b" in found.words
    told = [event.left_s for event in events if isinstance(event, ClusterSettling)]
    assert 10 < len(told) < 30  # now and then, not with each look


def test_what_shows_no_sign_of_settling_takes_no_more_than_its_grace() -> None:
    found, _, _ = wait([STUCK], budget_s=600.0)

    assert found.waited_s == pytest.approx(GRACE_S)
    assert found.stuck == [str(STUCK)]
    assert "no sign of settling: DaemonSet a/c" in found.words


def test_the_grace_begins_when_the_last_one_that_moved_has_settled() -> None:
    found, _, _ = wait([MOVES, STUCK], [MOVES, STUCK], [STUCK], [STUCK], budget_s=600.0)

    assert GRACE_S < found.waited_s < GRACE_S + 20


def test_a_stop_ends_the_wait_at_once() -> None:
    stop = Stop()
    stop.request(Exit.INTERRUPTED, "SIGINT received")

    found, events, clock = wait([MOVES], stop=stop)

    assert clock.slept == []
    assert found.words == "the cluster was waited for only 0s: SIGINT received"
    assert isinstance(events[-1], ClusterSettled)


def test_who_may_not_look_is_told_and_the_wait_is_over(cluster: ReplayCluster, kube: Kube) -> None:
    cluster.faults.append(Fault(verb="list", resource="deployments", status=403, message="no"))
    events: list[Event] = []

    with pytest.raises(Forbidden):
        converge(looks_at(kube).look, 600.0, Stop(), events.append)

    (event,) = events
    assert isinstance(event, ClusterSettled)
    assert "list deployments.apps in home: 403" in event.convergence.words


def test_the_record_says_what_had_not_settled() -> None:
    found = Convergence(12.34, 600.0, (MOVES, STUCK)).record()

    assert found["converged"] is False
    assert (found["waitedSeconds"], found["budgetSeconds"]) == (12.3, 600.0)
    assert (found["moving"], found["stuck"]) == ([str(MOVES)], [str(STUCK)])


READY = objects.deployment("d", "home")
LACKING = put(READY, "status.availableReplicas", 0)


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster(objects=[objects.node("n"), objects.namespace("home")])


@pytest.fixture
def kube(cluster: ReplayCluster) -> Iterator[Kube]:
    with served(cluster) as kube:
        yield kube


def looks_at(kube: Kube, *expected: Json) -> Looks:
    given = {"name": "a", "namespace": "home", "expectedResources": list(expected)}
    return Looks(kube, [ComponentRef.model_validate(given)])


def asked(cluster: ReplayCluster) -> list[str]:
    """The collections that were listed since the last time."""
    paths = [r.path.rpartition("/")[2] for r in cluster.requests if r.method == "GET"]
    cluster.requests.clear()
    return sorted(paths)


def test_a_look_at_what_has_settled_costs_one_list_a_kind(
    cluster: ReplayCluster, kube: Kube
) -> None:
    cluster.add(READY)

    assert looks_at(kube).look() == []
    assert asked(cluster) == ["daemonsets", "deployments", "nodes", "statefulsets"]


def test_only_what_had_not_settled_is_asked_for_again(cluster: ReplayCluster, kube: Kube) -> None:
    cluster.add(LACKING)
    looks = looks_at(kube)

    assert [item.subject for item in looks.look()] == ["Deployment home/d"]
    asked(cluster)
    assert [item.subject for item in looks.look()] == ["Deployment home/d"]
    assert asked(cluster) == ["deployments", "nodes", "pods"]


def test_all_is_looked_at_again_before_it_has_settled(cluster: ReplayCluster, kube: Kube) -> None:
    cluster.add(LACKING)
    looks = looks_at(kube)
    looks.look()
    cluster.remove(LACKING)
    cluster.add(READY)
    cluster.add(objects.missing_pods(objects.daemon_set("made-meanwhile", "home")))

    assert [item.subject for item in looks.look()] == ["DaemonSet home/made-meanwhile"]


def test_a_workload_that_the_recipe_expects_is_waited_for(
    cluster: ReplayCluster, kube: Kube
) -> None:
    looks = looks_at(kube, {"kind": "Deployment", "name": "d"})

    assert looks.look() == [Unsettled("Deployment home/d", "not there", moves=False)]
    cluster.add(READY)
    assert looks.look() == []


def test_slices_are_asked_for_only_where_a_gpu_node_offers_nothing(
    cluster: ReplayCluster, kube: Kube
) -> None:
    cluster.add(objects.gpu_node("gpu-1", 0))
    looks = looks_at(kube)

    assert [str(item) for item in looks.look()] == ["node gpu-1: has GPUs and offers none"]
    assert "resourceslices" in asked(cluster)
    cluster.add(objects.resource_slice("gpu-1"))
    assert looks.look() == []


def test_an_api_server_without_an_answer_has_not_settled_either(
    cluster: ReplayCluster, kube: Kube
) -> None:
    cluster.faults.append(Fault(verb="list", resource="nodes", status=503))

    (found,) = looks_at(kube).look()

    assert found.moves
    assert str(found).startswith("the API server: list nodes: 503")

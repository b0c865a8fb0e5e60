import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from helper.kinds import PODS
from orchestrator.manifests import RunContext
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.sightings import Sightings
from orchestrator.stop import Stop
from orchestrator.verdict import PATIENCE_S, Ending
from orchestrator.waiting import PODLESS_S, Waiting
from orchestrator.workspace import Workspace
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry, node, served

PLANNED = Engine([entry("alpha")]).plan().checks[0]
LABELS = {"aicr.run/run-id": RUN_ID, "batch.kubernetes.io/job-name": PLANNED.object_name}
Json = dict[str, Any]
NO_ANSWER = 501  # counts as none, and is not asked for again
PASSED = {
    "terminated": {
        "exitCode": 0,
        "containerID": "containerd://1",
        "startedAt": "2026-01-02T03:04:05Z",
        "finishedAt": "2026-01-02T03:04:06Z",
    }
}


class Passing(threading.Condition):
    """A condition on which time passes at once when nobody else is to be waited for."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._passing = clock

    def wait(self, timeout: float | None = None) -> bool:
        changed = super().wait(0.05)
        if not changed and timeout:
            self._passing.sleep(min(timeout, 5.0))
        return changed


class Leaping(FakeClock):
    """Every look at it is an hour after the last one."""

    def now(self) -> float:
        self.sleep(3600.0)
        return super().now()


class Striking(FakeClock):
    """Something happens once, after a while."""

    def __init__(self, after_s: float, act: Callable[[], object]) -> None:
        super().__init__()
        self._due = [(self.seconds + after_s, act)]

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._due and self.seconds >= self._due[0][0]:
            self._due.pop()[1]()


@contextmanager
def waiting(
    cluster: ReplayCluster, clock: FakeClock | None = None, others: Collection[str] = ()
) -> Iterator[Waiting]:
    clock, stop = clock or FakeClock(), Stop()
    changed = stop.changed = Passing(clock)
    with served(cluster) as kube:
        sightings = Sightings(kube, NAMESPACE, RUN_ID, changed, clock)
        sightings.start()
        try:
            yield Waiting(
                PLANNED,
                workspace=Workspace(kube, RunContext(RUN_ID, NAMESPACE, "v0")),
                sightings=sightings,
                stop=stop,
                others=lambda: others,
                patience_s=PATIENCE_S,
                clock=clock,
                progressed=lambda *_: None,
            )
        finally:
            sightings.stop()


def end_of(cluster: ReplayCluster, *, others: Collection[str] = ()) -> Ending:
    with waiting(cluster, others=others) as wait:
        return wait.until_end()


def terminating_pod(**state: Any) -> Json:
    meta = {
        "name": "alpha-xyz",
        "namespace": NAMESPACE,
        "labels": LABELS,
        "deletionTimestamp": "2026-01-02T03:04:05Z",
        "deletionGracePeriodSeconds": 30,
        "finalizers": ["batch.kubernetes.io/job-tracking"],
    }
    running = {"name": "validator", "image": "i", "imageID": "i", "state": {"running": {}}}
    return {
        "apiVersion": "v1",
        "kind": PODS.kind,
        "metadata": meta,
        "spec": {"nodeName": "node-1", "containers": [{"name": "validator", "image": "i"}]},
        "status": {"phase": "Running", "containerStatuses": [{**running, **state}]},
    }


def failed_job() -> Json:
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": PLANNED.object_name, "namespace": NAMESPACE, "labels": LABELS},
        "spec": {"template": {"spec": {"containers": []}}},
        "status": {"conditions": [condition]},
    }


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        pytest.param(
            [
                node(
                    conditions=[
                        {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
                    ]
                )
            ],
            "node node-1 is not ready (NodeStatusUnknown)",
            id="silent",
        ),
        pytest.param([], "node node-1 no longer exists", id="removed"),
    ],
)
def test_a_pod_that_never_ends_on_a_lost_node_ends_the_check(
    objects: list[Json], words: str
) -> None:
    found = end_of(ReplayCluster(objects=[*objects, terminating_pod()]))

    assert (found.status, found.raw_status) == (Status.OTHER, "NodeLost")
    assert found.message.startswith(words)
    assert found.extra["node"] == "node-1"


def test_a_server_that_is_away_says_nothing_about_a_node() -> None:
    cluster = ReplayCluster(objects=[terminating_pod()])
    away = Fault(verb="list", resource="nodes", status=NO_ANSWER, times=3)
    cluster.faults.append(away)

    found = end_of(cluster)

    assert away.hits == 3
    assert found.raw_status == "NodeLost"


def test_a_server_that_is_away_says_nothing_about_a_check_that_has_not_started() -> None:
    cluster = ReplayCluster(objects=[refusal()])
    away = Fault(verb="list", resource="events", status=NO_ANSWER, times=3)
    cluster.faults.append(away)

    found = end_of(cluster)

    assert away.hits == 3
    assert "exceeded quota" in found.message


def refusal() -> Json:
    """What the Job controller says of a pod that it may not make."""
    about = {"kind": "Job", "name": PLANNED.object_name, "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "refusal", "namespace": NAMESPACE},
        "involvedObject": about,
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }


def test_a_pod_that_ends_slowly_on_a_good_node_is_waited_for() -> None:
    found = end_of(ReplayCluster(objects=[node(), terminating_pod()]))

    assert found.raw_status == "OrchestratorDeadline"


def test_a_job_that_failed_without_a_pod_is_believed_after_a_moment() -> None:
    found = end_of(ReplayCluster(objects=[failed_job()]))

    assert (found.status, found.raw_status) == (Status.OTHER, "BackoffLimitExceeded")


def test_a_job_that_failed_while_nobody_watched_pods_is_not_believed_yet() -> None:
    cluster = ReplayCluster(objects=[failed_job()])
    outage = Fault(verb="watch", resource="pods", drop=True)
    cluster.faults.append(outage)

    def end_outage() -> None:
        cluster.add(terminating_pod(state=PASSED))
        cluster.faults.remove(outage)

    with waiting(cluster, Striking(5 * PODLESS_S, end_outage)) as wait:
        found = wait.until_end()

    assert found.status is Status.PASSED


def test_what_happened_while_this_program_was_stopped_is_looked_at_before_it_gives_up() -> None:
    cluster = ReplayCluster(objects=[node()])
    cluster.faults.append(Fault(verb="watch", status=None, delay_s=2.0))  # sees nothing for long

    with waiting(cluster, Leaping()) as wait:
        cluster.add(terminating_pod(state=PASSED))
        found = wait.until_end()

    assert found.status is Status.PASSED


def test_a_check_whose_end_nobody_can_look_for_is_waited_for() -> None:
    cluster = ReplayCluster(objects=[node()])
    cluster.faults.append(Fault(verb="watch", status=NO_ANSWER))
    away = Fault(verb="list", resource="pods", status=NO_ANSWER, times=5)

    with waiting(cluster, Leaping()) as wait:
        cluster.faults.append(away)
        cluster.add(terminating_pod(state=PASSED))
        found = wait.until_end()

    assert away.hits == 5
    assert found.status is Status.PASSED


def test_events_that_alone_cannot_be_read_cost_no_patience() -> None:
    cluster = ReplayCluster(objects=[pending_pod()])
    cluster.faults.append(Fault(verb="list", resource="events", status=NO_ANSWER))

    found = end_of(cluster)

    assert found.raw_status == "Unschedulable"


def pending_pod() -> Json:
    """A pod of the check that finds no room; nobody looks at it again."""
    refused = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }
    spec = {"containers": [{"name": "validator", "image": "i"}], "schedulerName": "nobody"}
    return {
        "apiVersion": "v1",
        "kind": PODS.kind,
        "metadata": {"name": "alpha-xyz", "namespace": NAMESPACE, "labels": LABELS},
        "spec": spec,
        "status": {"phase": "Pending", "conditions": [refused]},
    }


def pod_of(check: str, deleted: str = "") -> Json:
    """A pod of another check of the run that is on a node, perhaps told to end by then."""
    made = terminating_pod()
    made["metadata"] = {
        "name": f"{check}-abc",
        "namespace": NAMESPACE,
        "labels": {
            "aicr.run/run-id": RUN_ID,
            "aicr.run/check": check,
            "batch.kubernetes.io/job-name": f"aicr-{check}-1",
        },
        **({"deletionTimestamp": deleted, "deletionGracePeriodSeconds": 30} if deleted else {}),
        "finalizers": made["metadata"]["finalizers"],
    }
    return made


@pytest.mark.parametrize(
    ("pod", "others", "raw_status"),
    [
        pytest.param(pod_of("beta"), {"beta"}, "Crowded", id="who-will-leave"),
        pytest.param(
            pod_of("beta", "2999-01-02T03:04:05Z"), {"beta"}, "Crowded", id="who-is-leaving"
        ),
        pytest.param(pod_of("beta"), {"gamma"}, "Unschedulable", id="whose-check-has-ended"),
        pytest.param(pod_of("alpha"), set(), "Unschedulable", id="its-own-earlier-attempt"),
        pytest.param(
            pod_of("beta", "1970-01-01T00:01:00Z"), {"beta"}, "Unschedulable", id="who-never-leaves"
        ),
    ],
)
def test_only_for_a_check_that_will_leave_is_room_waited_for(
    pod: Json, others: set[str], raw_status: str
) -> None:
    found = end_of(ReplayCluster(objects=[node(), pod, pending_pod()]), others=others)

    assert found.raw_status == raw_status
    assert "Insufficient cpu" in found.message


def autoscaled(reason: str, at: str) -> Json:
    """What an autoscaler has said about the check's pod."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"alpha-{reason}".lower(), "namespace": NAMESPACE},
        "involvedObject": {"kind": "Pod", "name": "alpha-xyz", "namespace": NAMESPACE},
        "reason": reason,
        "message": "as it says",
        "type": "Normal",
        "lastTimestamp": at,
    }


@pytest.mark.parametrize(
    ("first", "second", "patience_s"),
    [
        pytest.param("NotTriggerScaleUp", "TriggeredScaleUp", 600, id="a-node-comes-after-all"),
        pytest.param("TriggeredScaleUp", "NotTriggerScaleUp", 10, id="none-comes-after-all"),
    ],
)
def test_what_the_autoscaler_has_said_last_counts(first: str, second: str, patience_s: int) -> None:
    said = [autoscaled(second, "2026-01-02T03:05:05Z"), autoscaled(first, "2026-01-02T03:04:05Z")]

    found = end_of(ReplayCluster(objects=[node(), pending_pod(), *said]))

    assert found.message.startswith(f"Unschedulable after {patience_s} s")

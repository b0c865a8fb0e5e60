"""How long an API server may be away, and what becomes of checks meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from helper.credentials import Credentials
from helper.deadline import SYSTEM_CLOCK, Deadline
from helper.errors import Unreachable
from helper.kube import connect
from orchestrator.executor import Ground
from orchestrator.exits import Exit
from orchestrator.jobs import Jobs, JobSite
from orchestrator.leases import Stopped
from orchestrator.manifests import RunContext
from orchestrator.outage import Outage
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import RunSettings
from orchestrator.stop import Stop
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry, node, script

ERROR = Unreachable("list", "pods in ns", message="connection refused")
PLAN = Engine([entry("alpha", locks=["gpu"])]).plan()


def test_only_an_outage_without_an_end_is_told_and_once() -> None:
    clock = FakeClock()
    told: list[str] = []
    outage = Outage(600.0, told.append, clock=clock)

    for _ in range(5):  # it comes back now and then
        outage.failed(ERROR)
        clock.sleep(599.0)
        outage.failed(ERROR)
        outage.answered()
    assert told == []

    for _ in range(3):
        outage.failed(ERROR)
        clock.sleep(600.0)

    assert told == [f"the cluster has given no usable answer for 10m0s: {ERROR}"]


def test_an_outage_that_lasts_is_told_at_once_and_so_is_its_end() -> None:
    clock = FakeClock()
    told: list[str] = []
    outage = Outage(600.0, told.append, told.append, clock)

    outage.failed(ERROR)
    clock.sleep(4.0)
    outage.answered()
    assert told == []

    for _ in range(4):
        outage.failed(ERROR)
        clock.sleep(3.0)
    outage.answered()
    outage.answered()

    assert told == [
        f"the cluster has given no usable answer for 6s, the run waits for it up to 10m0s: {ERROR}",
        "the cluster answers again, after 12s",
    ]


def test_a_run_that_was_ended_waits_for_a_server_for_a_moment_only() -> None:
    clock = FakeClock()
    outage = Outage(600.0, print, clock=clock)
    assert not outage.is_hopeless_for_the_stopped

    outage.failed(ERROR)
    clock.sleep(9.0)
    assert not outage.is_hopeless_for_the_stopped

    clock.sleep(1.0)
    assert outage.is_hopeless_for_the_stopped

    outage.answered()
    assert not outage.is_hopeless_for_the_stopped


AWAY = 40  # requests in vain: minutes, by the pauses between them


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster(objects=[node()], outcomes=[script("alpha")])


@contextmanager
def site(cluster: ReplayCluster, stop: Stop) -> Iterator[JobSite]:
    """The place of a run whose requests are tried again without any time passing."""
    with TemporaryDirectory() as folder, cluster.serve() as server:
        kubeconfig = server.write_kubeconfig(Path(folder, "kubeconfig"))
        kube = connect(Credentials(str(kubeconfig)), {}, clock=FakeClock())
        context = RunContext(RUN_ID, NAMESPACE, "v0")
        ground = Ground(PLAN, kube, context, RunSettings(), stop, lambda _: None, SYSTEM_CLOCK)
        found = Jobs().open(ground)
        found.prepare({}, {"validation": "", "snapshot": ""})
        try:
            yield found
        finally:
            found.close()
            kube.close()


def test_a_check_that_begins_while_the_server_is_away_waits_as_long_as_its_run(
    cluster: ReplayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outage, "goes_on", True)
    stop, (planned,) = Stop(), PLAN.checks
    with site(cluster, stop) as place:
        away = [
            Fault(verb=verb, resource=resource, status=503, times=AWAY)
            for verb, resource in (
                ("get", "leases"),
                ("create", "serviceaccounts"),
                ("create", "jobs"),
            )
        ]
        cluster.faults.extend(away)

        place.locks.acquire(planned.locks)
        attempt = place.attempt(planned, stop, tuple)
        outcome = attempt.run()
        attempt.clean()

    assert [item.hits for item in away] == [AWAY] * 3
    assert (outcome.status, outcome.message) == (Status.PASSED, "")


def test_a_server_that_refuses_one_thing_only_is_not_waited_for_as_long(
    cluster: ReplayCluster,
) -> None:
    stop, (planned,) = Stop(), PLAN.checks
    with site(cluster, stop) as place:
        cluster.faults.append(Fault(verb="create", resource="jobs", status=503, times=AWAY))
        attempt = place.attempt(planned, stop, tuple)
        outcome = attempt.run()
        attempt.clean()

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "DeployError")


def test_what_stays_is_named_although_nobody_may_look_at_locks(cluster: ReplayCluster) -> None:
    (planned,) = PLAN.checks
    with site(cluster, Stop()) as place:
        place.locks.acquire(planned.locks)
        cluster.faults += [
            Fault(verb="delete", resource="configmaps", status=403),
            Fault(verb="delete", resource="leases", status=403),
            Fault(verb="get", resource="leases", status=403),
        ]
        place.close()
        left = place.clean_up(Deadline.after(0.0, FakeClock()), keeping=())

    assert left[0].startswith("configmaps ")
    assert left[-1].startswith("unknown: get leases.coordination.k8s.io ")


def test_an_outage_goes_on_until_a_request_works() -> None:
    outage = Outage(600.0, print, clock=FakeClock())
    assert not outage.goes_on

    outage.failed(ERROR)
    assert outage.goes_on

    outage.answered()
    assert not outage.goes_on


def test_a_check_that_had_not_begun_when_its_run_ended_is_none_that_has_failed(
    cluster: ReplayCluster,
) -> None:
    stop, (planned,) = Stop(), PLAN.checks
    with site(cluster, stop) as place:
        for resource in ("leases", "serviceaccounts"):
            cluster.faults.append(Fault(resource=resource, status=503))
        stop.request(Exit.UNREACHABLE, "the cluster is gone")

        with pytest.raises(Stopped, match="the cluster is gone"):
            place.locks.acquire(planned.locks, stop=Stop())
        outcome = place.attempt(planned, stop, tuple).run()

    assert outcome.was_cut_short
    assert outcome.message == "cancelled: the cluster is gone"

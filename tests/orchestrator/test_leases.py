import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from helper.errors import Forbidden, Unreachable
from helper.kinds import LEASES
from helper.kube import Kube
from helper.resource import Json
from orchestrator import pulse
from orchestrator.exits import Exit
from orchestrator.leases import DURATION_S, RETRY_S, Blocked, Holder, Leases, Stopped
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.stop import Stop
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import NAMESPACE, served

OURS = "20260102-030405-0000000000000001"
OTHER = "20260102-030405-0000000000000002"


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster(
        objects=[{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    )


@pytest.fixture
def kube(cluster: ReplayCluster) -> Iterator[Kube]:
    with served(cluster) as kube:
        yield kube


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make(kube: Kube, clock: FakeClock) -> Iterator[Callable[..., Leases]]:
    made: list[Leases] = []

    def build(run_id: str = OURS, **changes: object) -> Leases:
        given = {"stop": Stop(), "clock": clock, "pause": clock.sleep, **changes}
        stop = given.pop("stop")
        leases = Leases(kube, NAMESPACE, run_id, stop, **given)  # type: ignore[arg-type]
        made.append(leases)
        return leases

    yield build
    for leases in made:
        leases.close()


Make = Callable[..., Leases]


def lease(kube: Kube, lock: str = "gpu") -> Json | None:
    return kube.find(LEASES, f"aicr-lock-{lock}", NAMESPACE)


def test_a_lock_is_a_lease_that_names_its_holder(kube: Kube, make: Make) -> None:
    make().acquire(["gpu"])

    found = lease(kube)
    assert found
    assert found["metadata"]["labels"]["aicr.run/run-id"] == OURS
    assert found["metadata"]["labels"]["app.kubernetes.io/name"] == "aicr-validator"
    assert found["spec"]["holderIdentity"] == OURS
    assert found["spec"]["leaseDurationSeconds"] == DURATION_S


def test_a_lock_that_is_given_back_leaves_nothing(kube: Kube, make: Make) -> None:
    leases = make()
    leases.acquire(["gpu", "slurm"])

    leases.release(["gpu", "slurm"])

    assert lease(kube) is lease(kube, "slurm") is None


def test_closing_gives_back_what_is_held(kube: Kube, make: Make) -> None:
    leases = make()
    leases.acquire(["gpu"])

    leases.close()

    assert lease(kube) is None


def test_locks_are_taken_in_the_order_of_their_names(cluster: ReplayCluster, make: Make) -> None:
    make().acquire(["slurm", "autoscaling", "gpu"])

    made = [item for item in cluster.requests if item.action.verb == "create"]
    looked_at = [item.path.rpartition("-")[2] for item in cluster.requests if "lock-" in item.path]
    assert len(made) == 3
    assert looked_at == ["autoscaling", "gpu", "slurm"]


def test_without_waiting_the_holder_is_named_at_once(make: Make) -> None:
    make(OTHER).acquire(["gpu"])
    wall = FakeClock()
    wall.seconds = datetime.now(UTC).timestamp()

    with pytest.raises(Blocked, match=f"lock gpu is held by run {OTHER} since 20"):
        make(wait=False, clock=wall, pause=wall.sleep).acquire(["gpu"])

    assert wall.slept == []


def test_a_lock_that_cannot_be_had_gives_back_those_before_it(kube: Kube, make: Make) -> None:
    make(OTHER).acquire(["gpu"])
    wall = FakeClock()
    wall.seconds = datetime.now(UTC).timestamp()

    with pytest.raises(Blocked):
        make(wait=False, clock=wall).acquire(["gpu", "autoscaling"])

    assert lease(kube, "autoscaling") is None


def test_waits_until_the_holder_gives_the_lock_back(
    kube: Kube, make: Make, clock: FakeClock
) -> None:
    holder, told = make(OTHER), list[Holder]()
    holder.acquire(["gpu"])

    def pause(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            holder.release(["gpu"])

    make(pause=pause).acquire(["gpu"], told.append)

    assert [item.run_id for item in told] == [OTHER]
    found = lease(kube)
    assert found
    assert found["spec"]["holderIdentity"] == OURS


def test_a_run_that_waits_can_be_seen_until_its_end(
    kube: Kube, make: Make, clock: FakeClock
) -> None:
    make(OTHER).acquire(["gpu"])
    stop = Stop()

    def pause(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            stop.request(Exit.INTERRUPTED, "seen")

    leases = make(stop=stop, pause=pause)
    with pytest.raises(Stopped):
        leases.acquire(["gpu"])
    waiting = lease(kube, f"waiting-{OURS}")
    leases.renew()
    renewed = lease(kube, f"waiting-{OURS}")
    leases.close()

    assert waiting
    assert waiting["metadata"]["labels"]["aicr.run/run-id"] == OURS
    assert pulse.in_cluster(OURS, [(LEASES, waiting)], datetime.now(UTC)).endswith("s ago")
    assert renewed
    assert renewed["spec"]["renewTime"] > waiting["spec"]["renewTime"]
    assert lease(kube, f"waiting-{OURS}") is None


def test_a_run_that_need_not_wait_shows_nothing(kube: Kube, make: Make) -> None:
    leases = make()
    leases.acquire(["gpu"])

    assert lease(kube, f"waiting-{OURS}") is None


def test_who_may_not_be_seen_waits_all_the_same(
    cluster: ReplayCluster, make: Make, clock: FakeClock
) -> None:
    holder, warnings = make(OTHER), list[str]()
    holder.acquire(["gpu"])
    cluster.faults.append(Fault(verb="create", resource="leases", status=403, message="no"))

    def pause(seconds: float) -> None:
        clock.sleep(seconds)
        cluster.faults.clear()
        holder.release(["gpu"])

    make(pause=pause, warn=warnings.append).acquire(["gpu"])

    assert [w for w in warnings if w.startswith("others cannot see that this run is waiting: ")]


def test_losing_what_is_seen_of_a_run_loses_no_lock(
    kube: Kube, make: Make, clock: FakeClock
) -> None:
    holder, warnings = make(OTHER), list[str]()
    holder.acquire(["gpu"])

    def pause(seconds: float) -> None:
        clock.sleep(seconds)
        holder.release(["gpu"])

    leases = make(pause=pause, warn=warnings.append)
    leases.acquire(["gpu"])
    kube.delete(LEASES, f"aicr-lock-waiting-{OURS}", NAMESPACE)

    assert leases.lost(["gpu"]) == []
    assert warnings == []


@pytest.mark.parametrize("wait", [True, False], ids=["waiting", "no-wait"])
def test_a_lock_whose_holder_was_killed_is_taken_over_when_its_lease_has_expired(
    kube: Kube, make: Make, clock: FakeClock, wait: bool
) -> None:
    make(OTHER).acquire(["gpu"])
    clock.seconds = datetime.now(UTC).timestamp() + 3600  # long after its last renewal

    make(wait=wait).acquire(["gpu"])

    found = lease(kube)
    assert found
    assert found["spec"]["holderIdentity"] == OURS
    assert found["spec"]["leaseTransitions"] == 1
    assert found["metadata"]["labels"]["aicr.run/run-id"] == OURS
    assert DURATION_S <= sum(clock.slept) <= DURATION_S + RETRY_S


def test_a_holder_that_renews_keeps_its_lock_whatever_the_clocks_say(
    make: Make, clock: FakeClock
) -> None:
    holder, stop = make(OTHER), Stop()
    holder.acquire(["gpu"])
    clock.seconds = datetime.now(UTC).timestamp() + 3600

    def pause(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) % 5 == 0:
            holder.renew()
        if len(clock.slept) == 100:
            stop.request(Exit.INTERRUPTED, "long enough")

    with pytest.raises(Stopped):
        make(stop=stop, pause=pause).acquire(["gpu"])


def test_without_waiting_a_holder_that_renews_is_named_whatever_the_clocks_say(
    make: Make, clock: FakeClock
) -> None:
    holder = make(OTHER)
    holder.acquire(["gpu"])
    clock.seconds = datetime.now(UTC).timestamp() + 3600  # as if it had not renewed for an hour

    def pause(seconds: float) -> None:
        clock.sleep(seconds)
        holder.renew()
        assert sum(clock.slept) < DURATION_S, "waits without an end"

    with pytest.raises(Blocked, match=f"lock gpu is held by run {OTHER}"):
        make(wait=False, pause=pause).acquire(["gpu"])


def test_a_stop_ends_the_wait_at_once(make: Make) -> None:
    make(OTHER).acquire(["gpu"])
    stop, waits = Stop(), threading.Event()
    ended: list[BaseException] = []

    def take() -> None:
        try:
            make(stop=stop, pause=None).acquire(["gpu"], lambda _: waits.set())
        except Stopped as error:
            ended.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    assert waits.wait(20)
    stop.request(Exit.INTERRUPTED, "asked to")
    thread.join(20)

    assert [str(error) for error in ended] == ["asked to"]


def test_a_holder_that_lost_its_lock_is_warned_and_leaves_the_new_one_alone(
    kube: Kube, make: Make
) -> None:
    warned: list[str] = []
    first = make(OTHER, warn=warned.append)
    first.acquire(["gpu"])
    make().acquire(["gpu"])

    first.renew()
    first.release(["gpu"])

    assert len(warned) == 1
    assert f"held by run {OURS}" in warned[0]
    assert lease(kube) is not None


def test_a_late_release_never_takes_the_lock_from_its_new_holder(kube: Kube, make: Make) -> None:
    first = make(OTHER)
    first.acquire(["gpu"])
    make().acquire(["gpu"])

    first.release(["gpu"])

    found = lease(kube)
    assert found
    assert found["spec"]["holderIdentity"] == OURS


def test_a_deleted_lease_is_told_to_its_holder(kube: Kube, make: Make) -> None:
    warned: list[str] = []
    leases = make(warn=warned.append)
    leases.acquire(["gpu"])
    kube.delete(LEASES, "aicr-lock-gpu", NAMESPACE)

    leases.renew()

    assert "its Lease was deleted" in warned[0]
    assert leases.lost(["gpu", "other"]) == ["gpu"]


def test_a_lock_that_is_held_all_the_time_is_not_lost(make: Make) -> None:
    leases = make()
    leases.acquire(["gpu"])

    assert leases.lost(["gpu"]) == []


def test_two_that_want_a_free_lock_at_once_never_both_have_it(make: Make) -> None:
    running, most = set[str](), list[int]()
    guard = threading.Lock()

    def work(run_id: str) -> None:
        leases = make(run_id)
        for _ in range(5):
            leases.acquire(["gpu"])
            with guard:
                running.add(run_id)
                most.append(len(running))
            with guard:
                running.discard(run_id)
            leases.release(["gpu"])

    threads = [threading.Thread(target=work, args=(run_id,)) for run_id in (OURS, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert (len(most), max(most)) == (10, 1)


@pytest.mark.parametrize(
    ("status", "error"), [(403, Forbidden), (501, Unreachable)], ids=["forbidden", "no-leases"]
)
def test_a_lock_that_cannot_be_looked_at_is_never_had(
    cluster: ReplayCluster, make: Make, status: int, error: type[Exception]
) -> None:
    cluster.faults.append(Fault(verb="get", resource="leases", status=status))

    with pytest.raises(error):
        make().acquire(["gpu"])


def test_passing_troubles_of_the_api_server_cost_no_lock(
    cluster: ReplayCluster, kube: Kube, make: Make
) -> None:
    cluster.faults.append(Fault(verb="get", resource="leases", status=503, times=1))
    cluster.faults.append(Fault(verb="update", resource="leases", status=503, times=1))
    leases = make()

    leases.acquire(["gpu"])
    leases.renew()
    leases.release(["gpu"])

    assert lease(kube) is None

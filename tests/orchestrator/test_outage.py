from helper.errors import Unreachable
from orchestrator.outage import Outage
from tests.fakes.clock import FakeClock

ERROR = Unreachable("list", "pods in ns", message="connection refused")


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

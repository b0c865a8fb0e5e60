from helper.errors import Unreachable
from orchestrator.outage import Outage
from tests.fakes.clock import FakeClock

ERROR = Unreachable("list", "pods in ns", message="connection refused")


def test_only_an_outage_without_an_end_is_told_and_once() -> None:
    clock = FakeClock()
    told: list[str] = []
    outage = Outage(600.0, told.append, clock)

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

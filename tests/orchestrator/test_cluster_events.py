from typing import Any

from orchestrator.cluster_events import in_order, moment

SECOND = "2026-01-01T00:00:07Z"


def event(reason: str, version: str = "", **times: Any) -> dict[str, Any]:
    return {"reason": reason, "metadata": {"resourceVersion": version}, **times}


def test_events_come_in_the_order_in_which_they_happened() -> None:
    told = [
        event("BackOff", "12", lastTimestamp=SECOND),
        event("Failed", "9", lastTimestamp=SECOND),
        event("Scheduled", "7", eventTime="2026-01-01T00:00:07.900000Z", lastTimestamp=None),
        event("Created", "99", lastTimestamp="2026-01-01T00:00:06Z"),
        event("Pulling", "8", lastTimestamp=SECOND),
    ]

    found = [item["reason"] for item in in_order(told)]

    assert found == ["Created", "Scheduled", "Pulling", "Failed", "BackOff"]


def test_an_event_that_repeats_itself_counts_by_its_last_time() -> None:
    first = "2026-01-01T00:00:00Z"

    assert moment(event("a", eventTime=first, series={"lastObservedTime": SECOND})) == SECOND
    assert moment(event("a", eventTime=first)) == first
    assert moment(event("a")) == ""

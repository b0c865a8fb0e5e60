"""What a run took beyond its checks: its length against the critical path, and what each cost."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, TypeVar

from orchestrator.outcome import Outcome

Item = TypeVar("Item")
Span = tuple[float, float, Item]  # begin and end in seconds, and whose it is
TOLERANCE = 0.02  # of the whole: the next check of a chain begins at once, but clocks differ


def chain(spans: Sequence[Span[Item]], tolerance_s: float) -> list[Span[Item]]:
    """The critical path: from what ended last back to what it waited for, and so on."""
    found = [max(spans, key=lambda span: span[1])]
    while True:
        begin = found[-1][0]
        before = [span for span in spans if span[0] < begin and span[1] <= begin + tolerance_s]
        if not before:
            return found
        found.append(max(before, key=lambda span: span[1]))


def measured(outcomes: Iterable[Outcome], took_s: float, pause_s: float = 0.0) -> dict[str, Any]:
    """The numbers for the report; empty when no check ran in this run.

    `pause_s` of `took_s` is between two parts of a run that was cut short; nobody worked then.

    A check's place in the cluster counts as its own: from the request for its Job to the end of
    its container. All the rest is this program's, a cluster's answers to it included.
    """
    ran = [item for item in outcomes if item.created]
    if not ran:
        return {}
    path = chain([(*_place(item), item) for item in ran], TOLERANCE * took_s)
    critical_s = sum(end - begin for begin, end, _ in path)
    each = sorted((item.split.prepare_s or 0.0) + (item.split.collect_s or 0.0) for item in ran)
    return {
        "runSeconds": round(took_s - pause_s, 3),
        "criticalPathSeconds": round(critical_s, 3),
        "criticalPath": [f"{item.phase}/{item.check}" for _, _, item in reversed(path)],
        "beyondSeconds": round(max(0.0, took_s - pause_s - critical_s), 3),
        "perCheckSeconds": {"median": round(median(each), 3), "max": round(each[-1], 3)},
    }


def _place(item: Outcome) -> tuple[float, float]:
    created = item.created or 0.0
    return created, created + item.split.until_running_s + (item.split.run_s or 0.0)

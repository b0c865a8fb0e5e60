"""Where the time of a run went: a lane a check, and the chain of checks that made it that long."""

from dataclasses import dataclass

from orchestrator.overhead import TOLERANCE, chain
from orchestrator.reports.document import SECONDS, Case, Report
from orchestrator.reports.text import duration, fine_duration

WORDS = {
    "prepare": "gets its rights",
    "wait": "waits for a node",
    "start": "pod starts",
    "pull": "image and container",
    "run": "runs",
    "collect": "log is collected",
    "clean": "cleans up",
}
TICKS = 6  # at most
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Segment:
    """A part of a lane, in percent of the whole run."""

    kind: str
    left: float
    width: float


@dataclass(frozen=True)
class Lane:
    """One check over the time of the run."""

    case: Case
    begin_s: float  # since the run's start
    end_s: float
    segments: tuple[Segment, ...]
    is_critical: bool = False

    @property
    def told(self) -> str:
        """The lane in words."""
        parts = [f"{kind} {fine_duration(took)}" for kind, took in _parts(self.case)]
        return f"from {duration(self.begin_s)}: {', '.join(parts)}"

    @property
    def took(self) -> str:
        """How long the lane is."""
        return duration(self.end_s - self.begin_s)


@dataclass(frozen=True)
class Timeline:
    """All lanes, by their beginning."""

    total_s: float
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]  # percent and label

    @property
    def chain(self) -> tuple[Lane, ...]:
        """The critical path: each check of it began when the one before had ended."""
        return tuple(lane for lane in self.lanes if lane.is_critical)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The parts that some lane has."""
        found = {segment.kind for lane in self.lanes for segment in lane.segments}
        return tuple(kind for kind in SECONDS if kind in found)


def of(report: Report) -> Timeline | None:
    """The picture of a run; None when the document does not tell enough times."""
    begun = [(case.began, case) for case in report.cases if case.began is not None]
    begun = [(began, case) for began, case in begun if _length(case) > 0]
    if not begun or report.started is None:
        return None
    origin = min(report.started, *(began for began, _ in begun))
    end = max(began + _length(case) for began, case in begun)
    total = max(end, report.stopped or 0.0) - origin
    if not total < 10**8:  # clocks that differ by years make no picture
        return None
    spans = sorted(
        ((began - origin, began - origin + _length(case), case) for began, case in begun),
        key=lambda span: span[:2],
    )
    # Nobody waits for a clean-up but checks with the same lock.
    needed = [(begin, end - _part(case, "clean"), case) for begin, end, case in spans]
    critical = {id(case) for _, _, case in chain(needed, TOLERANCE * total)}
    lanes = tuple(
        Lane(case, begin, end, tuple(_segments(case, begin, total)), id(case) in critical)
        for begin, end, case in spans
    )
    return Timeline(total, lanes, _ticks(total))


def _parts(case: Case) -> list[tuple[str, float]]:
    return [(kind, took) for kind, took in (case.seconds or {}).items()] or [
        ("run", case.duration_s)
    ]


def _part(case: Case, kind: str) -> float:
    return (case.seconds or {}).get(kind, 0.0)


def _length(case: Case) -> float:
    return sum(took for _, took in _parts(case))


def _segments(case: Case, begin: float, total: float) -> list[Segment]:
    found, at = [], begin
    for kind, took in _parts(case):
        found.append(Segment(kind, round(100 * at / total, 3), round(100 * took / total, 3)))
        at += took
    return found


def _ticks(total: float) -> tuple[tuple[float, str], ...]:
    step = next((step for step in STEPS if total / step < TICKS), total / TICKS)
    count = int(total / step)
    return tuple((round(100 * step * n / total, 3), _tick(step * n)) for n in range(count + 1))


def _tick(seconds: float) -> str:
    return duration(seconds).replace(".0s", "s").replace("m0s", "m")

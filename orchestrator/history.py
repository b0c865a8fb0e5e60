"""How long checks took in earlier runs that this machine knows of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from orchestrator import report_file, rundir
from orchestrator.errors import UsageError
from orchestrator.reports.document import Case, Report

MAX_RUNS = 50  # the latest ones; a cluster changes
MAX_BYTES = 4 * 1024 * 1024  # of a report that is worth reading for a few numbers

Key = tuple[str, str]  # phase and check


@dataclass(frozen=True)
class Taken:
    """What a check usually takes, from the creation of its Job to its recorded outcome."""

    seconds: float
    runs: int


def durations(runs: Path, *, of_replays: bool, of_fast: bool = False) -> Mapping[Key, Taken]:
    """The median of each check with a verdict, in runs of one kind and depth."""
    found: dict[Key, list[float]] = {}
    for report in _reports(runs):
        if (report.is_replay, report.is_fast) != (of_replays, of_fast):
            continue
        for case in report.cases:
            seconds = _seconds(case)
            if seconds is not None:
                found.setdefault((case.phase, case.name), []).append(seconds)
    return {key: Taken(median(values), len(values)) for key, values in found.items()}


def _reports(runs: Path) -> Iterator[Report]:
    """The reports of the latest runs; a folder without one, or with a broken one, has none."""
    names = sorted((path.name for path in runs.glob("*")), reverse=True)
    for name in names[:MAX_RUNS]:
        path = runs / name / rundir.REPORT
        try:
            if path.stat().st_size <= MAX_BYTES:
                yield report_file.load(path)
        except (OSError, UsageError):
            continue


def _seconds(case: Case) -> float | None:
    """How long it had its place in the cluster; None for what came to no verdict."""
    told = case.seconds or {}
    if case.status not in ("passed", "failed") or "run" not in told:
        return None
    return sum(seconds for part, seconds in told.items() if part != "clean")

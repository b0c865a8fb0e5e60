"""`status`: the runs that this machine and the cluster know of, and what they found so far."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from helper import contract
from helper.findings import printable
from helper.kinds import CONFIG_MAPS, JOBS
from helper.kube import Kube
from helper.models import PHASES
from helper.resource import name, namespace, number
from orchestrator import begun, earlier, lookup, owner, report_file, resumption, rundir, tables
from orchestrator.errors import UsageError, nearest
from orchestrator.manifests import record_name
from orchestrator.outcome import Outcome
from orchestrator.plan import parse_run_id
from orchestrator.reports.document import Case
from orchestrator.reports.text import counted, duration, first_line
from orchestrator.sweep import Found, began, runs

HEAD = ("RUN", "BEGAN (UTC)", "STATE", "SO FAR", "EXIT", "IN CLUSTER", "RECIPE", "AGAINST")
CHECKS = ("CHECK", "PHASE", "STATUS", "TIME", "")
REPLAY = "of a recorded cluster (replay), not of a live one"
ORDER = ("failed", "other", "skipped", "passed")


class State(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    FINISHED = "finished"
    CUT_SHORT = "cut short"
    UNKNOWN = "unknown"  # another machine's or user's, and nothing of it is seen to work


@dataclass(frozen=True)
class Line:
    """One check of a run."""

    check: str
    phase: str
    status: str
    seconds: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Known:
    """One run."""

    run_id: str
    state: State
    checks: tuple[Line, ...] = ()  # those that are over, in the order of phases
    exit_code: str = ""
    report: str = ""  # where it is; empty while there is none
    objects: int = 0  # in the cluster
    namespace: str = ""
    notes: tuple[str, ...] = field(default=())
    about: Mapping[str, str] = field(default_factory=dict)  # see orchestrator.begun

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The planned checks without a result, as far as a plan is known."""
        over = {(line.phase, line.check) for line in self.checks}
        planned = begun.planned(self.about).items()
        return tuple(
            f"{phase}/{check}"
            for phase, names in planned
            for check in names
            if (phase, check) not in over
        )

    @property
    def so_far(self) -> str:
        """Counts by verdict, the worst first."""
        count = Counter(line.status for line in self.checks)
        return ", ".join(f"{count[status]} {status}" for status in ORDER if count[status]) or "-"


def here(folder: Path, limit: int) -> Sequence[Known]:
    """The latest runs that were started on this machine, newest first."""
    names = sorted(path.name for path in folder.glob("*") if parse_run_id(path.name))
    return [_of_folder(folder / item) for item in reversed(names[-limit:])]


def with_cluster(known: Iterable[Known], kube: Kube, limit: int) -> Sequence[Known]:
    """The same with what the cluster has of them, and with the runs of other machines."""
    objects = runs(kube)
    mine = {item.run_id: item for item in known}
    for run_id in sorted(objects)[-limit:]:
        item = mine.get(run_id, Known(run_id, State.UNKNOWN))
        mine[run_id] = _in_cluster(item, objects[run_id], kube)
    return [mine[run_id] for run_id in sorted(mine, reverse=True)[:limit]]


def find(known: Sequence[Known], wanted: str) -> Known:
    """The run of this name, or the only one whose name begins so; UsageError for none."""
    found = {item.run_id: item for item in known}
    run_id = lookup.one(wanted, found)
    if run_id is None:
        hint = nearest(wanted, [*found])
        raise UsageError(f"run {wanted}: known neither here nor in the cluster{hint}")
    return found[run_id]


def document(item: Known) -> dict[str, Any]:
    """A run as data."""
    return {
        "runID": item.run_id,
        "began": began(item.run_id).isoformat(),
        "state": item.state.value,
        "exitCode": item.exit_code,
        "report": item.report,
        "recipe": item.about.get("recipe", ""),
        "cluster": item.about.get("cluster", ""),
        "against": item.about.get("where", ""),
        "objectsInCluster": item.objects,
        "namespace": item.namespace,
        "checks": [vars(line) for line in item.checks],
        "unfinished": list(item.unfinished),
        "notes": list(item.notes),
    }


def table(known: Iterable[Known], columns: int = 0) -> str:
    """One line a run."""
    rows = [
        (
            item.run_id,
            f"{began(item.run_id):%Y-%m-%d %H:%M}",
            item.state.value,
            item.so_far,
            item.exit_code or "-",
            counted(item.objects, "object") if item.objects else "-",
            begun.recipe_name(item.about) or "-",
            item.about.get("where", "-"),
        )
        for item in known
    ]
    return tables.table(HEAD, rows, columns)


def text(item: Known, columns: int = 0) -> str:
    """One run with its checks."""
    rows = [
        (line.check, line.phase, line.status, duration(line.seconds), first_line(line.message))
        for line in item.checks
    ]
    ended = f", exit {item.exit_code}" if item.exit_code else ""
    when = f"{began(item.run_id):%Y-%m-%d %H:%M:%S} UTC"
    lines = [
        f"run {item.run_id}, began {when}: {item.state}{ended}\n",
        *_about(item),
        f"report: {item.report or 'none yet'}\n",
        *(f"{note}\n" for note in item.notes),
    ]
    checks = f"\n{tables.table(CHECKS, rows, columns)}" if rows else ""
    return "".join([*(printable(line, "\n") for line in lines), checks])


def _about(item: Known) -> Iterator[str]:
    """What it is about, and what of it has no result."""
    if item.about.get("recipe"):
        where = item.about.get("where") or "an unnamed cluster"
        yield f"recipe {begun.recipe_name(item.about)}, against {where}\n"
    if item.unfinished:
        total = counted(len(item.checks) + len(item.unfinished), "check")
        names = ", ".join(item.unfinished)
        yield f"{len(item.checks)} of {total} over; without a result: {names}\n"


def _of_folder(folder: Path) -> Known:
    """What a run left on this machine: its report, or the results so far."""
    return replace(_found(folder), about=resumption.about(folder))


def _found(folder: Path) -> Known:
    path = folder / rundir.REPORT
    try:
        if owner.lives(folder):
            return _running(folder)
    except UsageError as error:
        return Known(folder.name, State.UNKNOWN, notes=(str(error),))
    try:
        report = report_file.load(path)
    except UsageError:
        lines = _lines(earlier.from_folder(folder))
        notes = (*_reportable(folder.name, lines), *_resumable(folder))
        return Known(folder.name, State.CUT_SHORT, lines, notes=notes)
    state = State.FINISHED if report.is_complete else State.CUT_SHORT
    lines = tuple(map(_line, report.cases))
    notes = () if report.is_complete else _resumable(folder)
    notes = (REPLAY, *notes) if report.is_replay else notes
    return Known(folder.name, state, lines, report.exit_code, str(path), notes=notes)


def _running(folder: Path) -> Known:
    """A run whose process lives; a report is of a part of it that was cut short."""
    process = owner.holder(folder)
    who = f"process {process.pid} on {process.host}" if process else "an unknown process"
    notes = (
        f"to follow it: aicr-orch attach {folder.name}",
        f"to end it ({who}): aicr-orch cancel {folder.name}",
    )
    return Known(folder.name, State.RUNNING, _lines(earlier.from_folder(folder)), notes=notes)


def _resumable(folder: Path) -> tuple[str, ...]:
    if not (folder / resumption.FILE).is_file():
        return ()
    return (f"to go on with it: aicr-orch validate --resume {folder.name}",)


def _reportable(run_id: str, lines: Sequence[Line]) -> tuple[str, ...]:
    if not lines:
        return ()
    return (f"for a report of what it found: aicr-orch report render {run_id} -o html=report.html",)


def _in_cluster(item: Known, objects: Found, kube: Kube) -> Known:
    """What the cluster adds to what is known of a run."""
    maps = [body for resource, body in objects if resource is CONFIG_MAPS]
    place = min(map(namespace, maps), default="")
    if not item.checks and place:
        item = replace(item, checks=_lines(earlier.from_cluster(kube, place, item.run_id)))
    records = [body for body in maps if name(body) == record_name(item.run_id)]
    if records and not item.about:
        item = replace(item, about=begun.read(records[0]))
    works = any(number(body, "status", "active") for resource, body in objects if resource is JOBS)
    state = State.RUNNING if works and item.state is State.UNKNOWN else item.state
    notes = item.notes
    if records and state is State.UNKNOWN and not notes:
        again = f"aicr-orch validate --resume {item.run_id}"
        notes = (
            *_reportable(item.run_id, item.checks),
            f"to go on with it, with what it was started with: {again} --recipe …",
        )
    if not works and state is not State.RUNNING:
        notes = (*notes, f"to remove what it left: aicr-orch gc --run-id {item.run_id}")
    return replace(item, state=state, objects=len(objects), namespace=place, notes=notes)


def _line(case: Case) -> Line:
    return Line(case.name, case.phase, case.status, case.duration_s, case.in_short)


def _lines(results: earlier.Results) -> tuple[Line, ...]:
    """Results in the order of phases."""
    found = sorted(results.values(), key=lambda item: (*_position(item.phase), item.check))
    return tuple(
        Line(item.check, item.phase, item.status.value, item.duration_s, _in_short(item))
        for item in found
    )


def _position(phase: str) -> tuple[int, str]:
    return (PHASES.index(phase) if phase in PHASES else len(PHASES), phase)


def _in_short(item: Outcome) -> str:
    """The one line that says most: the reason, or what was observed."""
    prefix = contract.RESULT_PREFIX
    said = [line.removeprefix(prefix) for line in item.stdout if line.startswith(prefix)]
    return item.message or (said[-1] if said else "")

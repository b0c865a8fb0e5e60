"""The checks of a run as a table for the terminal: as much of it as there is room for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from orchestrator import report, tables
from orchestrator.outcome import Outcome, Status
from orchestrator.reports.text import counted

STYLE = {
    "passed": "green",
    "failed": "bold red",
    "other": "yellow",
    "incomplete": "yellow",
    "narrowed": "yellow",
    "skipped": "cyan",
    "not selected": "dim",
}
MARK = {Status.PASSED: "✔", Status.FAILED: "✘", Status.SKIPPED: "↷", Status.OTHER: "?"}
REFRESHES_PER_S = 8
# Columns of the table, and how wide a terminal must be to have them.
COLUMNS = {"mark": 0, "check": 0, "phase": 100, "status": 0, "time": 0, "words": 60}
HEADERS = {"mark": "", "words": ""}
MAX_STATUS, LEAST_STATUS, LEAST_NAME = 24, 10, 8  # characters
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
# What is shown where there is no room for all.
UNWELL, RUNNING, DONE, QUEUED = range(4)


@dataclass
class Row:
    """One check, as the events tell of it."""

    check: str
    phase: str
    stage: str = "queued"
    detail: str = ""
    since: float | None = None
    outcome: Outcome | None = None
    ended: float = 0.0
    results: list[str] = field(default_factory=list)

    @property
    def rank(self) -> int:
        """How much it matters that it is seen."""
        if self.outcome:
            is_unwell = self.outcome.status in (Status.FAILED, Status.OTHER)
            return UNWELL if is_unwell else DONE
        return QUEUED if self.since is None else RUNNING


def fitting(rows: Sequence[Row], room: int) -> tuple[Sequence[Row], str]:
    """As many rows as there is room for, in their order, and in words those that are not shown.

    What runs and what failed goes before the rest, and the latest before the earlier ones.
    """
    if len(rows) <= room:
        return rows, ""
    by_need = sorted(rows, key=lambda row: (row.rank, -row.ended))
    chosen = {id(row) for row in by_need[: max(1, room)]}
    hidden = Counter(
        str(row.outcome.status) if row.outcome else "running" if row.since else "queued"
        for row in rows
        if id(row) not in chosen
    )
    words = ", ".join(f"{count} {status}" for status, count in sorted(hidden.items()))
    shown = [row for row in rows if id(row) in chosen]
    return shown, f"and {counted(len(rows) - len(shown), 'more check')}: {words}"


def progress(rows: Sequence[Row], left: str) -> str:
    """How far the run is: `3 of 5 checks done, 2 running, about 7s left`."""
    done = sum(row.outcome is not None for row in rows)
    running = sum(row.rank == RUNNING for row in rows)
    parts = [f"{done} of {counted(len(rows), 'check')} done", f"{running} running" * bool(running)]
    return ", ".join(filter(None, [*parts, left]))


def table(rows: Sequence[Row], now: float, width: int) -> Table:
    """The rows; names and verdicts keep their width, only the words at the end are cut.

    Where there is little room the phase is left out, and where there is less the words are.
    """
    names = [name for name, least in COLUMNS.items() if width >= least]
    cells = [_cells(row, now) for row in rows]
    found = Table(box=None, pad_edge=False, header_style="dim", expand="words" in names)
    widths = {
        name: max(len(HEADERS.get(name, name)), *(len(line[name]) for line in cells))
        for name in names
        if name != "words"
    }
    widths["status"] = min(widths["status"], MAX_STATUS if "words" in names else LEAST_STATUS)
    gaps = 2 * (len(names) - 1)
    taken = sum(widths.values()) - widths["check"] + gaps
    widths["check"] = max(LEAST_NAME, min(widths["check"], width - taken))
    for name in names:
        room: Any = {"ratio": 1} if name == "words" else {"width": widths[name]}
        justify: Any = "right" if name == "time" else "left"
        header = HEADERS.get(name, name)
        found.add_column(header, justify=justify, no_wrap=True, overflow="ellipsis", **room)
    for line in cells:
        found.add_row(*(line[name] for name in names))
    return found


def lines(rows: Sequence[Row], now: float) -> str:
    """The rows for files and logs, where nobody sees columns: nothing is cut."""
    cells = [[text.plain for text in _cells(row, now).values()] for row in rows]
    head = [HEADERS.get(name, name) for name in COLUMNS]
    time = list(COLUMNS).index("time")
    width = max(map(len, (line[time] for line in (head, *cells))))
    for line in (head, *cells):
        line[time] = line[time].rjust(width)
    return tables.table(head, cells)


def _cells(row: Row, now: float) -> dict[str, Text]:
    if row.outcome is None:
        frame = FRAMES[int(now * REFRESHES_PER_S) % len(FRAMES)]
        moving = Text(frame, "blue") if row.since is not None else Text("·", "dim")
        took = f"{now - row.since:.1f}s" if row.since is not None else ""
        style = "blue" if row.since is not None else "dim"
        name, phase = Text(report.first_line(row.check)), Text(row.phase, "dim")
        detail = Text(report.first_line(row.detail), "dim")
        cells = [moving, name, phase, Text(row.stage, style), Text(took), detail]
        return dict(zip(COLUMNS, cells, strict=True))
    outcome = row.outcome
    style = STYLE[outcome.status]
    took = f"{outcome.duration_s:.1f}s" if outcome.split.parts else ""
    words = row.results[-1] if row.results and outcome.status is Status.PASSED else outcome.message
    cells = [
        Text(MARK[outcome.status], style),
        Text(report.first_line(row.check)),
        Text(row.phase, "dim"),
        Text(outcome.status, style),
        Text(took),
        Text(report.first_line(words), "dim"),
    ]
    return dict(zip(COLUMNS, cells, strict=True))

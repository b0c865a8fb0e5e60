"""A run on the terminal: a table that moves, or one line an event where nothing can move."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.quantity import format_duration
from orchestrator import report
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
)
from orchestrator.logs import Log
from orchestrator.outcome import Outcome, Status
from orchestrator.plan import Plan
from orchestrator.run import RunResult

STYLE = {
    "passed": "green",
    "failed": "bold red",
    "other": "yellow",
    "incomplete": "yellow",
    "skipped": "cyan",
    "not selected": "dim",
}
MARK = {Status.PASSED: "✔", Status.FAILED: "✘", Status.SKIPPED: "↷", Status.OTHER: "?"}
REFRESHES_PER_S = 8
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@dataclass
class _Row:
    check: str
    phase: str
    stage: str = "queued"
    detail: str = ""
    since: float | None = None
    outcome: Outcome | None = None
    results: list[str] = field(default_factory=list)


class Terminal:
    """Shows events on stderr; a context manager around the run."""

    def __init__(
        self, plan: Plan, console: Console, *, moving: bool, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._console = console
        self._clock = clock
        self._rows = {
            (planned.phase, planned.name): _Row(planned.name, planned.phase)
            for planned in plan.checks
        }
        self._live = (
            Live(
                console=console,
                get_renderable=self._table,
                refresh_per_second=REFRESHES_PER_S,
                transient=False,
            )
            if moving and self._rows
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def _print(self, *parts: Any, **options: Any) -> None:
        """Print; a terminal that is gone takes no verdict with it."""
        with suppress(OSError):
            self._console.print(*parts, **options)

    def head(self, titles: Sequence[str]) -> None:
        """Say what is about to be tested, where."""
        for number, title in enumerate(titles):
            words = report.printable(title)
            self._print(Text(words, "dim" if number else "bold"), soft_wrap=True)

    def show(self, event: Event) -> None:
        """Take note of one event."""
        match event:
            case Notice(text, level):
                style = {"warning": "yellow", "error": "bold red"}.get(level, "dim")
                words = report.printable(text)
                self._print(Text(f"{level}: {words}" if level != "info" else words, style))
            case CheckStarted(planned):
                row = self._rows[planned.phase, planned.name]
                row.stage, row.since = "starting", self._clock.now()
                self._say(f"running    {planned.phase}/{planned.name}")
            case CheckProgressed():
                self._advance(event)
            case CheckSaid():
                self._hear(event)
            case CheckFinished(outcome):
                self._finish(outcome)
            case PhaseStarted(phase):
                self._say(f"phase      {phase.phase}: {len(phase.checks)} checks")
            case PhaseFinished(result):
                self._say(f"phase      {report.phase_line(result)}")

    def _advance(self, event: CheckProgressed) -> None:
        for row in self._running(event.check):
            row.stage, row.detail = event.stage, event.detail
        if event.stage.startswith("cannot"):
            self._say(f"           {event.check}: {event.stage} {event.detail}")

    def _hear(self, event: CheckSaid) -> None:
        for row in self._running(event.check):
            row.detail = event.line
        self._say(f"           {event.check}: {report.first_line(event.line)}")

    def _running(self, check: str) -> Iterable[_Row]:
        return [row for row in self._rows.values() if row.check == check and not row.outcome]

    def _finish(self, outcome: Outcome) -> None:
        row = self._rows[outcome.phase, outcome.check]
        row.outcome = outcome
        row.results = Log(stdout=outcome.stdout).results  # shown already, as they were said
        words = report.first_line(outcome.message)
        told = f"{outcome.status:<10} {outcome.phase}/{outcome.check}"
        self._say(f"{told}: {words}" if words else told, STYLE[outcome.status])

    def _say(self, text: str, style: str = "") -> None:
        if not self._live:
            self._print(Text(report.printable(text), style), soft_wrap=True)

    def _table(self) -> Any:
        return _table(list(self._rows.values()), self._clock.now())

    def summary(self, result: RunResult, places: Sequence[str]) -> None:
        """Say how the run ended, what needs attention, and where the report is."""
        if not self._live:
            self._print(_table(list(self._rows.values()), self._clock.now()))
        said, style = report.verdict(result.phases, result.exit)
        took = format_duration(round(result.stopped - result.started, 1))
        end = f"{said} (exit {int(result.exit)}), run {result.run_id}, {took}"
        self._print(
            Text(),
            *(Text(report.phase_line(phase), STYLE[phase.status]) for phase in result.phases),
            *(_attention(outcome) for outcome in report.attention(result.phases)),
            *(
                Text(report.printable(f"left behind: {item}"), "yellow")
                for item in result.leftovers
            ),
            Text(),
            Text(end, style),
            *(Text(f"report: {place}") for place in places),
            sep="\n",
            soft_wrap=not self._console.is_terminal,  # files and CI logs keep whole lines
        )


def _attention(outcome: Outcome) -> Text:
    words = report.printable(outcome.message.strip()) or "no reason given"
    place = report.first_line(f"{outcome.phase}/{outcome.check}")
    return Text(f"\n{MARK[outcome.status]} {place}: {words}", STYLE[outcome.status])


def _table(rows: Sequence[_Row], now: float) -> Table:
    """All checks; names and verdicts keep their width, only the words at the end are cut."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    cells = [_cells(row, now) for row in rows]
    for number, header in enumerate(("", "check", "phase", "status", "time")):
        widest = max(len(line[number]) for line in cells)
        justify: Any = "right" if header == "time" else "left"
        table.add_column(header, min_width=max(widest, len(header)), justify=justify, no_wrap=True)
    table.add_column("", ratio=1, overflow="ellipsis", no_wrap=True)
    for line in cells:
        table.add_row(*line)
    return table


def _cells(row: _Row, now: float) -> list[Text]:
    if row.outcome is None:
        frame = FRAMES[int(now * REFRESHES_PER_S) % len(FRAMES)]
        moving = Text(frame, "blue") if row.since is not None else Text("·", "dim")
        took = f"{now - row.since:.1f}s" if row.since is not None else ""
        style = "blue" if row.since is not None else "dim"
        name, phase = Text(report.first_line(row.check)), Text(row.phase, "dim")
        detail = Text(report.first_line(row.detail), "dim")
        return [moving, name, phase, Text(row.stage, style), Text(took), detail]
    outcome = row.outcome
    style = STYLE[outcome.status]
    took = f"{outcome.duration_s:.1f}s" if outcome.split.run_s is not None else ""
    words = row.results[-1] if row.results and outcome.status is Status.PASSED else outcome.message
    return [
        Text(MARK[outcome.status], style),
        Text(report.first_line(row.check)),
        Text(row.phase, "dim"),
        Text(outcome.status, style),
        Text(took),
        Text(report.first_line(words), "dim"),
    ]

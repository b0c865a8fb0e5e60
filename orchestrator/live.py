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
from orchestrator.levels import UNPLACED, Level, level_of
from orchestrator.logs import Log
from orchestrator.outcome import Outcome, Status
from orchestrator.plan import Plan
from orchestrator.result import RunResult

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


@dataclass
class _Row:
    check: str
    phase: str
    stage: str = "queued"
    detail: str = ""
    since: float | None = None
    outcome: Outcome | None = None
    results: list[str] = field(default_factory=list)


class Screen(Console):
    """A console on stderr that a reader may leave; the library would end the program with 1."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False)

    def on_broken_pipe(self) -> None:
        """Go on in silence."""
        self.quiet = True


class Terminal:
    """Shows events on stderr; a context manager around the run."""

    def __init__(
        self,
        plan: Plan,
        console: Console,
        *,
        moving: bool,
        level: Level = Level.INFO,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._console = console
        self._level = level
        self._clock = clock
        self._is_told = True  # the event at hand
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
            if moving and self._rows and level <= Level.INFO
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            with suppress(OSError):
                self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            with suppress(OSError):
                self._live.stop()

    def _print(self, *parts: Any, **options: Any) -> None:
        """Print; a terminal that is gone takes no verdict with it."""
        with suppress(OSError):
            self._console.print(*parts, **options)

    @property
    def _is_file(self) -> bool:
        """Whether nobody sees lines wrap: files and CI logs keep whole ones."""
        return not self._console.is_terminal

    def head(self, titles: Sequence[str]) -> None:
        """Say what is about to be tested, where."""
        for number, title in enumerate(titles if self._level <= Level.INFO else ()):
            words = report.printable(title)
            self._print(Text(words, "dim" if number else "bold"), soft_wrap=self._is_file)

    def show(self, event: Event) -> None:
        """Take note of one event."""
        self._is_told = level_of(event) >= self._level
        match event:
            case Notice(text, level):
                self._notice(text, level)
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

    def _notice(self, text: str, level: str) -> None:
        style = {"warning": "yellow", "error": "bold red"}.get(level, "dim")
        words = report.printable(text)
        if self._is_told:
            told = Text(f"{level}: {words}" if level != "info" else words, style)
            self._print(told, soft_wrap=self._is_file)

    def _advance(self, event: CheckProgressed) -> None:
        rows = self._running(event.check)
        is_news = any(row.detail != event.detail for row in rows)
        for row in rows:
            row.stage, row.detail = event.stage, event.detail
        is_unplaced = event.stage == UNPLACED and event.detail and is_news
        if event.stage.startswith("cannot") or is_unplaced or self._level is Level.DEBUG:
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
        if self._is_told and not self._live:
            self._print(Text(report.printable(text), style), soft_wrap=True)

    def _table(self) -> Any:
        return _table(list(self._rows.values()), self._clock.now(), self._console.width)

    def summary(
        self, result: RunResult, places: Sequence[str], exit_code: int | None = None
    ) -> None:
        """Say how the run ended, what needs attention, and where the report is."""
        if not self._live:
            self._print(self._table())
        said, style = report.verdict(result.phases, result.exit)
        took = format_duration(round(result.stopped - result.started, 1))
        code = int(result.exit) if exit_code is None else exit_code
        end = f"{said} (exit {code}), run {result.run_id}, {took}"
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
            sep="\n",
            soft_wrap=self._is_file,
        )
        for place in places:  # whole, so that it can be copied
            self._print(Text(f"report: {report.printable(place)}"), soft_wrap=True)


def _attention(outcome: Outcome) -> Text:
    words = report.printable(outcome.message.strip()) or "no reason given"
    place = report.first_line(f"{outcome.phase}/{outcome.check}")
    return Text(f"\n{MARK[outcome.status]} {place}: {words}", STYLE[outcome.status])


def _table(rows: Sequence[_Row], now: float, width: int) -> Table:
    """All checks; names and verdicts keep their width, only the words at the end are cut.

    Where there is little room the phase is left out, and where there is less the words are.
    """
    names = [name for name, least in COLUMNS.items() if width >= least]
    cells = [_cells(row, now) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="dim", expand="words" in names)
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
        table.add_column(header, justify=justify, no_wrap=True, overflow="ellipsis", **room)
    for line in cells:
        table.add_row(*(line[name] for name in names))
    return table


def _cells(row: _Row, now: float) -> dict[str, Text]:
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
    took = f"{outcome.duration_s:.1f}s" if outcome.split.run_s is not None else ""
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

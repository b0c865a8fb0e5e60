"""A run on the terminal: a table that moves, or one line an event where nothing can move."""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.findings import printable
from orchestrator import report, rows, rundir
from orchestrator.diagnostics import naming
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    ClusterSettled,
    ClusterSettling,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
)
from orchestrator.heartbeat import Heartbeat
from orchestrator.levels import UNPLACED, Level, level_of
from orchestrator.live_wait import WaitLine
from orchestrator.logs import Log
from orchestrator.outcome import Outcome
from orchestrator.plan import Plan
from orchestrator.remaining import Remaining
from orchestrator.reports.text import counted
from orchestrator.result import RunResult
from orchestrator.rows import MARK, REFRESHES_PER_S, STYLE, Row

HEARTBEAT_S = 60.0  # CI systems end what says nothing for ten minutes
LEAST_ROOM = 8  # lines of a terminal; a lower one is not worth a table
BESIDE_ROWS = 4  # lines: head, what is not shown, progress, cursor


class Screen(Console):
    """A console on stderr that a reader may leave; the library would end the program with 1."""

    def __init__(self, *, plain: bool = False) -> None:
        """Without colours if `plain`; else NO_COLOR decides."""
        # The library takes a COLUMNS of 0 by its word, and shows nothing.
        width = shutil.get_terminal_size().columns if os.environ.get("COLUMNS") == "0" else None
        super().__init__(stderr=True, highlight=False, no_color=plain or None, width=width)

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
        folder: Path | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Nothing is shown yet; `folder` is the run's, with the files about checks not well."""
        self._console = console
        self._remaining: Remaining | None = None
        self._folder = folder
        self._namespace = plan.namespace
        self._is_over = False
        self._level = level
        self._clock = clock
        self._is_told = True  # the event at hand
        self._wait = WaitLine(console, clock, moving=moving and level <= Level.INFO)
        self._rows = {
            (planned.phase, planned.name): Row(planned.name, planned.phase)
            for planned in plan.checks
        }
        self._heart = Heartbeat(HEARTBEAT_S, self._beat)
        self._live = (
            Live(
                console=console,
                get_renderable=self._view,
                refresh_per_second=REFRESHES_PER_S,
                transient=False,
            )
            if moving and self._rows and level <= Level.INFO
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            with suppress(OSError):
                self._live.start(refresh=True)
        else:
            self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True  # now all rows are shown
        self._heart.stop()
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

    def head(self, titles: Sequence[str], remaining: Remaining | None = None) -> None:
        """Say what is about to be tested, where; `remaining` knows how long it usually takes."""
        self._remaining = remaining
        for number, title in enumerate(titles if self._level <= Level.INFO else ()):
            words = printable(title, "\n")
            self._print(Text(words, "dim" if number else "bold"), soft_wrap=self._is_file)

    def show(self, event: Event) -> None:
        """Take note of one event, and tell it."""
        self._is_told = level_of(event) >= self._level
        self._note(event)

    def recall(self, event: Event) -> None:
        """Take note of one event of the past, for the table alone."""
        self._is_told = False
        self._note(event)

    def _note(self, event: Event) -> None:
        match event:
            case Notice(text, level):
                self._notice(text, level)
            case ClusterSettling():
                self._tell(self._wait.show(event))
            case ClusterSettled():
                self._tell(self._wait.end(event))
            case CheckStarted(planned, ago_s):
                row = self._rows[planned.phase, planned.name]
                row.stage, row.since = "starting", self._clock.now() - ago_s
                self._say(f"running    {planned.phase}/{planned.name}")
            case CheckProgressed():
                self._advance(event)
            case CheckSaid():
                self._hear(event)
            case CheckFinished(outcome):
                self._finish(outcome)
            case PhaseStarted(phase):
                left = self._left()
                checks = counted(len(phase.checks), "check")
                self._say(f"phase      {phase.phase}: {checks}" + (f", {left}" if left else ""))
            case PhaseFinished(result):
                self._say(f"phase      {report.phase_line(result)}")

    def _notice(self, text: str, level: str) -> None:
        style = {"warning": "yellow", "error": "bold red"}.get(level, "dim")
        words = printable(text, "\n")
        if self._is_told:
            told = Text(f"{level}: {words}" if level != "info" else words, style)
            self._print(told, soft_wrap=self._is_file)

    def _tell(self, line: Text | None) -> None:
        if line and self._is_told:
            self._print(line, soft_wrap=self._is_file)

    def _advance(self, event: CheckProgressed) -> None:
        running = self._running(event.check)
        is_news = any(row.detail != event.detail for row in running)
        for row in running:
            row.stage, row.detail = event.stage, event.detail
        is_unplaced = event.stage == UNPLACED and event.detail and is_news
        if event.stage.startswith("cannot") or is_unplaced or self._level is Level.DEBUG:
            self._say(f"           {event.check}: {event.stage} {event.detail}")

    def _hear(self, event: CheckSaid) -> None:
        for row in self._running(event.check):
            row.detail = event.line
        self._say(f"           {event.check}: {report.first_line(event.line)}")

    def _running(self, check: str) -> Iterable[Row]:
        return [row for row in self._rows.values() if row.check == check and not row.outcome]

    def _finish(self, outcome: Outcome) -> None:
        row = self._rows[outcome.phase, outcome.check]
        row.outcome, row.ended = outcome, self._clock.now()
        row.results = Log(stdout=outcome.stdout).results  # shown already, as they were said
        words = report.first_line(outcome.message)
        told = f"{outcome.status:<10} {outcome.phase}/{outcome.check}"
        self._say(f"{told}: {words}" if words else told, STYLE[outcome.status])

    def _say(self, text: str, style: str = "") -> None:
        if self._is_told and not self._live:
            self._print(Text(printable(text, "\n"), style), soft_wrap=True)

    def _beat(self) -> None:
        """Say that the run goes on, where no table shows it."""
        if self._level <= Level.INFO:
            words = f"progress   {rows.progress(list(self._rows.values()), self._left())}"
            self._print(Text(words, "dim"), soft_wrap=True)

    def _left(self) -> str:
        """How long the run will still take, as far as anybody knows."""
        if self._remaining is None:
            return ""
        now, every = self._clock.now(), list(self._rows.items())
        done = {key for key, row in every if row.outcome}
        running = {key: now - row.since for key, row in every if row.since is not None}
        return self._remaining.words(done, running)

    def table(self) -> None:
        """Print all checks, as far as they are."""
        if self._is_file:
            every = list(self._rows.values())
            words = rows.lines(every, self._clock.now())
            self._print(Text(words), soft_wrap=True, end="")
        else:
            self._print(self._table())

    def _table(self) -> Any:
        return rows.table(list(self._rows.values()), self._clock.now(), self._console.width)

    def _view(self) -> Any:
        """The table while the run goes on: no higher than the terminal, with what is left."""
        if self._is_over:
            return self._table()
        every, now = list(self._rows.values()), self._clock.now()
        room = max(LEAST_ROOM, self._console.height) - BESIDE_ROWS
        shown, hidden = rows.fitting(every, room)
        lines = (hidden, rows.progress(every, self._left()))
        return Group(
            rows.table(shown, now, self._console.width),
            *(
                Text(f"   {line}", "dim", no_wrap=True, overflow="ellipsis")
                for line in lines
                if line
            ),
        )

    def summary(
        self, result: RunResult, places: Sequence[str], exit_code: int | None = None
    ) -> None:
        """Say how the run ended, what needs attention, and where the report is."""
        if not self._live:
            self.table()
        said, style = report.last_words(result)
        code = int(result.exit) if exit_code is None else exit_code
        self._print(
            Text(),
            *(Text(report.phase_line(phase), STYLE[phase.status]) for phase in result.phases),
            sep="\n",
            soft_wrap=self._is_file,
        )
        for outcomes in report.by_reason(report.attention(result.phases)):
            self._print(_attention(outcomes), soft_wrap=self._is_file)
            if place := self._diagnostics(outcomes):  # whole, so that it can be copied
                self._print(Text(f"diagnostics: {printable(place)}", "dim"), soft_wrap=True)
        self._print(
            *(Text(printable(f"left behind: {item}", "\n"), "yellow") for item in result.leftovers),
            Text(),
            Text(f"{said} (exit {code})", style),
            Text(report.account(result), "dim"),
            sep="\n",
            soft_wrap=self._is_file,
        )
        if kept := report.kept(result, self._namespace):
            self._print(Text(kept, "dim"), soft_wrap=True)
        for place in places:  # whole, so that it can be copied
            self._print(Text(f"report: {printable(place)}"), soft_wrap=True)

    def _diagnostics(self, outcomes: Iterable[Outcome]) -> str:
        """The folder with what the cluster knew of some checks, if there is one."""
        if self._folder is None:
            return ""
        found = [
            naming.folder_of(item.phase, item.check)
            for item in outcomes
            if naming.is_worth_it(item)
        ]
        places = [place for item in found if (place := self._folder / item).is_dir()]
        if not places:
            return ""
        return rundir.short(places[0] if len(places) == 1 else places[0].parent)


def _attention(outcomes: Sequence[Outcome]) -> Text:
    """Checks with one reason, and the reason."""
    words = printable(outcomes[0].message.strip(), "\n") or "no reason given"
    names = ", ".join(report.first_line(f"{item.phase}/{item.check}") for item in outcomes)
    status = outcomes[0].status
    return Text(f"\n{MARK[status]} {names}: {words}", STYLE[status])

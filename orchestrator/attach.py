"""`attach`: shows a run of this machine as `validate` does, and ends as that ends."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from rich.console import Console

from orchestrator import earlier, owner, report_file, resumption, rundir
from orchestrator.errors import UsageError
from orchestrator.events import CheckFinished, Event, Notice
from orchestrator.exits import Exit
from orchestrator.live import Terminal
from orchestrator.outcome import Outcome
from orchestrator.record import Tail
from orchestrator.retold import Story, last_part

POLL_S = 0.2  # between looks at a file that grows

Tell = Callable[[str, str], object]  # words, level


class Attached:
    """Somebody who looks at one run of this machine."""

    def __init__(self, folder: Path, console: Console, tell: Tell, *, moving: bool) -> None:
        self._folder = folder
        self._console = console
        self._tell = tell
        self._moving = moving
        self._tail = Tail(folder)
        self._story = Story(
            folder.name, self._kept, resumption.share(folder, "min_coverage", default=1.0)
        )

    def watch(self) -> int:
        """Show the run until it is over; gives the exit status that it ends with."""
        lives = owner.lives(self._folder)
        past = last_part(self._tail.read())
        now = time.time() if lives else 0.0
        events = [event for event in (self._story.hear(line, now) for line in past) if event]
        is_going_on = lives and not self._story.end
        if not past and not is_going_on:
            return self._without_events()
        shown = Terminal(
            self._story.plan,
            self._console,
            moving=self._moving and is_going_on,
            folder=self._folder,
        )
        shown.head(self._story.titles)
        if is_going_on:
            try:
                with shown:
                    for event in chain(events, self._coming()):
                        shown.show(event)
            except KeyboardInterrupt:
                return self._left()
        else:
            for event in events:
                shown.recall(event)
        return self._left() if self._console.quiet else self._ended(shown)

    def _coming(self) -> Iterator[Event]:
        """What happens from now on, until the run is over, its process is gone, or nobody reads."""
        while not self._story.end and not self._console.quiet:
            lives = owner.lives(self._folder)  # asked first: the last words are read all the same
            lines = self._tail.read()
            yield from filter(None, (self._story.hear(line, time.time()) for line in lines))
            if not lines and not lives:
                return
            if not lines:
                time.sleep(POLL_S)

    def _left(self) -> int:
        self._tell("you have left, the run goes on", "info")
        self._tell(f"to end it: aicr-orch cancel {self._folder.name}", "info")
        return Exit.INTERRUPTED

    def _ended(self, shown: Terminal) -> int:
        end, result = self._story.end, self._story.result()
        if not end:
            for outcome in (item for phase in result.phases for item in phase.outcomes):
                shown.recall(CheckFinished(outcome))
            shown.table()
            return self._killed()
        if not self._story.has_begun:
            self._tell(end.words, "error")
            return end.exit_code
        shown.summary(result, end.reports, end.exit_code)
        if not result.complete and (self._folder / resumption.FILE).is_file():
            shown.show(Notice(f"go on with: aicr-orch validate --resume {result.run_id}"))
        return end.exit_code

    def _killed(self) -> int:
        run_id = self._folder.name
        found, all_ = len(earlier.from_folder(self._folder)), len(self._story.plan.checks)
        self._tell(
            f"run {run_id} was killed: its process ended without a word; "
            f"{found} of {all_} results are kept in {self._folder}",
            "error",
        )
        self._point_to_log()
        if found:
            report = f"aicr-orch report render {run_id} -o html=report.html"
            self._tell(f"for a report of what it found: {report}", "info")
        if (self._folder / resumption.FILE).is_file():
            self._tell(f"to go on with it: aicr-orch validate --resume {run_id}", "info")
        self._tell(f"to remove what it left: aicr-orch gc --run-id {run_id}", "info")
        return Exit.INCONCLUSIVE

    def _without_events(self) -> int:
        """A run that kept none: without a cluster, or by an older version."""
        place = self._folder / rundir.REPORT
        try:
            report = report_file.load(place)
        except UsageError:
            if not (self._folder / resumption.FILE).is_file():
                return self._not_begun()
            return self._killed()
        counts = ", ".join(f"{report.count(item)} {item}" for item in ("passed", "failed", "other"))
        self._tell(f"run {self._folder.name} is over: {counts}; report: {place}", "info")
        with suppress(ValueError):
            return int(report.exit_code)
        return Exit.INCONCLUSIVE

    def _not_begun(self) -> int:
        self._tell(
            f"run {self._folder.name} has not begun, or was refused: {self._folder} has neither "
            f"{resumption.FILE} nor events; attach again, or see what it said where it began",
            "error",
        )
        self._point_to_log()
        return Exit.INCONCLUSIVE

    def _point_to_log(self) -> None:
        if (self._folder / rundir.LOG).is_file():
            self._tell(f"what it said last: {self._folder / rundir.LOG}", "info")

    def _kept(self, phase: str, check: str) -> Outcome | None:
        return earlier.one_from_folder(self._folder, phase, check)

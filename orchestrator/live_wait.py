"""The wait for a cluster on the terminal: one line that counts down, or a line for each news."""

from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from helper.deadline import Clock
from helper.quantity import format_duration
from orchestrator import report
from orchestrator.events import ClusterSettled, ClusterSettling

REFRESHES_PER_S = 4
WAITS = "waiting for the cluster"


class WaitLine:
    """Where `moving`, a line of its own that goes when the wait is over; else it prints."""

    def __init__(self, console: Console, clock: Clock, *, moving: bool) -> None:
        self._console = console
        self._clock = clock
        self._moving = moving
        self._live: Live | None = None
        self._words = ""
        self._until = 0.0
        self._spinner = Spinner("dots", style="blue")

    def show(self, event: ClusterSettling) -> Text | None:
        """Take note of what is waited for; gives the line to print where nothing can move."""
        self._words = report.first_line(event.words)
        self._until = self._clock.now() + event.left_s
        if not self._moving:
            return self._line()
        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self._renderable,
                refresh_per_second=REFRESHES_PER_S,
                transient=True,
            )
            with suppress(OSError):
                self._live.start()
        return None

    def end(self, event: ClusterSettled) -> Text:
        """Take the line away; gives the one that stays."""
        if self._live:
            with suppress(OSError):
                self._live.stop()
        words = report.first_line(event.convergence.words)
        if event.convergence.converged:
            return Text(words, "dim")
        return Text(f"warning: {words}", "yellow")

    def _renderable(self) -> Any:
        line = self._line()
        line.truncate(max(self._console.width - 3, 10), overflow="ellipsis")
        self._spinner.update(text=line)
        return self._spinner

    def _line(self) -> Text:
        left = format_duration(round(max(0.0, self._until - self._clock.now())))
        return Text(f"{WAITS}, {left} left: {self._words}", "blue")

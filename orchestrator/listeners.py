"""Who hears what happens in a run: the operator, and files of events that are asked for."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import IO, Self

from orchestrator.errors import UsageError
from orchestrator.events import Event
from orchestrator.exits import Exit
from orchestrator.jsonlines import JsonLines
from orchestrator.levels import Level
from orchestrator.live import Terminal
from orchestrator.plan import Plan
from orchestrator.record import Record
from orchestrator.reports.formats import EVENTS, STDOUT, Output
from orchestrator.result import RunResult


class Listeners:
    """Tells the operator everything, and writes it to files of JSON lines."""

    def __init__(
        self,
        operator: Terminal | JsonLines,
        outputs: Iterable[Output],
        plan: Plan,
        record: Record,
        *,
        goes_on: bool = False,
    ) -> None:
        """Open the files; with `goes_on` what an earlier part of the run wrote stays."""
        wanted = [output for output in outputs if output.format == EVENTS]
        self._streams = [_opened(output, "a" if goes_on else "w") for output in wanted]
        planned = {phase.phase: [item.name for item in phase.checks] for phase in plan.phases}
        streams: list[IO[str] | Record] = [*self._streams, record]
        self._files = [
            JsonLines(stream, plan.run_id, level=Level.DEBUG, planned=planned) for stream in streams
        ]
        self._all: list[Terminal | JsonLines] = [operator, *self._files]

    def __enter__(self) -> Self:
        for listener in self._all:
            listener.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        for listener in self._all:
            listener.__exit__(*details)

    def head(self, titles: Sequence[str]) -> None:
        """Say what is about to be tested, where."""
        for listener in self._all:
            listener.head(titles)

    def show(self, event: Event) -> None:
        """Tell one event."""
        for listener in self._all:
            listener.show(event)

    def summary(self, result: RunResult, places: Sequence[str], exit_code: int) -> None:
        """Say how the run ended, and where the reports are."""
        for listener in self._all:
            listener.summary(result, places, exit_code)

    def broken(self, words: str, code: Exit, exit_code: int) -> None:
        """Write down why the run was refused, or broke; the operator hears it from its error."""
        for listener in self._files:
            listener.broken(words, code, exit_code)

    def close(self) -> None:
        """Close the files; every line is in them already."""
        for stream in self._streams:
            if stream is not sys.stdout:
                with suppress(OSError):
                    stream.close()


def _opened(output: Output, mode: str) -> IO[str]:
    if output.place == STDOUT:
        return sys.stdout
    try:
        return open(output.place, mode, encoding="utf-8")  # noqa: PTH123 - see close
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from error

"""Who hears what happens in a run: the operator, and files of events that are asked for."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from orchestrator import stdout
from orchestrator.errors import UsageError
from orchestrator.events import Event
from orchestrator.exits import Exit
from orchestrator.jsonlines import JsonLines
from orchestrator.levels import Level
from orchestrator.linefile import LineFile
from orchestrator.live import Terminal
from orchestrator.plan import Plan
from orchestrator.record import Record
from orchestrator.remaining import Remaining
from orchestrator.reports.formats import EVENTS, Output
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
        planned = {phase.phase: [item.name for item in phase.checks] for phase in plan.phases}

        def lines(write: Callable[[str], object]) -> JsonLines:
            return JsonLines(write, plan.run_id, level=Level.DEBUG, planned=planned)

        self._files = {str(item): _opened(item, goes_on=goes_on) for item in wanted if item.is_file}
        self._written = {str(item): lines(self._writer(item)) for item in wanted}
        self._kept = lines(record.write)
        self._all: list[Terminal | JsonLines] = [operator, *self._written.values(), self._kept]

    def __enter__(self) -> Self:
        for listener in self._all:
            listener.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        for listener in self._all:
            listener.__exit__(*details)

    def head(self, titles: Sequence[str], remaining: Remaining | None = None) -> None:
        """Say what is about to be tested, where, and how long that usually takes."""
        for listener in self._all:
            listener.head(titles, remaining)

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
        for listener in (*self._written.values(), self._kept):
            listener.broken(words, code, exit_code)

    def close(self) -> None:
        """Close the files; every line is in them already."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()

    @property
    def troubles(self) -> Mapping[str, str]:
        """The places that did not get every line, each with the reason."""
        return {place: lines.trouble for place, lines in self._written.items() if lines.trouble}

    @property
    def places(self) -> Sequence[str]:
        """The files that did get every line."""
        return [place for place in self._files if not self._written[place].trouble]

    def _writer(self, output: Output) -> Callable[[str], object]:
        if output.is_file:
            return self._files[str(output)].write
        return lambda text: stdout.write(sys.stdout, text)


def _opened(output: Output, *, goes_on: bool) -> LineFile:
    try:
        return LineFile(output.place, goes_on=goes_on)
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from error

"""The events of a run as JSON lines in its own folder, from its first word on."""

from contextlib import suppress
from pathlib import Path

from orchestrator.linefile import LineFile
from orchestrator.retold import Line, Story, last_part, parse

FILE = "events.jsonl"


class Record:
    """Holds back what is written until the run owns its folder, or cannot write there."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._holds = True
        self._file: LineFile | None = None

    def begin(self, folder: Path) -> None:
        """Go on in the folder, behind what earlier parts of the run wrote; OSError when it cannot.

        A part begins with its event `run-started`.
        """
        self._file = LineFile(str(folder / FILE), goes_on=True)
        for text in self._held:
            self._file.write(text)
        self.hold_no_more()

    def hold_no_more(self) -> None:
        """Forget what was held back: it is written, or there is nowhere to write it."""
        self._holds = False
        self._held.clear()

    def write(self, text: str) -> None:
        """Take a line in; OSError when the disk is full."""
        if self._file:
            self._file.write(text)
        elif self._holds:
            self._held.append(text)

    def close(self) -> None:
        """Every line is in the file already."""
        if self._file:
            with suppress(OSError):
                self._file.close()


class Tail:
    """The events of a run in its folder, as they come."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._position = 0

    def read(self) -> list[Line]:
        """The lines that were finished since the last time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                found, _, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._position += len(found) + 1 if found else 0
        return [line for line in map(parse, found.split(b"\n")) if line]


def story(folder: Path) -> Story:
    """What a run has told so far."""
    found = Story(folder.name)
    for line in last_part(Tail(folder).read()):
        found.hear(line)
    return found

"""The events of a run as JSON lines in its own folder, from its first word on."""

import io
from contextlib import suppress
from pathlib import Path
from typing import IO

from orchestrator.retold import Line, Story, last_part, parse

FILE = "events.jsonl"


class Record:
    """A stream that holds back what is written until the run owns its folder."""

    def __init__(self) -> None:
        self._stream: IO[str] = io.StringIO()

    def begin(self, folder: Path) -> None:
        """Go on in the folder, behind what earlier parts of the run wrote; OSError when it cannot.

        A part begins with its event `run-started`.
        """
        said = self._stream
        self._stream = (folder / FILE).open("a", encoding="utf-8")
        if isinstance(said, io.StringIO):
            self._stream.write(said.getvalue())
            self._stream.flush()

    def write(self, text: str) -> int:
        """Take a line in; OSError when the disk is full."""
        return self._stream.write(text)

    def flush(self) -> None:
        """Let others read it."""
        self._stream.flush()

    def close(self) -> None:
        """Every line is in the file already."""
        with suppress(OSError):
            self._stream.close()


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

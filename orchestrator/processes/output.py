"""What a check process prints, taken from a pipe: bounded, and its results told at once."""

import os
import threading
from collections.abc import Callable
from io import BufferedReader

from helper.transport import LINE_BYTES
from orchestrator.follow import Heard


class Output:
    """The reading end; the process gets `writer` as stdout and stderr."""

    def __init__(self, said: Callable[[str], None]) -> None:
        """`said` hears results, as those of Heard, until `finish`."""
        self._heard = Heard(said)
        self._reader, self.writer = os.pipe()
        self._guard = threading.Lock()
        self._finished = False
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)

    def started(self) -> None:
        """Read; the process has its own copy of the writing end."""
        os.close(self.writer)
        self._thread.start()

    def discard(self) -> None:
        """Close both ends; nothing was started."""
        os.close(self.writer)
        os.close(self._reader)

    def finish(self, patience_s: float) -> str:
        """Give what was printed; the last of it may take a while to come."""
        self._thread.join(patience_s)
        with self._guard:
            self._finished = True
            return self._heard.text

    def _read(self) -> None:
        with os.fdopen(self._reader, "rb") as stream:
            while line := _line(stream):
                with self._guard:
                    if not self._finished:  # afterwards it is read only so that nobody blocks
                        self._heard.add(line.decode(errors="replace").removesuffix("\n"))


def _line(stream: BufferedReader) -> bytes:
    """The next line; what goes beyond LINE_BYTES of it is left out. Empty at the end."""
    line = stream.readline(LINE_BYTES)
    rest = line
    while len(rest) == LINE_BYTES and not rest.endswith(b"\n"):
        rest = stream.readline(LINE_BYTES)
    return line

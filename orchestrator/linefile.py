"""A file of lines that holds whole lines only, however the disk or the process ended."""

import os
import stat

BLOCK = 65536


class LineFile:
    """Writes lines at the end of a file; each is there whole, or not at all."""

    def __init__(self, place: str, *, goes_on: bool) -> None:
        """Open it, empty unless it `goes_on`; OSError when that is impossible.

        What goes on has lost the line in which a process before this one was killed.
        """
        begun = os.O_APPEND if goes_on else os.O_APPEND | os.O_TRUNC
        # Readable, too, for the search of the last line; a pipe can only be written to.
        is_read = goes_on and os.path.isfile(place)  # noqa: PTH113 - of `os`, as all here
        reading = os.O_RDWR if is_read else os.O_WRONLY
        self._file = os.open(place, reading | os.O_CREAT | begun, 0o666)
        self._is_regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        if is_read:
            self._cut(_end_of_lines(self._file))

    def write(self, text: str) -> None:
        """Write a line; OSError when the place does not take it."""
        size = os.fstat(self._file).st_size
        rest = text.encode("utf-8", "backslashreplace")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self._cut(size)
            raise

    def close(self) -> None:
        """Close it; every line is there already. What is written later is an OSError."""
        closed, self._file = self._file, -1  # the number may soon be that of another file
        os.close(closed)

    def _cut(self, size: int) -> None:
        if self._is_regular and os.fstat(self._file).st_size > size:
            os.ftruncate(self._file, size)


def _end_of_lines(file: int) -> int:
    """Where the last whole line of a file ends."""
    end = os.fstat(file).st_size
    while end:
        begin = max(0, end - BLOCK)
        found = os.pread(file, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0

"""Ends what this program leaves behind when it is killed: a process of its own that outlives it.

It is told each process group through a pipe. When the pipe closes without a farewell, nobody has
cleaned up: the groups are killed and the folder is removed. This works wherever there are pipes,
and for the children of processes as well.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

_FAREWELL = b"."


class Guardian:
    """This program's end of the pipe; starts the other process with the first group, or before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Start the other process, so that it is there when the first group is."""
        with self._lock:
            if self._process is None:
                self._process = _start(self._folder)

    def guard(self, group: int) -> None:
        """Have a process group killed if this process dies."""
        self.begin()
        self._say(f"+{group}")

    def release(self, group: int) -> None:
        """Forget a group that has ended, before its number is used again."""
        self._say(f"-{group}")

    def stop(self) -> None:
        """Say farewell: everything is cleaned up."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.write(_FAREWELL)
                process.stdin.close()
            process.wait()

    def _say(self, word: str) -> None:
        with self._lock, suppress(OSError):  # without a guardian everything else still works
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(f"{word}\n".encode())
                self._process.stdin.flush()


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C in the terminal is not for it
    )


def _watch(folder: str) -> None:
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        if line.startswith(_FAREWELL):
            return
        number = int(line[1:])
        if line.startswith(b"+"):
            groups.add(number)
        else:
            groups.discard(number)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _watch(sys.argv[1])

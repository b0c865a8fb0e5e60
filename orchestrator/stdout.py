"""What commands print on stdout: text for people, JSON and YAML for programs."""

import errno
import io
import json
import os
import shutil
import sys
from typing import IO, Any

from orchestrator.errors import UsageError

TABLE, JSON, YAML = FORMATS = ("table", "json", "yaml")


def put(text: str) -> None:
    """Print; a reader that has seen enough, such as `head`, ends nothing but the printing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for terminals without UTF-8
    if sys.stdout is None:
        raise UsageError("stdout is closed")
    try:
        write(sys.stdout, text)
    except OSError as error:
        raise UsageError(f"stdout cannot be written: {error.strerror}") from error


def line(text: str) -> None:
    """Print one line, as `put` does."""
    put(f"{text}\n")


def report(text: str) -> None:
    """Write a report as it would stand in a file; OSError when nobody can take it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    write(sys.stdout, text)


def write(stream: IO[str] | None, text: str) -> None:
    """Write to stdout or stderr; OSError when nobody can take it.

    A reader that has left has seen enough, and is no error.
    """
    if stream is None or stream.closed:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        let_go(stream)
        if not isinstance(error, BrokenPipeError):
            raise


def let_go(stream: IO[str]) -> None:
    """Forget what a stream did not take, and whatever else it is given."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def width() -> int:
    """How wide lines may be; 0 for any width, where nobody looks at a terminal."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if is_terminal else 0


def document(value: Any, form: str) -> str:
    """A value as JSON or YAML."""
    if form == JSON:
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    from helper import documents  # noqa: PLC0415 - only for YAML

    return documents.dump(value)

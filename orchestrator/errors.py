"""What stops a run before it starts, each with the exit code it ends in."""

from collections.abc import Iterable
from difflib import get_close_matches

from helper.findings import printable
from orchestrator.exits import Exit

NOT_STARTED = "not started: "  # before the reason why a run was refused
MAX_CHARS = 2000  # of a message; input that is wrong throughout must not fill a screen


class StopError(Exception):
    """The run cannot start; the message is one line for the operator, whatever the input holds."""

    exit = Exit.INTERNAL
    keeps_lines = False

    def __init__(self, message: str) -> None:
        text = printable(message, kept="\n" if self.keeps_lines else "")
        if len(text) > MAX_CHARS and not self.keeps_lines:
            text = f"{text[:MAX_CHARS]} …"
        super().__init__(text)


class UsageError(StopError):
    """Flags, configuration or input are no use."""

    exit = Exit.USAGE


class MissingError(UsageError):
    """An input that was named does not exist."""


class CatalogError(UsageError):
    """The catalog is not valid."""


class RecipeError(UsageError):
    """The recipe or snapshot is not valid."""


class ConfigError(UsageError):
    """The configuration file is not valid."""


class ReadinessError(UsageError):
    """The cluster is not what the recipe was made for; a line for each constraint."""

    keeps_lines = True


class PermissionsError(StopError):
    """The caller may not do what a run needs; a line for each right."""

    exit = Exit.PERMISSION
    keeps_lines = True


class ClusterError(StopError):
    """The cluster gives no answer."""

    exit = Exit.UNREACHABLE


class EndedError(StopError):
    """Somebody ended it before anything was done."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit = code


class SourceError(StopError):
    """The server that holds an input gives no answer."""

    exit = Exit.UNREACHABLE


def shown(value: object, chars: int = 60) -> str:
    """A value as a message names it: quoted, and never longer than a glance."""
    text = repr(value)
    return text if len(text) <= chars else f"{text[:chars]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """Give `, did you mean X?` when something known is written almost like this."""
    close = get_close_matches(word[:60], list(known), n=1)  # its time grows with the square
    return f", did you mean {close[0]}?" if close else ""

"""What stops a run before it starts, each with the exit code it ends in."""

from collections.abc import Iterable
from difflib import get_close_matches

from orchestrator.exits import Exit


class StopError(Exception):
    """The run cannot start; the message is one line for the operator."""

    exit = Exit.INTERNAL


class UsageError(StopError):
    """Flags, configuration or input are no use."""

    exit = Exit.USAGE


class CatalogError(UsageError):
    """The catalog is not valid."""


class RecipeError(UsageError):
    """The recipe or snapshot is not valid."""


class ReadinessError(UsageError):
    """The cluster is not what the recipe was made for."""


class PermissionsError(StopError):
    """The caller may not do what a run needs."""

    exit = Exit.PERMISSION


class ClusterError(StopError):
    """The cluster gives no answer."""

    exit = Exit.UNREACHABLE


def nearest(word: str, known: Iterable[str]) -> str:
    """Give `, did you mean X?` when something known is written almost like this."""
    close = get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""

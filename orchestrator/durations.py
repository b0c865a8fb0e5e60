"""Flags that take a duration."""

from collections.abc import Mapping

from helper.quantity import parse_duration
from orchestrator.errors import UsageError


def seconds(flags: Mapping[str, object], name: str) -> float | None:
    """A duration that must be more than nothing, if it was given."""
    given, flag = str(flags.get(name) or ""), f"--{name.replace('_', '-')}"
    try:
        found = parse_duration(given) if given else None
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from error
    if found is not None and found <= 0:
        raise UsageError(f"{flag} {given}: want more than 0")
    return found

"""How long ago something was, as kubectl shows it."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
_UNKNOWN = "<unknown>"


def since(timestamp: str | None) -> str:
    """Give the time from a moment to now."""
    if not timestamp:
        return _UNKNOWN
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return "<invalid>"
    return human((datetime.now(UTC) - moment).total_seconds())


def between(start: str | None, end: str | None) -> str:
    """Give the time from one moment to another, or to now; empty without a start."""
    if not start:
        return ""
    if not end:
        return since(start)
    return human((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def human(seconds: float) -> str:
    """Write a duration with two or three figures (k8s.io/apimachinery, HumanDuration)."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    units = [  # up to which duration, its unit, and the smaller one that is shown beside it
        (2 * _MINUTE, (1, "s"), None),
        (10 * _MINUTE, (_MINUTE, "m"), (1, "s")),
        (3 * _HOUR, (_MINUTE, "m"), None),
        (8 * _HOUR, (_HOUR, "h"), (_MINUTE, "m")),
        (2 * _DAY, (_HOUR, "h"), None),
        (8 * _DAY, (_DAY, "d"), (_HOUR, "h")),
        (2 * _YEAR, (_DAY, "d"), None),
        (8 * _YEAR, (_YEAR, "y"), (_DAY, "d")),
    ]
    for limit, (size, unit), small in units:
        if total < limit:
            text = f"{max(0, total) // size}{unit}"
            rest = total % size // small[0] if small else 0
            return f"{text}{rest}{small[1]}" if small and rest else text
    return f"{total // _YEAR}y"

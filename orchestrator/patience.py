"""Looking again and again at what will probably come right: bounded, and ended by a stop."""

from collections.abc import Callable
from typing import TypeVar

from helper.deadline import Deadline
from orchestrator.stop import Stop

# Seconds between looks: each costs a few requests, and most waits end soon or late.
FIRST_S, GROWTH, LONGEST_S = 0.5, 1.5, 5.0

T = TypeVar("T")


def until(
    look: Callable[[], T],
    is_enough: Callable[[T], bool],
    deadline: Deadline,
    stop: Stop,
    pause: Callable[[float], None] | None = None,
) -> T:
    """Give the first look that is enough, or the last one that there was time for."""
    pause_s = FIRST_S
    while True:
        found = look()
        left_s = deadline.remaining_s()
        if is_enough(found) or left_s <= 0 or stop:
            return found
        (pause or stop.pause)(min(pause_s, left_s))
        pause_s = min(pause_s * GROWTH, LONGEST_S)

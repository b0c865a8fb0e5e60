"""Time: a clock that can be replaced, and budgets that cannot be overrun."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from helper.errors import DeadlineError
from helper.quantity import format_duration

T = TypeVar("T")


class NotYet(Exception):
    """What a probe saw instead of what it waits for."""


class Clock:
    """The system's monotonic clock."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, for reports only."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""
        time.sleep(seconds)


SYSTEM_CLOCK = Clock()


@dataclass(frozen=True)
class Deadline:
    """A point in time that work must not pass."""

    at: float  # on the clock's own scale
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Clock = SYSTEM_CLOCK) -> "Deadline":
        """End in so many seconds from now."""
        return cls(clock.now() + seconds, clock)

    def remaining_s(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self.at - self.clock.now())

    def child(self, seconds: float) -> "Deadline":
        """Limit a part of the work; never later than the whole."""
        return Deadline(min(self.at, self.clock.now() + seconds), self.clock)

    def poll(self, what: str, probe: Callable[[], T | None], every_s: float = 1.0) -> T:
        """Ask `probe` until it gives a value.

        A probe may raise NotYet(text) to say what it saw instead; the last such text ends up
        in the DeadlineError that is raised when time is up.
        """
        started = self.clock.now()
        seen = "nothing yet"
        while True:
            try:
                value = probe()
            except NotYet as error:
                value, seen = None, str(error)
            if value is not None:
                return value
            left = self.remaining_s()
            if left <= 0:
                waited = format_duration(round(self.clock.now() - started, 1))
                raise DeadlineError(f"timeout after {waited} waiting for {what}: {seen}")
            self.clock.sleep(min(every_s, left))

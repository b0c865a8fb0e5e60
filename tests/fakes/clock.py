"""Time that passes only when somebody sleeps, and time that jumps."""

from helper.deadline import Clock


class FakeClock(Clock):
    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class JumpingClock(Clock):
    """The system's time, and more as soon as a test says so."""

    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s

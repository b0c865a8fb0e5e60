"""How long a run takes to know what became of a check."""

from dataclasses import dataclass, field
from typing import NamedTuple

from helper.deadline import SYSTEM_CLOCK
from orchestrator.events import CheckFinished, CheckProgressed, CheckSaid, CheckStarted, Event


class Times(NamedTuple):
    """Seconds until a check had its result."""

    since_sign: float  # since it was last seen or heard to get on
    in_all: float


@dataclass
class Stopwatch:
    """Listens to a run; `times` are those of its checks."""

    times: dict[str, Times] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _stirred: dict[str, float] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Note the time of an event."""
        now = SYSTEM_CLOCK.now()
        match event:
            case CheckStarted(planned):
                self._began[planned.name] = self._stirred[planned.name] = now
            case CheckProgressed(check=check) | CheckSaid(check=check):
                self._stirred[check] = now
            case CheckFinished(outcome) if outcome.check in self._began:
                began, stirred = self._began[outcome.check], self._stirred[outcome.check]
                self.times[outcome.check] = Times(now - stirred, now - began)

"""The GPUs of one check: free before it begins, and free again before its locks are given back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from helper.deadline import Clock, Deadline
from helper.errors import KubeError
from helper.quantity import format_duration
from orchestrator.events import CheckProgressed, Event, Notice
from orchestrator.patience import until
from orchestrator.plan import PlannedCheck
from orchestrator.shortage import Shortage
from orchestrator.stop import Stop

WAITING = "waiting for GPUs"

T = TypeVar("T")


@dataclass(frozen=True)
class Vacancy:
    """Waits for one check, for a limited time; a stop ends each wait at once."""

    planned: PlannedCheck
    limit_s: float
    stop: Stop
    emit: Callable[[Event], None]
    clock: Clock

    def await_room(self, look: Callable[[], Shortage | None], waiting: Callable[[], None]) -> str:
        """Wait for GPUs that are about to be free; gives what is lacking in the end.

        `waiting` is called once, when a wait begins. KubeError when one may not look.
        """
        found = look()
        if not (found and found.soon and self.limit_s):
            return found.words if found else ""
        waiting()
        told: list[str] = []

        def look_again() -> Shortage | None:
            seen = look()
            if seen and seen.soon and seen.held_by not in told:
                told.append(seen.held_by)
                self._notice(f"waits for GPUs that {seen.held_by} will free")
                self.emit(CheckProgressed(self.planned.name, WAITING, seen.held_by))
            return seen

        found = self._until(look_again, lambda seen: not (seen and seen.soon))
        if not (found and found.soon):
            return found.words if found else ""
        return f"{found.words}; waited {format_duration(self.limit_s)} for {found.held_by}"

    def await_release(self, look: Callable[[], Sequence[str]]) -> None:
        """Wait until what the check started is gone; names what is still there in the end."""
        locks = ", ".join(sorted(self.planned.locks))
        told: list[str] = []

        def look_again() -> Sequence[str]:
            found = look()
            if found and not told:
                told.extend(found)
                self._notice(f"keeps lock {locks} until these are gone: {', '.join(found)}")
            return found

        try:
            left = self._until(look_again, lambda seen: not seen)
        except KubeError as error:
            self._notice(f"whether what it used is free cannot be told: {error}", "warning")
            return
        if left:
            words = f"gives lock {locks} back, though these are not gone: {', '.join(left)}"
            self._notice(f"{words}; see why with kubectl describe, or remove them", "warning")

    def _until(self, look: Callable[[], T], is_enough: Callable[[T], bool]) -> T:
        return until(look, is_enough, Deadline.after(self.limit_s, self.clock), self.stop)

    def _notice(self, words: str, level: str = "info") -> None:
        self.emit(Notice(f"{self.planned.name} {words}", level))

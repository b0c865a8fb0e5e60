"""How many checks of a run may be in the cluster at once; a check that only waits holds no slot."""

import threading
from collections.abc import Callable

from orchestrator.stop import Stop


class Slots:
    """The slots of one run, by check; guarded by the condition that all its threads share."""

    def __init__(self, limit: int, changed: threading.Condition) -> None:
        self._limit = limit
        self._changed = changed
        self._held: set[str] = set()

    @property
    def free(self) -> int:
        """How many more checks may start."""
        return self._limit - len(self._held)

    def take(self, check: str) -> None:
        """Hold a slot that is free; the caller holds the condition."""
        self._held.add(check)

    def give_back(self, check: str) -> None:
        """Let another check start in this one's place."""
        with self._changed:
            self._held.discard(check)
            self._changed.notify_all()

    def retake(self, check: str, stop: Stop, may: Callable[[], bool] = lambda: True) -> None:
        """Wait for a free slot and for what else must be; gives up when the run is stopped."""
        with self._changed:
            if check in self._held:
                return
            self._changed.wait_for(lambda: stop or (self.free > 0 and may()))
            self._held.add(check)

    def others(self, check: str) -> frozenset[str]:
        """The checks that hold a slot beside this one."""
        with self._changed:
            return frozenset(self._held - {check})

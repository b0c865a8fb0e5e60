"""How long an API server has been away, and when that is long enough."""

import threading
from collections.abc import Callable

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import KubeError
from helper.quantity import format_duration


class Outage:
    """Hears of every request of the watches; `end` is told once when none works for too long."""

    def __init__(
        self, limit_s: float, end: Callable[[str], None], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._limit_s = limit_s
        self._end = end
        self._clock = clock
        self._since: float | None = None
        self._is_told = False
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Note that the server is there."""
        with self._lock:
            self._since = None

    def failed(self, error: KubeError) -> None:
        """Note that it is not, or gives no usable answer."""
        with self._lock:
            now = self._clock.now()
            self._since = now if self._since is None else self._since
            is_over = now - self._since >= self._limit_s and not self._is_told
            self._is_told = self._is_told or is_over
        if is_over:
            limit = format_duration(self._limit_s)
            self._end(f"the cluster has given no usable answer for {limit}: {error}")

"""What time it is in replay clusters: the host's time, until a fault makes it jump."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """The host's clock, some seconds ahead or behind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Give the time."""
        with self._lock:
            return datetime.now(UTC) + self._ahead

    def jump(self, seconds: float) -> None:
        """Put the clock forward, or back for a negative number."""
        with self._lock:
            self._ahead += timedelta(seconds=seconds)


# One for the process: objects are stamped far from anything that knows their cluster.
CLOCK = Clock()

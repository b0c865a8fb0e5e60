"""A request to end a run early: who asked, and how urgent it is."""

import threading

from orchestrator.exits import Exit


class Stop:
    """Shared by all threads of a run; the first cause stays, further requests only hurry."""

    def __init__(self) -> None:
        self.changed = threading.Condition()  # also notified with whatever else a run waits for
        self.cause: Exit | None = None
        self.reason = ""
        self.hurry = False

    def request(self, cause: Exit, reason: str, *, hurry: bool = False) -> None:
        """Ask to stop; safe in a signal handler, since the lock may be held by its own thread."""
        with self.changed:
            self.hurry = self.hurry or hurry
            if self.cause is None:
                self.cause, self.reason = cause, reason
            self.changed.notify_all()

    def __bool__(self) -> bool:
        return self.cause is not None

"""A request to end a run early: who asked, and how urgent it is."""

import threading

from orchestrator.exits import Exit


class Stop:
    """Shared by all threads of a run; the first cause stays, further requests only hurry.

    A part of a run, such as a phase, has a stop of its own below that of the run.
    """

    def __init__(self, above: "Stop | None" = None) -> None:
        # Also notified with whatever else a run waits for.
        self.changed: threading.Condition = (
            above.changed if above is not None else threading.Condition()
        )
        self._above = above
        self._cause: Exit | None = None
        self._reason = ""
        self._hurry = False

    def below(self) -> "Stop":
        """A stop for a part; what stops the whole stops it as well."""
        return Stop(self)

    def request(self, cause: Exit, reason: str, *, hurry: bool = False) -> None:
        """Ask to stop; safe in a signal handler, since the lock may be held by its own thread."""
        with self.changed:
            self._hurry = self._hurry or hurry
            if self._cause is None:
                self._cause, self._reason = cause, reason
            self.changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Do nothing for a while, or until somebody asks to stop."""
        with self.changed:
            self.changed.wait_for(lambda: bool(self), seconds)

    @property
    def cause(self) -> Exit | None:
        """The exit code that the request calls for; None while nobody asked."""
        return (self._above.cause if self._above is not None else None) or self._cause

    @property
    def reason(self) -> str:
        """Why, for the operator."""
        return (self._above.reason if self._above is not None else "") or self._reason

    @property
    def hurry(self) -> bool:
        """Whether waiting for anything is too long."""
        return self._hurry or (self._above is not None and self._above.hurry)

    def __bool__(self) -> bool:
        return self.cause is not None

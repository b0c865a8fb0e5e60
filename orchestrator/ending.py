"""Ends a run when a signal says so, and says so at once, though the run may be busy for a while."""

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from orchestrator import owner
from orchestrator.errors import EndedError
from orchestrator.exits import Exit
from orchestrator.report import first_line
from orchestrator.signals import AT_ONCE, answered
from orchestrator.stop import Stop

JOIN_S = 5.0
SIGNALS = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    signal.SIGHUP: Exit.TERMINATED,
    AT_ONCE: Exit.TERMINATED,
}
IN_ORDER, IN_A_HURRY = "ending in order and cleaning up", "ending at once"


@contextmanager
def ended_by_signals(stop: Stop, folder: Path, tell: Callable[[str], object]) -> Iterator[None]:
    """Let signals end the run of a folder; `tell` hears so, in a thread of its own."""
    with Herald(tell) as herald, answered(_stopping(stop, folder, herald), tuple(SIGNALS)):
        yield


@contextmanager
def left_by_signals() -> Iterator[None]:
    """Let a signal leave the block at once, for what may wait for ever and has made nothing."""

    def leave(found: signal.Signals) -> None:
        raise _Left(found)

    try:
        with answered(leave):
            yield
    except _Left as left:
        words = f"{left.signal.name} received before the cluster was connected"
        raise EndedError(SIGNALS[left.signal], words) from None


class _Left(BaseException):
    """A signal came; no library that catches every Exception keeps it."""

    def __init__(self, found: signal.Signals) -> None:
        self.signal = found


class Herald:
    """Passes on what a signal handler has to say, from a thread that may wait for a lock."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        # The one queue that may be written to while its own thread is interrupted in doing so.
        self._words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._tell = tell
        self._thread = threading.Thread(target=self._pass_on, name="ending", daemon=True)

    def say(self, words: str) -> None:
        """Tell it soon; safe in a signal handler."""
        self._words.put(words)

    def _pass_on(self) -> None:
        while words := self._words.get():
            self._tell(words)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._words.put("")
        self._thread.join(JOIN_S)


def _stopping(stop: Stop, folder: Path, herald: Herald) -> Callable[[signal.Signals], object]:
    """Turn the first signal into an orderly end, the second into a hurried one."""
    seen: list[signal.Signals] = []

    def handle(found: signal.Signals) -> None:
        seen.append(found)  # the next one may come at any moment, inside of this function as well
        first = seen[0]
        hurry = bool(stop) or len(seen) > 1 or found is AT_ONCE
        by = owner.signed(folder) if first is not signal.SIGINT else ""
        words = f"cancelled by {first_line(by)}" if by else f"{first.name} received"
        if not (stop or len(seen) > 1):
            again = "Ctrl-C once more" if first is signal.SIGINT else "once more"
            herald.say(f"{words}: {IN_A_HURRY if hurry else f'{IN_ORDER}; {again} to hurry'}")
        stop.request(SIGNALS[first], words, hurry=hurry)

    return handle

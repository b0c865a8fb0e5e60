"""Says at once that a run ends, though the run itself may be busy for a while."""

import queue
import threading
from collections.abc import Callable
from typing import Self

JOIN_S = 5.0


class Ending:
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

"""One thread in which all controllers act, now or after a while."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_JOIN_S = 10.0
_log = logging.getLogger(__name__)

Task = Callable[[], object]


class Loop:
    """Runs tasks one after the other; a task that fails does not stop it.

    `failed` hears of the first failure: what the cluster does from then on means nothing.
    """

    def __init__(self, failed: Callable[[Exception], object] = lambda _: None) -> None:
        self._failed = failed
        self.failure: Exception | None = None  # the first one
        self._due: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="replay-loop", daemon=True)

    def start(self) -> None:
        """Begin to run tasks."""
        self._thread.start()

    def stop(self) -> None:
        """Drop what is due and wait for the thread."""
        with self._changed:
            self._ending = True
            self._due.clear()
            self._changed.notify()
        self._thread.join(_JOIN_S)

    def soon(self, task: Task) -> None:
        """Run a task as soon as the ones before it are done."""
        self.later(0, task)

    def later(self, delay_s: float, task: Task) -> None:
        """Run a task after a while."""
        with self._changed:
            if self._ending:
                return
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._order), task))
            self._changed.notify()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:
                _log.debug("a controller of the replay cluster failed", exc_info=True)
                if self.failure is None:
                    self.failure = error
                    self._failed(error)

    def _next(self) -> Task | None:
        with self._changed:
            while not self._ending:
                if not self._due:
                    self._changed.wait()
                    continue
                wait_s = self._due[0][0] - time.monotonic()
                if wait_s <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait_s)
        return None


class Once:
    """Runs a task for each key at most once at a time: further calls while it is due do nothing."""

    def __init__(self, loop: Loop, task: Callable[[str, str], object]) -> None:
        self._loop = loop
        self._task = task
        self._due: set[tuple[str, str]] = set()

    def later(self, delay_s: float, namespace: str, name: str) -> None:
        """Let the task run for an object after a while, unless it is due already."""
        key = (namespace, name)
        if key in self._due:
            return
        self._due.add(key)
        self._loop.later(delay_s, lambda: self._fire(key))

    def _fire(self, key: tuple[str, str]) -> None:
        self._due.discard(key)
        self._task(*key)

"""One watch that goes on: what a stream has missed is read anew, until somebody closes it."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Expired, Forbidden, KubeError
from helper.resource import text
from helper.transport import Json, Watch
from orchestrator.outage import Outage

RETRY_S = 1.0
SHORT_S = 1.0  # a stream that ends sooner may be one of a thousand
JOIN_S = 5.0


class Watching:
    """Follows objects in a thread of its own."""

    def __init__(
        self,
        name: str,
        look: Callable[[], str],
        watch: Callable[[str], Watch],
        note: Callable[[str, Json], None],
        refused: Callable[[Forbidden], None],
        *,
        outage: Outage | None = None,
        watched: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Clock = SYSTEM_CLOCK,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """`look` reads everything and gives the version that `watch` opens a stream behind.

        `note` hears each change, `refused` that watching is forbidden, which ends it. `watched` is
        entered while a stream is open; `pause` waits for a while, or for the end.
        """
        self._look = look
        self._open = watch
        self._note = note
        self._refused = refused
        self._outage = outage
        self._watched = watched
        self._lock = threading.Lock()
        self._stream: Watch | None = None
        self._clock = clock
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
        self._version = ""

    @property
    def is_closed(self) -> bool:
        """Whether what comes now is of no concern any more."""
        return self._closed.is_set()

    def start(self, version: str = "") -> None:
        """Begin behind a version; without one everything is read first."""
        self._version = version
        self._thread.start()

    def close(self) -> None:
        """End it, and wait for what is being noted."""
        self._closed.set()
        with self._lock:
            if self._stream:
                self._stream.close()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _follow(self) -> None:
        """Watch until closed; a stream that ends is opened again where it ended."""
        while not self.is_closed:
            begun = self._clock.now()
            try:
                self._version = self._version or self._look()
                self._read()
                self._rest_since(begun)
            except Expired:
                self._version = ""
                self._rest_since(begun)
            except Forbidden as error:
                if self._version:
                    self._refused(error)
                    return
                self._wait_after(error)  # who could read before: a server that has just begun
            except KubeError as error:
                self._version = ""
                self._wait_after(error)

    def _read(self) -> None:
        stream = self._open(self._version)
        if self._outage:
            self._outage.answered()
        with self._lock:
            self._stream = stream
        with stream, self._watched():
            if self.is_closed:  # close() may have run before this stream was known
                return
            for event in stream:
                found = text(event.object, "metadata", "resourceVersion")
                self._version = found or self._version
                if event.type != "BOOKMARK":
                    self._note(event.type, event.object)

    def _rest_since(self, begun: float) -> None:
        """Spare a server that ends each stream at once."""
        if self._clock.now() - begun < SHORT_S:
            self._pause(RETRY_S)

    def _wait_after(self, error: KubeError) -> None:
        if self._outage:
            self._outage.failed(error)
        self._pause(RETRY_S)

"""A container's log, followed while it runs: shown at once, and kept when the pod goes away."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from helper import contract
from helper.errors import Forbidden, KubeError, NotFound
from helper.kube import Kube
from orchestrator.logs import cut

if TYPE_CHECKING:
    from helper.transport import Lines

RING_LINES = 5000  # evidence, log lines and facts; each has a limit of its own in the report
RING_BYTES = 4 * 1024 * 1024  # what eight checks at once may take of the orchestrator's memory
# What kubelet answers, with status 200, when the container's files are removed already.
NO_LOG = ("unable to retrieve container logs for ", "failed to try resolving symlinks in path ")
FIRST_S = 0.3  # a check that ends at once needs no other request than that for its whole log
RETRY_S = (1.0, 2.0, 4.0, 8.0, 15.0)
JOIN_S = 5.0  # far more than it takes
OVERLAP_S = 1  # stdout and stderr are stamped apart and may be written in the other order


class Ring:
    """The last lines of a log, bounded in number and size; says how many it has let go."""

    def __init__(self, lines: int = RING_LINES, size_bytes: int = RING_BYTES) -> None:
        self._lines: deque[str] = deque()
        self._limits = lines, size_bytes
        self._size_bytes = 0
        self._dropped = 0

    def add(self, line: str) -> None:
        """Take a line in; the oldest ones make room for it."""
        self._lines.append(line)
        self._size_bytes += len(line.encode(errors="replace"))
        while len(self._lines) > 1 and (
            len(self._lines) > self._limits[0] or self._size_bytes > self._limits[1]
        ):
            self._size_bytes -= len(self._lines.popleft().encode(errors="replace"))
            self._dropped += 1

    @property
    def text(self) -> str:
        """All that is kept, with a note in place of what is not."""
        note = [f"... {self._dropped} earlier lines left out here ..."] if self._dropped else []
        return "\n".join([*note, *self._lines])


class Heard:
    """What is heard of a check as it is printed: kept, and its results told at once."""

    def __init__(self, said: Callable[[str], None] = lambda _: None) -> None:
        """`said` hears each line that the check wants the operator to see, without its prefix."""
        self._said = said
        self._ring = Ring()
        self.told: list[str] = []  # what `said` has heard

    def add(self, words: str) -> None:
        """Take in a line, without its end."""
        self._ring.add(words)
        if words.startswith(contract.RESULT_PREFIX):
            result = cut(words).removeprefix(contract.RESULT_PREFIX)
            self.told.append(result)
            self._said(result)

    @property
    def text(self) -> str:
        """What is kept."""
        return self._ring.text


class Overlap:
    """Tells lines that are new from those that came already, before the stream was cut.

    A server asked for the log since a time knows whole seconds only, and gives the lines of that
    second again. So those of the youngest seconds are remembered, each as often as it came.
    """

    def __init__(self) -> None:
        self._came: dict[int, Counter[int]] = {}  # by second of writing; hashes of lines
        self._again: Counter[tuple[int, int]] = Counter()

    def begin(self) -> datetime | None:
        """Expect the remembered lines again; gives the time to ask the log since."""
        self._again = Counter(
            {(at, line): n for at, lines in self._came.items() for line, n in lines.items()}
        )
        return datetime.fromtimestamp(max(self._came) - OVERLAP_S, UTC) if self._came else None

    def is_new(self, at: int, line: bytes) -> bool:
        """Whether a line, written in this second, has not come before."""
        mark = hash(line)
        if self._again[at, mark] > 0:
            self._again[at, mark] -= 1
            return False
        self._came.setdefault(at, Counter())[mark] += 1
        newest = max(self._came)
        if at == newest:
            for old in [second for second in self._came if second < newest - OVERLAP_S]:
                del self._came[old]
        return True


class Follower:
    """Follows one container's log in a thread and on a connection of its own."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        pod: str,
        said: Callable[[str], None] = lambda _: None,
        retry_s: tuple[float, ...] = RETRY_S,
    ) -> None:
        """`said` hears results, as those of Heard."""
        self._kube = kube
        self._place = namespace, pod, contract.CONTAINER
        self._retry_s = retry_s
        self._heard = Heard(said)
        self._overlap = Overlap()
        self._unfinished = ""  # a last line without an end; the next stream gives it whole
        self._failures = 0
        self._lock = threading.Lock()
        self._stream: Lines | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"log-{pod}", daemon=True)

    @property
    def told(self) -> list[str]:
        """What `said` has heard."""
        return self._heard.told

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self, grace_s: float = 0.0) -> None:
        """End; a stream whose container has ended may take `grace_s` to come to its own end."""
        if grace_s:
            self._thread.join(grace_s)
        self._stopped.set()
        with self._lock:
            stream = self._stream
        if stream:
            stream.close()
            self._thread.join(timeout=JOIN_S)
        # Without one the thread waits for an answer, which comes with the first line of the log;
        # it ends by itself, and takes in nothing more.

    @property
    def text(self) -> str:
        """What was followed; complete only once it is stopped."""
        return "\n".join(filter(None, (self._heard.text, self._unfinished)))

    def _run(self) -> None:
        self._stopped.wait(FIRST_S)
        while not self._stopped.is_set():
            try:
                self._read()
            except (NotFound, Forbidden):
                return  # the pod is gone, or nobody lets us look; the end of the check says more
            except KubeError:
                self._failures += 1
            # A proper end is the container's, or a server's that restarts; the watch will tell.
            step = min(self._failures, len(self._retry_s) - 1)
            self._stopped.wait(self._retry_s[step])

    def _read(self) -> None:
        """Read one stream to its end."""
        with self._lock:
            self._stream = None
        stream = self._kube.follow_log(*self._place, self._overlap.begin())
        with self._lock:
            self._stream = stream
        with stream:
            if self._stopped.is_set():  # stop() may have run before this stream was known
                return
            self._unfinished = ""
            for line in stream:
                self._failures = 0
                self._take(line)

    def _take(self, line: bytes) -> None:
        stamp, _, rest = line.partition(b" ")
        at = _second(stamp)
        words = (line if at is None else rest).decode(errors="replace")
        if not words.endswith("\n"):
            self._unfinished = "" if words.startswith(NO_LOG) else words
            return
        if at is not None and not self._overlap.is_new(at, line):
            return
        self._heard.add(words.removesuffix("\n"))


def _second(stamp: bytes) -> int | None:
    """The second in which a line was written; None for what is no time."""
    try:
        return int(datetime.fromisoformat(stamp.decode("ascii")).timestamp())
    except ValueError:
        return None

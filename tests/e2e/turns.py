"""Who may use the one cluster: tests of several processes at once, or one that must be alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

ALONE = "alone"
# Tests that look at all nodes, or at the whole cluster, or fill it with the example: one lane.
WHOLE_CLUSTER = (
    "/test_before_a_run.py",
    "/test_caller.py",
    "/test_capture.py",
    "/test_example.py",
    "/test_processes.py",
    "/test_rights.py",
    "/test_snapshot.py",
    "::TestReading::test_nodes",
    "::TestClaims::test_are_not_allocated_beyond_what_there_is",
)


def is_alone(item: pytest.Item | None) -> bool:
    """Whether a test harms others beside it."""
    return item is not None and item.get_closest_marker(ALONE) is not None


def lane(nodeid: str) -> str:
    """Where a test waits: those of one lane run one after another, by one process."""
    if any(part in nodeid for part in WHOLE_CLUSTER):
        return "the whole cluster"
    return nodeid.partition("[")[0].rpartition("::")[0]


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """Gives each process a lane at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


class Turns:
    """The turns of one process; what tests of one kind have prepared stays until the last one."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._is_held = False

    @contextmanager
    def of(self, item: pytest.Item, following: pytest.Item | None) -> Iterator[None]:
        """Wait until a test may run, and hold that while it does, and those that go with it."""
        if not self._is_held:
            self._held.enter_context(cluster_held(alone=is_alone(item)))
        try:
            yield
        finally:
            self._is_held = following is not None and _go_together(item, following)
            if not self._is_held:
                self._held.close()


def _go_together(item: pytest.Item, following: pytest.Item) -> bool:
    if is_alone(item) or is_alone(following):
        return is_alone(item) and is_alone(following)
    return lane(item.nodeid) == lane(following.nodeid)


@contextmanager
def cluster_held(*, alone: bool) -> Iterator[None]:
    """Hold the cluster of KUBECONFIG together with others, or alone; the file itself is locked."""
    paths = [Path(path) for path in os.environ.get("KUBECONFIG", "").split(":") if path]
    kubeconfig = next((path for path in paths if path.is_file()), None)
    if kubeconfig is None:
        yield
        return
    with ExitStack() as stack:
        gate = stack.enter_context(_opened(kubeconfig.parent))
        cluster = stack.enter_context(_opened(kubeconfig))
        kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        fcntl.flock(gate, kind)  # who waits to be alone lets nobody in any more
        fcntl.flock(cluster, kind)
        if not alone:
            fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)

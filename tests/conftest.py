"""Factories that tests share; everything is healthy by default."""

import gc
import io
import json
import os
import signal
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helper import contract, documents, runner
from helper.deadline import SYSTEM_CLOCK, Clock
from orchestrator.replay import ReplayCluster
from orchestrator.signals import ENDING
from tests.e2e.turns import Turns

Json = dict[str, Any]

TURNS = Turns()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half of the time a test waits for processes, backoffs and patience that it has started."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_finish() -> None:
    """Leave what all tests have imported to itself: looking through it stops every thread."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    if item.get_closest_marker("e2e"):
        with TURNS.of(item, nextitem):
            return (yield)
    return (yield)


@dataclass(frozen=True)
class CheckRun:
    """How a check ended and all that it said."""

    code: int
    message: str  # the termination log
    stdout: str
    stderr: str

    @property
    def facts(self) -> dict[str, Any]:
        """The machine-readable facts, the last of each key."""
        prefix = contract.FACT_PREFIX
        found: dict[str, Any] = {}
        for line in self.stdout.splitlines():
            if line.startswith(prefix):
                found.update(json.loads(line.removeprefix(prefix)))
        return found


RunCheck = Callable[..., CheckRun]


@pytest.fixture
def signals_count() -> Iterator[None]:
    """Let programs that a test starts notice signals, even if nohup or `&` started the tests."""
    ignored = [number for number in ENDING if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def run_check(tmp_path: Path) -> RunCheck:
    """Run a check through the real runner, in process, against a replay cluster."""

    def run(
        package: str,
        name: str,
        *,
        cluster: ReplayCluster | Sequence[Json] = (),
        recipe: Mapping[str, Any] | None = None,
        snapshot: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> CheckRun:
        if not isinstance(cluster, ReplayCluster):
            cluster = ReplayCluster(objects=list(cluster))
        root = tmp_path / "root"
        kubeconfig = _prepare_root(root, recipe, snapshot)
        given = {
            contract.FILE_ROOT: str(root),
            "KUBECONFIG": str(kubeconfig),
            contract.CHECK_TIMEOUT: "30s",
            contract.RUN_ID: "20260101-000000-0123456789abcdef",
            **(env or {}),
        }
        out, err = io.StringIO(), io.StringIO()
        with cluster.serve() as server, redirect_stderr(err):
            server.write_kubeconfig(kubeconfig)
            code = runner.main(package, [name], given, out, clock)
        message = (root / "dev/termination-log").read_text()
        return CheckRun(code, message, out.getvalue(), err.getvalue())

    return run


def _prepare_root(
    root: Path, recipe: Mapping[str, Any] | None, snapshot: Mapping[str, Any] | None
) -> Path:
    """Lay out what kubelet would mount; gives the path for the kubeconfig."""
    for kind, value in (("validation", recipe), ("snapshot", snapshot)):
        folder = root / "data" / kind
        folder.mkdir(parents=True, exist_ok=True)
        if value is not None:
            (folder / f"{kind}.yaml").write_text(documents.dump(dict(value)))
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev/termination-log").write_text("")
    return root / "kubeconfig"

"""What a server that is killed leaves behind: nothing."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.local.scratch import Scratch, remove_stale
from tests.contract.conftest import eventually
from tests.orchestrator.local.processes import runs
from tests.source import ROOT

PROGRAM = """
import sys, time
from orchestrator.replay import ReplayCluster
from tests.contract.http import replay_server
from tests.fakes.objects import node
from tests.orchestrator.replay.conftest import IMAGE, Bench

cluster = ReplayCluster([node("node-1")], images={IMAGE: ["python"]})
with replay_server(cluster) as server:
    child = "import subprocess, sys; "
    child += "subprocess.run([sys.executable, '-c', 'import signal; signal.pause()'])"
    code = f"import os; print(os.getpid(), flush=True); {child}"
    bench = Bench(cluster, server)
    path = bench.start(code)
    while not (found := bench.server.get(path + "/log").body) or not str(found).strip().isdecimal():
        time.sleep(0.02)
    print(str(found).strip(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, for this process and those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def server(temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    """A server in a process of its own, with a container that runs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.kill()


def test_a_killed_server_leaves_no_process_and_no_file(
    temporary: Path, server: "subprocess.Popen[str]"
) -> None:
    assert server.stdout is not None
    container = int(server.stdout.readline())
    assert runs(container)
    assert len(list(temporary.glob("aicr-replay-*"))) == 1
    server.send_signal(signal.SIGKILL)
    server.wait()

    eventually(lambda: not runs(container))
    eventually(lambda: not list(temporary.glob("aicr-replay-*")))


def test_the_folder_of_a_dead_owner_is_removed_by_the_next_server(temporary: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    stale = temporary / f"aicr-replay-{dead.stdout.strip()}-x"
    stale.mkdir()
    (stale / ".owner").touch()
    foreign = temporary / "aicr-replay-of-somebody"
    foreign.mkdir()
    scratch = Scratch("aicr-replay-")

    assert not stale.exists()
    assert foreign.exists()
    remove_stale("aicr-replay-")
    assert scratch.path.exists()
    scratch.remove()
    assert not scratch.path.exists()

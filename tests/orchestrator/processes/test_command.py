"""`validate --executor process` from a shell, and what is left when it is ended badly."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.exits import Exit
from tests.contract.conftest import eventually
from tests.orchestrator.local.processes import runs
from tests.source import ROOT

EXAMPLE = ROOT / "examples/eks-h100-inference"
# A check of the second phase asks again for seconds, in which it can be interrupted.
BUSY = """
apiVersion: replay.aicr.run/v1alpha1
kind: Fault
fault: "429"
resource: deviceclasses
every: 1
"""
# A run whose one check says which process it is, and then does not end.
ENDLESS = """
import sys
from orchestrator.events import CheckSaid
from orchestrator.processes import Processes
from tests.orchestrator.engine import Engine, entry

code = "import os, time; print('RESULT:', os.getpid(), flush=True); time.sleep(600)"
command = lambda planned: (sys.executable, "-c", code)

def tell(_run, _cluster, event):
    if isinstance(event, CheckSaid):
        print(event.line, flush=True)

Engine([entry("alpha")], executor=Processes(command=command)).run(tell)
"""


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TMPDIR": str(temporary)}


def start(env: Mapping[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "validate", *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(env: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    with start(env, *arguments) as process:
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


def folders(env: Mapping[str, str]) -> list[Path]:
    return list(Path(env["TMPDIR"]).glob("aicr-run-*"))


def test_a_report_says_on_its_first_line_how_checks_ran(env: Mapping[str, str]) -> None:
    flags = ("--replay", str(EXAMPLE), "--executor", "process", "--check", "operator-health")
    code, out, err = end(env, *flags, "-o", "md=-")

    assert code == Exit.OK, err
    assert err.splitlines()[0].endswith("checks as local processes")
    assert "nothing is created in the cluster" in err.splitlines()[2]
    assert "> **processes**: checks ran on the caller's machine" in out
    assert folders(env) == []


def test_an_interrupted_run_goes_on_where_it_was(env: Mapping[str, str], tmp_path: Path) -> None:
    cluster = shutil.copytree(EXAMPLE, tmp_path / "cluster")
    busy = cluster / "faults/busy.yaml"
    busy.parent.mkdir()
    busy.write_text(BUSY)
    flags = ("--replay", str(cluster), "--executor", "process", "--depth", "fast")
    with start(env, *flags) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("running    conformance"):
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=120)
    assert "SIGINT received: ending in order and cleaning up; Ctrl-C once more to hurry" in err
    (run,) = (tmp_path / "aicr-orch/runs").iterdir()
    kept = {path.name: results(path) for path in run.glob("checks/deployment.*.json")}

    assert process.returncode == Exit.INTERRUPTED
    assert folders(env) == []
    busy.unlink()
    code, _, err = end(env, "--resume", run.name)
    assert code == Exit.OK, err
    assert {name: results(run / "checks" / name) for name in kept} == kept
    assert len(list(run.glob("checks/*.json"))) == 4


def results(path: Path) -> Any:
    return json.loads(path.read_text())["start"]


def test_a_killed_run_leaves_no_process_and_no_kubeconfig(env: Mapping[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        cwd=ROOT,
        env={**env, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        check = int(process.stdout.readline())
        assert runs(check)
        assert folders(env)
        process.kill()

    eventually(lambda: not runs(check))
    eventually(lambda: not folders(env))

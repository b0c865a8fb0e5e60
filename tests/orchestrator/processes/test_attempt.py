"""What holds only for a check that runs as a process of this machine."""

import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from helper.errors import InputError
from orchestrator.catalog import Entry
from orchestrator.events import CheckProgressed, CheckSaid, Event, Notice
from orchestrator.exits import Exit
from orchestrator.forwarding import Forwarded
from orchestrator.outcome import Status
from orchestrator.plan import PlannedCheck
from orchestrator.processes import Processes
from orchestrator.processes.attempt import Bounds
from orchestrator.processes.executor import installed
from orchestrator.replay import ReplayCluster
from tests.fakes.clock import JumpingClock
from tests.orchestrator.engine import Engine, Finished, entry, everything, node
from tests.orchestrator.local.processes import runs

GIVEN = {obj["kind"] for obj in everything(ReplayCluster(objects=[node()]))}
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "


def code_of(planned: PlannedCheck) -> Sequence[str]:
    assert planned.entry
    return (sys.executable, "-c", *planned.entry.args)


def run(code: str, during: Any = lambda *_: None, **changes: Any) -> Finished:
    of_the_engine = {"settings", "forwarded", "clock"} & changes.keys()
    engine_changes = {key: changes.pop(key) for key in of_the_engine}
    name = changes.pop("name", "alpha")
    executor = Processes(command=code_of, bounds=changes.pop("bounds", None))
    return Engine(
        [entry(name, **{"args": [code], **changes})], executor=executor, **engine_changes
    ).run(during)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_nothing_is_made_in_the_cluster() -> None:
    finished = run("pass")

    assert finished.outcome("alpha").status is Status.PASSED
    assert {obj["kind"] for obj in everything(finished.cluster)} <= GIVEN
    assert {item.method for item in finished.cluster.requests} <= {"GET"}


def test_that_is_said_at_the_beginning() -> None:
    (told,) = run("pass").told(Notice)

    assert "nothing is made in the cluster" in told.text


def test_a_check_talks_to_the_cluster_as_the_caller() -> None:
    code = (
        "import os; from helper.credentials import Credentials; from helper.kube import connect; "
        "from helper.kinds import NODES; env = os.environ; "
        "print(len(connect(Credentials.discover(env), env).list(NODES)))"
    )

    assert run(code).outcome("alpha").stdout == ("1",)


def test_its_files_are_for_the_caller_only_and_gone_afterwards(temporary: Path) -> None:
    seen: dict[str, int] = {}

    def look(_run: Any, _cluster: Any, event: Event) -> None:
        if isinstance(event, CheckProgressed):
            (folder,) = temporary.glob("aicr-run-*")
            (config,) = folder.glob("*/kubeconfig")
            seen.update(folder=folder.stat().st_mode, config=config.stat().st_mode)

    run("import time; time.sleep(0.2)", look)

    assert {key: stat.S_IMODE(mode) for key, mode in seen.items()} == {
        "folder": 0o700,
        "config": 0o600,
    }
    assert not list(temporary.glob("aicr-run-*"))


def test_a_clean_environment_has_what_reaches_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    names = ("NO_PROXY", "HOME", "AICR_FILE_ROOT", "AWS_PROFILE")
    code = f"import os; print(*(os.environ.get(name) for name in {names!r}))"
    proxy, home, root, profile = run(code).outcome("alpha").stdout[0].split()

    assert (proxy, profile) == ("localhost,127.0.0.1", "None")
    assert home == root


def test_a_token_for_models_reaches_no_process_for_none_loads_a_model() -> None:
    code = "import os; print(os.environ.get('HF_TOKEN')); raise SystemExit(1)"
    finished = run(code, name="inference-perf", forwarded=Forwarded(token="hf_tell_nobody"))

    assert finished.outcome("inference-perf").stdout == ("None",)
    assert "nobody" not in str((finished.kept, finished.diagnosed, finished.events))


def run_beyond_its_budget(code: str, grace_s: float) -> Finished:
    """Run what says again and again that it is ready; an hour passes each time."""
    clock = JumpingClock()

    def jump(_run: Any, _cluster: Any, event: Event) -> None:
        if isinstance(event, CheckSaid):
            clock.ahead_s += 3600.0

    return run(code, jump, timeout="10m", bounds=Bounds(grace_s=grace_s), clock=clock)


def test_a_check_beyond_its_budget_is_asked_to_stop() -> None:
    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "while True: print('RESULT: ready', flush=True); time.sleep(0.1)"
    )
    outcome = run_beyond_its_budget(code, grace_s=1e6).outcome("alpha")

    assert (outcome.raw_status, outcome.exit_code) == ("DeadlineExceeded", 143)
    assert outcome.message == "the check went on beyond its 10m0s budget"


def test_a_check_that_does_not_stop_is_killed_with_its_children() -> None:
    child = (
        "import subprocess, sys; code = 'import signal; signal.pause()'; "
        "child = subprocess.Popen([sys.executable, '-c', code])\n"
        "while True: print('RESULT:', child.pid, flush=True); time.sleep(0.1)"
    )
    finished = run_beyond_its_budget(DEAF + child, grace_s=0.3)
    outcome = finished.outcome("alpha")

    assert (outcome.raw_status, outcome.exit_code) == ("DeadlineExceeded", 137)
    assert not runs(int(finished.told(CheckSaid)[0].line))


@pytest.mark.parametrize("hurry", [False, True])
def test_a_stopped_run_waits_for_a_check_unless_in_a_hurry(hurry: bool) -> None:
    def stop(running: Any, _cluster: Any, event: Event) -> None:
        if isinstance(event, CheckProgressed):
            running.stop.request(Exit.INTERRUPTED, "SIGINT received", hurry=hurry)

    begun = time.monotonic()
    outcome = run(DEAF + "time.sleep(600)", stop, bounds=Bounds(grace_s=600.0 if hurry else 0.2))

    assert outcome.outcome("alpha").raw_status == "Cancelled"
    assert time.monotonic() - begun < 300  # neither the check nor the grace of a hurried end


def test_more_memory_than_its_limit_ends_a_check() -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("only Linux tells")
    resources = {"cpu": "1", "memory": "100Mi"}
    outcome = run("import time; x = 'x' * 300_000_000; time.sleep(60)", resources=resources)

    assert outcome.outcome("alpha").raw_status == "OOMKilled"
    assert "100Mi" in outcome.outcome("alpha").message


def test_what_cannot_be_started_gives_no_verdict_and_is_tried_again() -> None:
    def nowhere(planned: PlannedCheck) -> Sequence[str]:
        return ("/nowhere/python", planned.name)

    finished = Engine([entry("alpha", retries=1)], executor=Processes(command=nowhere)).run()
    outcome = finished.outcome("alpha")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "StartError")
    assert outcome.message.startswith("could not start: ")
    assert outcome.extra["attempts"] == 2


def test_a_package_that_is_not_installed_is_named() -> None:
    found = Entry(name="alpha", phase="conformance", image="registry.example/other:v1")

    with pytest.raises(InputError, match="is not installed beside this program"):
        installed(PlannedCheck("alpha", "conformance", "aicr-alpha-0", entry=found))


def test_what_looks_like_a_secret_is_taken_out_of_all_that_is_kept() -> None:
    token = f"hf_{'x' * 30}"
    finished = run("print('RESULT: found hf_' + 'x' * 30); raise SystemExit(1)")

    assert finished.told(CheckSaid)
    assert token not in str((finished.kept, finished.events, finished.diagnosed))

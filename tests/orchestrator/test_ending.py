import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.ending import Herald, left_by_signals
from orchestrator.errors import EndedError
from orchestrator.exits import Exit
from tests.fakes.scripted_server import kubeconfig
from tests.orchestrator.machine import Machine
from tests.source import ROOT

EXAMPLE = ROOT / "examples/eks-h100-inference"


def test_what_is_said_is_told_in_order_before_the_end() -> None:
    told: list[str] = []

    with Herald(told.append) as ending:
        ending.say("one")
        ending.say("two")

    assert told == ["one", "two"]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (signal.SIGINT, Exit.INTERRUPTED),
        (signal.SIGTERM, Exit.TERMINATED),
        (signal.SIGHUP, Exit.TERMINATED),
    ],
)
def test_a_signal_ends_a_wait_though_a_library_catches_every_error(
    found: signal.Signals, code: Exit
) -> None:
    @left_by_signals()
    def wait() -> None:
        with suppress(Exception):
            signal.raise_signal(found)
        pytest.fail("it went on")

    with pytest.raises(EndedError, match=f"{found.name} received") as caught:
        wait()

    assert caught.value.exit is code


def test_a_run_whose_credentials_never_come_can_be_ended(here: Machine, tmp_path: Path) -> None:
    began = tmp_path / "began"
    os.mkfifo(began)
    config = kubeconfig("https://127.0.0.1:1")
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh"}
    waits = ["-c", f"echo $$ >{began}; exec sleep 600"]
    config["users"][0]["user"] = {"exec": {**program, "args": waits, "interactiveMode": "Never"}}
    path = tmp_path / "never"
    path.write_text(json.dumps(config))

    run = here.start("validate", "-r", f"{EXAMPLE}/recipe.yaml", "-k", str(path), "-o", "/dev/null")
    waiting = int(began.read_text())
    try:
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=60)
    finally:
        os.kill(waiting, signal.SIGKILL)

    assert run.returncode == Exit.TERMINATED
    assert said.splitlines()[-1].endswith("SIGTERM received before the cluster was connected")

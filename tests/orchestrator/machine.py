"""A machine whose user starts, leaves and ends runs, each command as a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from helper.kube import Kube
from orchestrator import owner
from orchestrator.exits import Exit
from orchestrator.owner import Process
from orchestrator.sweep import find_objects
from tests.bench import cluster
from tests.orchestrator.engine import entry
from tests.source import ROOT

QUICK, SLOW, AFTER = "quick", "slow", "after"
SECONDS = {QUICK: 0.1, SLOW: 300.0, AFTER: 0.1}  # nobody waits for the slow one
ENDS_S = 120.0
# The test runner itself may have been started without a terminal.
HEARS_CTRL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from orchestrator import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Machine:
    """A machine of somebody who uses the command; its home and its kubeconfig."""

    home: Path
    inputs: Path
    kubeconfig: Path

    @property
    def env(self) -> dict[str, str]:
        """What its shell exports."""
        given = {key: value for key, value in os.environ.items() if not key.startswith("AICR_")}
        return {
            **given,
            "XDG_STATE_HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig),
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-c", HEARS_CTRL_C, *arguments],
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "orchestrator", *arguments],
            cwd=self.home,
            env=self.env,
            input=given,
            capture_output=True,
            text=True,
            timeout=ENDS_S,
            check=False,
        )

    def slow(self) -> tuple[str, ...]:
        """The arguments of a run that does not end by itself."""
        recipe, data = str(self.inputs / "recipe.yaml"), str(self.inputs / "data")
        return ("validate", "-r", recipe, "--data", data, "--max-parallel", "1")

    def detached(self, *arguments: str) -> str:
        """Start a run that goes on by itself; gives its name once its slow check works."""
        said = self.end(*self.slow(), "--detach", *arguments)
        assert said.returncode == Exit.OK, said.stderr
        run_id = said.stdout.strip()
        wait_for(lambda: f'"check": "{SLOW}", "stage": "running"' in self.told(run_id))
        return run_id

    def folder(self, run_id: str) -> Path:
        """Where a run keeps what it has."""
        return self.home / "aicr-orch/runs" / run_id

    def told(self, run_id: str) -> str:
        """What a run has written down."""
        path = self.folder(run_id) / "events.jsonl"
        return path.read_text() if path.is_file() else ""

    def process(self, run_id: str) -> Process:
        """The process of a run."""
        found = owner.holder(self.folder(run_id))
        assert found
        return found

    def verdicts(self, run_id: str) -> dict[str, tuple[str, str]]:
        """Status and message of each check in the report."""
        report = json.loads((self.folder(run_id) / "ctrf.json").read_text())
        return {t["name"]: (t["status"], t.get("message", "")) for t in report["results"]["tests"]}


def wait_for(seen: Callable[[], object]) -> None:
    """Wait until there is something to see; AssertionError when it never comes."""
    until = time.monotonic() + ENDS_S
    while not seen():
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)


def write_inputs(folder: Path) -> Path:
    """Write recipe and catalog; gives the recording of a cluster that they are for."""
    catalog = folder / "data/validators/catalog.yaml"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(yaml.dump({"validators": [entry(name) for name in SECONDS]}))
    wanted = {"kind": "RecipeResult", "validation": {"conformance": {"checks": [*SECONDS]}}}
    (folder / "recipe.yaml").write_text(yaml.dump(wanted))
    return cluster.folder(folder / "cluster", 1, SECONDS)


def left(kube: Kube, run_id: str) -> list[str]:
    """Objects of a run that are still in the cluster."""
    found = find_objects(kube, f"aicr.run/run-id={run_id}")
    return [f"{resource.title} {body['metadata']['name']}" for resource, body in found]

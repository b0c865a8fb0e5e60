"""Whatever moment a run is killed at: nothing that was found is lost, nothing is left behind.

`AICR_KILLS=100 pytest tests/orchestrator/test_killed.py` tries more moments.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper.kube import Kube
from orchestrator.exits import Exit
from orchestrator.sweep import find_objects
from tests.bench import cluster
from tests.orchestrator.engine import entry
from tests.source import ROOT

SECONDS = {f"check-{number}": 0.2 for number in range(4)}
KILLS = int(os.environ.get("AICR_KILLS", "3"))
RUNS_S = 4.0  # about how long a whole run takes, its start included
ENDS_S = 120.0


@dataclass(frozen=True)
class Place:
    """A cluster in another process, and files for the command."""

    folder: Path
    kubeconfig: Path
    kube: Kube

    @property
    def runs(self) -> Path:
        """Where the command keeps its runs."""
        return self.folder / "aicr-orch/runs"

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start the command."""
        env = {**os.environ, "XDG_STATE_HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig)}
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *arguments],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def end(self, *arguments: str) -> tuple[int, str]:
        """Run the command to its end; its exit code and what it said."""
        with self.start(*arguments) as running:
            _, said = running.communicate(timeout=ENDS_S)
            return running.returncode, said.decode()

    def validate(self) -> "subprocess.Popen[bytes]":
        """Start a run of all checks, one after another."""
        recipe, data = str(self.folder / "recipe.yaml"), str(self.folder / "data")
        return self.start("validate", "-r", recipe, "--data", data, "--max-parallel", "2")

    def results(self, run: Path) -> dict[str, Any]:
        """What a run has kept."""
        found = [json.loads(path.read_text()) for path in run.glob("checks/*.json")]
        return {item["name"]: item for item in found}

    def left(self) -> list[str]:
        """Objects of runs that are still in the cluster."""
        found = find_objects(self.kube, "aicr.run/run-id")
        return [f"{resource.title} {body['metadata']['name']}" for resource, body in found]


def wait_for(seen: Callable[[], object]) -> None:
    """Wait until there is something to see; AssertionError when it never comes."""
    until = time.monotonic() + ENDS_S
    while not seen():
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("killed")
    catalog = folder / "data/validators/catalog.yaml"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(yaml.dump({"validators": [entry(name) for name in SECONDS]}))
    wanted = {"kind": "RecipeResult", "validation": {"conformance": {"checks": [*SECONDS]}}}
    (folder / "recipe.yaml").write_text(yaml.dump(wanted))
    recording = cluster.folder(folder / "cluster", 1, SECONDS)
    with cluster.served(recording) as kubeconfig, cluster.connected(kubeconfig) as kube:
        yield Place(folder, kubeconfig, kube)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_run_goes_on_without_losing_or_leaving_anything(place: Place, seed: int) -> None:
    known = set(place.runs.glob("*"))
    with place.validate() as running:
        time.sleep(random.Random(seed).uniform(0.5, RUNS_S))  # noqa: S311 - any moment
        running.kill()
    begun = set(place.runs.glob("*")) - known
    if not begun:  # killed before it had begun anything
        assert place.left() == []
        return
    (run,) = begun
    before = place.results(run)

    code, said = place.end("validate", "--resume", run.name)

    if "this run is complete" not in said:
        assert code == Exit.OK, said
    after = place.results(run)
    assert sorted(after) == sorted(SECONDS)
    assert {name: after[name]["start"] for name in before} == {
        name: before[name]["start"] for name in before
    }
    assert place.left() == []


@pytest.mark.usefixtures("hangups_count")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing_and_says_how_to_go_on(
    place: Place, number: signal.Signals
) -> None:
    known = set(place.runs.glob("*"))
    kept = set(place.runs.glob("*/checks/*.json"))
    with place.validate() as running:
        wait_for(lambda: any(set(place.runs.glob("*/checks/*.json")) - kept))
        running.send_signal(number)
        _, said = running.communicate(timeout=ENDS_S)
    (run,) = set(place.runs.glob("*")) - known

    report = json.loads((run / "ctrf.json").read_text())
    hint = f"go on with: aicr-orch validate --resume {run.name}"
    assert running.returncode == (Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED)
    assert (hint in said.decode()) is not report["results"]["summary"]["extra"]["complete"]
    assert place.left() == []


def test_what_a_killed_run_left_is_collected(place: Place) -> None:
    with place.validate() as running:
        wait_for(place.left)
        running.kill()

    code, said = place.end("gc", "--older-than", "0s")

    assert code == Exit.OK, said
    assert place.left() == []

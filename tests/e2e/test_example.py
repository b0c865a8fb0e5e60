import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helper import contract
from helper.kinds import NAMESPACES
from helper.kube import Kube
from helper.models import PHASES
from tests.e2e.leftovers import left_behind
from tests.e2e.real_cluster import ROOT, built_image, commit
from tests.example import FOLDER

Json = dict[str, Any]


def validate(report: Path, *arguments: str) -> tuple[int, Json]:
    """Run the command as a user would; gives its exit code and report."""
    command = [sys.executable, "-m", "orchestrator", "validate", "--phase", "all"]
    env = {**os.environ, contract.CLI_COMMIT: commit(), "XDG_STATE_HOME": str(report.parent)}
    done = subprocess.run(
        [*command, "-o", str(report), *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert report.is_file(), done.stderr
    return done.returncode, json.loads(report.read_text())


def verdicts(report: Json) -> dict[str, tuple[str, str]]:
    """Status and message of each check."""
    tests = report["results"]["tests"]
    return {test["name"]: (test["status"], test.get("message", "")) for test in tests}


@pytest.fixture(scope="module")
def reports(example: Kube, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, Json]]:
    """The example's report from the real cluster, and the one from the replay."""
    for phase in PHASES:
        built_image(example, phase)
    folder = tmp_path_factory.mktemp("reports")
    namespace = f"aicr-e2e-{secrets.token_hex(4)}"  # made by the run itself
    inputs = ["-r", str(FOLDER / "recipe.yaml"), "-s", str(FOLDER / "snapshot.yaml")]
    try:
        real = validate(folder / "real.json", *inputs, "--namespace", namespace)
    finally:
        example.delete(NAMESPACES, namespace)
    return {"real": real, "replay": validate(folder / "replay.json", "--replay", str(FOLDER))}


def test_every_check_of_the_example_passes_or_skips_on_a_real_node(
    reports: dict[str, tuple[int, Json]],
) -> None:
    code, report = reports["real"]

    assert code == 0, verdicts(report)
    assert report["results"]["summary"]["passed"] == 4
    assert report["results"]["summary"]["skipped"] == 1


def test_a_real_node_and_the_replay_give_the_same_verdicts(
    reports: dict[str, tuple[int, Json]],
) -> None:
    assert verdicts(reports["real"][1]) == verdicts(reports["replay"][1])


def test_no_check_ran_on_a_fake_node(reports: dict[str, tuple[int, Json]]) -> None:
    nodes = {test["extra"]["node"] for test in reports["real"][1]["results"]["tests"]}

    assert nodes
    assert not {node for node in nodes if node.startswith("ip-10-")}


def test_the_run_leaves_nothing_behind(
    reports: dict[str, tuple[int, Json]], real_kube: Kube
) -> None:
    environment = reports["real"][1]["results"]["environment"]
    run_id = environment["extra"]["runID"]

    assert left_behind(real_kube, run_id) == []

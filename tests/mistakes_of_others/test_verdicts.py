"""Green verdicts for what was never tested, and red ones for what is healthy."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from helper.contract import ExitCode
from orchestrator.exits import Exit
from orchestrator.replay import ReplayCluster
from tests.conftest import RunCheck
from tests.example import FOLDER as EXAMPLE
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.test_looking_again import Later, young
from tests.mistakes_of_others.conftest import MakePlace, Run
from tests.orchestrator.conftest import Command

Json = dict[str, Any]
NOT_APPLICABLE = {"exitCode": 2, "message": "no", "log": 'FACT: {"skip": "not-applicable"}\n'}
NO_CAPACITY = {"exitCode": 2, "message": "no GPU", "log": 'FACT: {"skip": "no-capacity"}\n'}
NASTY = "\x1b[2Jbroken \x00\x07 ]]> </script> & \u202e\u2028 \ud7ff"


# A selection that tests nothing was a success: AICR#977, ai-cloud-validation#644.
def test_nothing_selected_is_no_success(run: Run, place: MakePlace) -> None:
    where = place({"alpha": {}})
    (where.folder / "recipe.yaml").write_text("kind: RecipeResult\nvalidation: {}\n")

    ran = run(where)

    assert ran.code == Exit.USAGE
    assert "nothing would be tested" in ran.said


@pytest.mark.parametrize(
    ("skip", "code", "words"),
    [
        (NO_CAPACITY, Exit.INCONCLUSIVE, "inconclusive: not everything could be judged"),
        (NOT_APPLICABLE, Exit.OK, "nothing was proven: no check ran, or none applies"),
    ],
)
def test_all_skipped_is_never_told_as_passed(run: Run, skip: Json, code: Exit, words: str) -> None:
    ran = run({"alpha": skip, "beta": skip})

    assert (ran.code, words in ran.said) == (code, True)
    assert "checks passed" not in ran.said


# A check without its threshold passed: ai-cloud-validation#652. So it has none for all machines
# either: absolute limits failed healthy clusters of another type, AICR#1254.
def test_without_a_threshold_nothing_is_measured_against_one(aicr: Command, tmp_path: Path) -> None:
    recipe = yaml.safe_load((EXAMPLE / "recipe.yaml").read_text())
    recipe["validation"]["performance"]["constraints"] = []
    (tmp_path / "recipe.yaml").write_text(yaml.dump(recipe))

    only = ["--check", "nccl-all-reduce-bw", "-r", str(tmp_path / "recipe.yaml")]
    said = aicr("validate", "--replay", str(EXAMPLE), *only, "-o", str(tmp_path / "r"))

    (test,) = [
        test
        for test in json.loads((tmp_path / "r").read_text())["results"]["tests"]
        if test["name"] == "nccl-all-reduce-bw"
    ]
    assert (said.code, test["status"]) == (Exit.OK, "skipped")
    assert "no threshold" in test["message"]


# A sensor that could not be read counted as fine.
@pytest.mark.parametrize(
    "log",
    ["FACT: {broken\n", 'FACT: {"coverage": {"seen": "many", "total": 8, "unit": "nodes"}}\n'],
)
def test_a_pass_whose_evidence_cannot_be_read_is_none(run: Run, log: str) -> None:
    ran = run({"alpha": {"log": log}})

    assert ran.code == Exit.INCONCLUSIVE
    assert ran.tests["alpha"]["status"] == "other"


# A whole passed although a part that it needs was skipped: ai-cloud-validation#657.
def test_a_phase_with_a_check_that_could_not_run_is_not_passed(run: Run) -> None:
    ran = run({"alpha": {}, "beta": NO_CAPACITY})

    assert ran.code == Exit.INCONCLUSIVE
    assert re.search(r"^conformance +incomplete +1 passed, 1 skipped", ran.said, re.MULTILINE)


# Reports were invalid exactly when something failed, kyverno#17559.
def test_reports_of_a_failure_with_foreign_characters_are_valid(run: Run, tmp_path: Path) -> None:
    log = f"{NASTY}\n--- {NASTY} ---\nRESULT: {NASTY}\nFACT: {NASTY}\n"
    failing = {"exitCode": 1, "message": NASTY.replace("\x00", ""), "log": log}
    wanted = {name: tmp_path / f"report.{name}" for name in ("junit", "html", "md", "events")}

    ran = run({"alpha": failing}, *[f"--output={name}={path}" for name, path in wanted.items()])

    assert (ran.code, ran.tests["alpha"]["status"]) == (Exit.FAILED, "failed")
    assert ET.parse(wanted["junit"]).getroot().get("failures") == "1"
    assert all(json.loads(line) for line in wanted["events"].read_text().splitlines())
    for path in wanted.values():
        assert "\x1b" not in path.read_text()
    assert "\x1b" not in ran.said


# A look at one moment was the verdict on what was still on its way, AICR#1513.
def test_what_becomes_ready_while_it_is_looked_at_is_no_failure(run_check: RunCheck) -> None:
    ready = clusters.gpu_operator()
    pod = clusters.find(ready, "Pod", "gpu-operator-1")
    cluster = ReplayCluster(clusters.replace(ready, young(kube.unready(pod))))

    def settle() -> None:
        cluster.add(pod)

    clock = Later(settle)
    ran = run_check("images.deployment", "operator-health", cluster=cluster, clock=clock)

    assert (ran.code, ran.message) == (ExitCode.PASS, "")
    assert clock.slept


# Nodes that were cordoned or tainted were dropped without a trace, AICR#1668, AICR#1952.
def test_a_node_that_is_not_looked_at_is_named_and_counted(aicr: Command, tmp_path: Path) -> None:
    defect = EXAMPLE / "defects/gpu-node-cordoned.yaml"
    node = yaml.safe_load(defect.read_text())["patches"][0]["target"]["name"]
    report = tmp_path / "report.json"

    only = ["--check", "gpu-operator-health", "-o", str(report)]
    said = aicr("validate", "--replay", str(defect), *only)

    tests = json.loads(report.read_text())["results"]["tests"]
    (test,) = [test for test in tests if test["name"] == "gpu-operator-health"]
    coverage = test["extra"]["coverage"]
    assert said.code == Exit.INCONCLUSIVE
    assert coverage["seen"] == coverage["total"] - 1
    assert node in json.dumps(coverage)

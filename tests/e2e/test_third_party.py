"""Checks by somebody else: a shell script in an image, and a catalog of one's own."""

import json
from collections.abc import Iterator

import pytest

from helper.kube import Kube
from helper.resource import Json
from orchestrator.exits import Exit
from orchestrator.plan import new_run_id
from tests.e2e.command import run, write_inputs
from tests.e2e.leftovers import left_behind
from tests.e2e.real_cluster import built_image, temporary_namespace
from tests.e2e.real_run import entry

COMPONENTS = [{"name": "our-scheduler", "namespace": "ours"}]
PRESENT, ABSENT = "has-our-scheduler", "has-our-router"


@pytest.fixture(scope="module")
def report(
    real_kube: Kube, run_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Json]]:
    """Each check of a run whose verdict is a failure, by name; the run has left nothing."""
    image, own_run = built_image(real_kube, "e2e-foreign"), new_run_id()
    entries = [entry(PRESENT, image, "our-scheduler"), entry(ABSENT, image, "our-router")]
    folder = tmp_path_factory.mktemp("third-party")
    with temporary_namespace(real_kube, run_id) as namespace:
        inputs = write_inputs(folder, entries, componentRefs=COMPONENTS)
        arguments = ("-n", namespace, "--run-id", own_run, "-o", str(folder / "report.json"))
        ended = run("validate", *inputs, *arguments, state=folder)
        assert ended.returncode == Exit.FAILED, ended.stderr
        assert left_behind(real_kube, own_run) == []
        document = json.loads((folder / "report.json").read_text())
        yield {test["name"]: test for test in document["results"]["tests"]}


def test_a_script_passes_and_its_evidence_is_in_the_report(report: dict[str, Json]) -> None:
    test = report[PRESENT]

    assert test["status"] == "passed"
    assert "our-scheduler" in test["stdout"]
    assert "RESULT: 1 components" in test["stdout"]


def test_a_script_fails_with_its_reason(report: dict[str, Json]) -> None:
    test = report[ABSENT]

    assert (test["status"], test["message"]) == ("failed", "the recipe has no component our-router")

"""Every defect is found by the check that should find it, and nothing else is blamed."""

from pathlib import Path

import pytest

from helper.contract import ExitCode
from orchestrator import recipe
from orchestrator.replay import ReplayCluster
from tests.conftest import RunCheck
from tests.defects import harness
from tests.defects.harness import HEALTHY, PHASE_OF, path_of
from tests.defects.page import render
from tests.example import FOLDER as EXAMPLE
from tests.orchestrator.conftest import aicr
from tests.source import ROOT

__all__ = ["aicr"]  # the fixture
DEFECTS = harness.read_defects()
REPEATS = 3  # `make defects` has two hundred
OF_THE_CLUSTER = [
    name
    for name, item in DEFECTS.items()
    if item.found and (item.patches or item.remove or item.objects or item.cluster)
]


@pytest.mark.usefixtures("aicr")
@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found(name: str, tmp_path: Path) -> None:
    defect = DEFECTS[name]
    named = {defect.found.check, *defect.also} if defect.found else set()
    chosen = sorted(named) if named <= HEALTHY.keys() else ()
    ran = harness.run(path_of(name), tmp_path, chosen)

    assert harness.objections(defect, ran) == []


@pytest.mark.parametrize("name", OF_THE_CLUSTER)
def test_checks_that_have_no_part_in_a_defect_do_not_speak_of_it(
    name: str, run_check: RunCheck
) -> None:
    defect = DEFECTS[name]
    named = {defect.found.check, *defect.also} if defect.found else set()
    given = recipe.parse((EXAMPLE / "recipe.yaml").read_bytes(), "recipe.yaml").document
    cluster = ReplayCluster.load(path_of(name))
    others = HEALTHY.keys() - named if named & HEALTHY.keys() else ()

    for check in others:
        ran = run_check(f"images.{PHASE_OF[check]}", check, cluster=cluster, recipe=given)
        coverage = ran.facts.get("coverage", {"seen": 0, "total": 0})
        wanted = ExitCode.PASS if HEALTHY[check] == "passed" else ExitCode.SKIP
        assert (ran.code, ran.message if ran.code == ExitCode.FAIL else "") == (wanted, ""), check
        assert coverage["seen"] == coverage["total"], check


@pytest.mark.usefixtures("aicr")
@pytest.mark.parametrize("attempt", range(REPEATS))
def test_the_healthy_cluster_raises_no_alarm(attempt: int, tmp_path: Path) -> None:
    assert harness.alarms(harness.run(EXAMPLE, tmp_path)) == [], attempt


def test_the_page_lists_every_defect() -> None:
    assert (ROOT / "docs/defects.md").read_text() == render(DEFECTS), "run `make docs`"


def test_a_defect_is_called_as_its_file() -> None:
    assert {name: item.metadata.name for name, item in DEFECTS.items()} == {n: n for n in DEFECTS}


def test_checks_that_defects_name_exist() -> None:
    named = {check for item in DEFECTS.values() for check in item.also}

    assert named <= HEALTHY.keys()

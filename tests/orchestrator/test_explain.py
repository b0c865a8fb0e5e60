import json
import shlex

import pytest

from orchestrator import catalog, explain
from orchestrator.catalog import Catalog
from orchestrator.check_heads import ASKED
from orchestrator.exits import Exit
from orchestrator.images import ImageRules
from tests.orchestrator.conftest import Command
from tests.orchestrator.samples import entry
from tests.source import ROOT

READY = [item.name for item in catalog.built_in().validators if item.available]


@pytest.mark.parametrize("name", READY)
def test_says_of_each_check_when_it_passes_fails_and_skips_and_what_to_do(
    aicr: Command, name: str
) -> None:
    said = aicr("explain", name)

    assert said.code == Exit.OK
    for title in ("Passes when", *ASKED, "Budget", "Locks", "May"):
        assert f"\n{title} " in said.out
    assert "docker run" in said.out


def test_rights_are_worded_as_in_the_page_of_checks(aicr: Command) -> None:
    found = json.loads(aicr("explain", "dra-support", "-o", "json").out)

    page = (ROOT / found["page"]).read_text()
    assert all(right in page for right in found["rights"])
    assert found["about"]["skipsWhen"].startswith("the recipe leaves out")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("operator-health", "yes, with --executor process"),
        ("nccl-all-reduce-bw", "no: it makes workloads of its own"),
    ],
)
def test_says_whether_it_can_run_as_a_process(aicr: Command, name: str, told: str) -> None:
    assert f"\nAs process   {told}" in aicr("explain", name).out


def test_the_command_to_run_it_by_hand_can_be_copied(aicr: Command) -> None:
    found = json.loads(aicr("explain", "dra-support", "-o", "json").out)

    words = shlex.split(found["byHand"])
    assert words[:2] == ["docker", "run"]
    assert words[-2:] == [found["image"], "dra-support"]
    assert found["byHand"] in aicr("explain", "dra-support").out


def test_only_what_is_copied_is_wider_than_the_terminal() -> None:
    found = explain.document(catalog.built_in().validators[4], ImageRules())

    wide = [line for line in explain.text(found, 60).splitlines() if len(line) > 60]

    assert [line.split()[:3] for line in wide] == [["By", "hand", "docker"]]


def test_a_check_that_is_not_built_says_so(aicr: Command) -> None:
    assert "not implemented in this version" in aicr("explain", "gang-scheduling").out


def test_a_check_of_others_is_explained_by_its_catalog_entry_alone() -> None:
    one = entry("dra-support", needs={"gpus": 8, "nodes": 2}, description="\x1b[2Jours")
    mine = Catalog.model_validate({"validators": [one]}).validators[0].as_external()
    found = explain.document(mine, ImageRules())

    text = explain.text(found)
    assert (found["summary"], found["about"]) == ("", {})
    assert "8 free GPUs on each of 2 nodes" in text
    assert "nothing in the cluster" in text
    assert "\x1b" not in text


def test_an_unknown_name_is_one_line_with_the_nearest(aicr: Command) -> None:
    said = aicr("explain", "dra-suport")

    assert said.code == Exit.USAGE
    assert said.err == "aicr-orch: error: no check dra-suport, did you mean dra-support?\n"


def test_says_what_makes_a_check_costly_and_what_is_left_at_depth_fast(aicr: Command) -> None:
    said = aicr("explain", "nccl-all-reduce-bw").out

    assert "\nCost         costly: " in said
    assert "holds gpu, measures performance\n" in said
    assert "Workloads    always some of its own, so that --depth fast leaves it out\n" in said
    assert "At fast      no pod claims a GPU" in aicr("explain", "dra-support").out

import json

import pytest
import yaml

from helper.models import PHASES
from orchestrator import catalog, listing
from orchestrator.exits import Exit
from orchestrator.recipe import Recipe
from orchestrator.selection import Label
from tests.orchestrator.conftest import Command
from tests.orchestrator.samples import recipe

RECIPE = "examples/eks-h100-inference/recipe.yaml"


def names(rows: object) -> list[str]:
    assert isinstance(rows, list)
    return [row["name"] for row in rows]


def test_lists_all_checks_in_the_order_of_reports(aicr: Command) -> None:
    said = aicr("list")

    lines = said.out.splitlines()
    assert said.code == Exit.OK
    assert lines[0].split() == list(listing.HEAD)
    assert len(lines) == 1 + len(catalog.built_in().validators)
    assert lines[1].startswith("operator-health")


def test_a_recipe_lists_what_it_selects(aicr: Command) -> None:
    rows = json.loads(aicr("list", "-r", RECIPE, "-o", "json").out)

    assert names(rows) == [
        "operator-health",
        "dra-support",
        "gpu-operator-health",
        "platform-health",
        "nccl-all-reduce-bw",
    ]
    assert rows[0]["budgetSeconds"] == 120.0


def test_phase_and_label_narrow_the_list(aicr: Command) -> None:
    given = ("--phase", "conformance", "-l", "lock=gpu")
    rows = yaml.safe_load(aicr("list", *given, "-o", "yaml").out)

    assert {row["phase"] for row in rows} == {"conformance"}
    assert all("gpu" in row["locks"] for row in rows)


def test_a_name_that_the_catalog_lacks_is_listed_as_such() -> None:
    given = Recipe("r.yaml", {}, recipe("no-such-check"), "")
    found = listing.rows(catalog.built_in(), given, ["conformance"])

    assert names(found) == ["no-such-check"]
    assert "the catalog does not have it" in listing.text(found)
    assert listing.rows(catalog.built_in(), given, ["conformance"], [Label("lock", "gpu")]) == []


@pytest.mark.parametrize("flag", ["--phase", "--label"])
def test_wrong_words_are_one_line(aicr: Command, flag: str) -> None:
    said = aicr("list", flag, "conformace")

    assert said.code == Exit.USAGE
    assert said.err.count("\n") == 1


def test_says_what_is_costly_and_what_is_left_at_depth_fast(aicr: Command) -> None:
    rows = {row["name"]: row for row in json.loads(aicr("list", "-o", "json").out)}
    lines = {line.split()[0]: line.split() for line in aicr("list").out.splitlines()}

    smi, dra = rows["check-nvidia-smi"], rows["dra-support"]
    assert "holds gpu" in smi["cost"]
    assert smi["workloads"] == "always"
    assert (dra["cost"], dra["workloads"]) == ("", "partly")
    assert lines["check-nvidia-smi"][4:6] == ["costly", "no"]
    assert lines["dra-support"][4:6] == ["cheap", "partly"]


@pytest.mark.parametrize("columns", [80, 160])
def test_a_terminal_shows_all_that_a_pipe_does(columns: int) -> None:
    rows = listing.rows(catalog.built_in(), None, PHASES)

    shown, piped = listing.text(rows, columns), listing.text(rows)

    assert max(map(len, shown.splitlines())) <= columns
    assert set(piped.split()) - {"-"} <= set(shown.replace(";", " ").split())


def test_a_check_needs_no_gpu_where_the_recipe_asks_nothing_of_it(aicr: Command) -> None:
    def needs(*arguments: str) -> object:
        rows = json.loads(aicr("list", *arguments, "-o", "json").out)
        return next(row["needs"] for row in rows if row["name"] == "nccl-all-reduce-bw")

    planned = json.loads(aicr("plan", "-r", RECIPE, "-o", "json").out)["checks"][-1]

    assert needs("-r", RECIPE) is None
    assert (planned["name"], planned["needs"]) == ("nccl-all-reduce-bw", None)
    assert needs() is not None


def test_each_check_is_listed_with_its_rights(aicr: Command) -> None:
    rows = json.loads(aicr("list", "-r", RECIPE, "-o", "json").out)

    assert all(row["rights"] and row["writes"] is False for row in rows)
    assert "list nodes, cluster-wide" in rows[1]["rights"]
    assert listing.needed({"gpus": 8, "nodes": 2}) == "8 GPUs on 2 nodes"

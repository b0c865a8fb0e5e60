import json
from typing import Any

import pytest

from orchestrator import catalog
from orchestrator.catalog import Catalog, Needs
from orchestrator.errors import CatalogError
from orchestrator.preflight import needs
from orchestrator.selection import Selection, narrow
from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import Engine, gpu_node, script
from tests.orchestrator.samples import entry, plan, recipe

Json = dict[str, Any]

IF_ASKED = {"gpus": "all", "nodes": 2, "forConstraints": ["bandwidth", "latency"]}


def with_constraints(*names: str) -> Any:
    found = [{"name": name, "value": ">= 1"} for name in names]
    return recipe(config={"conformance": {"checks": ["alpha"], "constraints": found}})


@pytest.mark.parametrize(
    ("wanted", "words", "brief"),
    [
        pytest.param({}, "1 free GPU on one node", "1 GPU", id="one"),
        pytest.param({"gpus": 8}, "8 free GPUs on one node", "8 GPUs", id="eight"),
        pytest.param(
            {"gpus": 8, "nodes": 2},
            "8 free GPUs on each of 2 nodes",
            "8 GPUs on 2 nodes",
            id="on-several-nodes",
        ),
        pytest.param({"gpus": "all"}, "all GPUs of one node free", "all GPUs", id="an-idle-node"),
    ],
)
def test_needs_are_told_in_words(wanted: Json, words: str, brief: str) -> None:
    found = Needs.model_validate(wanted)

    assert (found.words, found.brief) == (words, brief)


@pytest.mark.parametrize("gpus", [0, "most", 1.5])
def test_needs_are_a_number_or_all(gpus: object) -> None:
    text = json.dumps({"validators": [entry(needs={"gpus": gpus})]})

    with pytest.raises(CatalogError, match=r"entry alpha, needs\.gpus"):
        catalog.parse(text, "catalog.yaml")


@pytest.mark.parametrize(
    ("constraints", "needed"), [((), False), (("other",), False), (("latency",), True)]
)
def test_gpus_are_needed_only_where_the_recipe_asks_for_what_they_are_for(
    constraints: tuple[str, ...], needed: bool
) -> None:
    given = with_constraints(*constraints)
    planned = plan(entry(needs=IF_ASKED), given=given).checks[0]

    assert bool(planned.needs) is needed


@pytest.mark.parametrize(
    "changes", [pytest.param({"available": False}, id="not-built"), pytest.param({}, id="left-out")]
)
def test_a_check_that_does_not_run_needs_nothing_and_no_rights_to_count(changes: Json) -> None:
    one = plan(entry(needs={}, **changes), entry("beta"))
    if not changes:
        known = Catalog.model_validate({"validators": [entry(), entry("beta")]})
        one = narrow(one, Selection.of([], ["alpha"], []), known)

    assert one.checks[0].needs is None
    assert "list pods in the whole cluster" not in map(str, needs(one))


def test_a_check_whose_gpus_are_not_asked_for_is_not_blocked() -> None:
    one = {**entry(needs=IF_ASKED), "phase": "conformance"}

    done = Engine([one], [script("alpha")]).run()

    assert done.outcome("alpha").raw_status == ""


def test_list_plan_and_explain_show_what_checks_need(aicr: Command) -> None:
    said = aicr("explain", "nccl-all-reduce-bw").out

    assert "all GPUs of each of 2 nodes free, where the recipe has constraint nccl-all-red" in said
    assert "all GPUs on 2 nodes" in aicr("list", "--phase", "performance").out
    planned = json.loads(aicr("plan", "--replay", "examples/eks-h100-inference", "-o", "json").out)
    assert [check["needs"] for check in planned["checks"]] == [None] * 5


def test_nodes_that_the_operator_did_not_choose_do_not_count() -> None:
    chosen = gpu_node("n1", 1)
    chosen["metadata"]["labels"]["pool"] = "small"
    engine = Engine(
        [entry(needs={"gpus": 8})],
        [script("alpha")],
        objects=[chosen, gpu_node("n2", 8)],
        node_selector={"pool": "small"},
    )

    assert engine.run().outcome("alpha").raw_status == "Blocked"

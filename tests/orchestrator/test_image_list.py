from typing import Any

import pytest

from orchestrator.catalog import Catalog
from orchestrator.digests import Pins
from orchestrator.image_list import Used, as_json, lines, pinned, used
from orchestrator.images import ImageRules
from orchestrator.recipe import parse

Json = dict[str, Any]

OURS, THEIRS = "ghcr.io/aicr-orch/validator-conformance", "ghcr.io/acme/probe"
CATALOG = Catalog.model_validate(
    {
        "validators": [
            {"name": "one", "phase": "deployment", "image": f"{OURS}:latest"},
            {"name": "two", "phase": "conformance", "image": f"{OURS}:latest"},
            {"name": "three", "phase": "conformance", "image": f"{THEIRS}:v1"},
            {
                "name": "later",
                "phase": "conformance",
                "image": "ghcr.io/acme/later:v1",
                "available": False,
            },
        ]
    }
)
RULES = ImageRules(version="1.2.3")
BOTH = ("deployment", "conformance")


def test_each_image_is_there_once_with_its_checks() -> None:
    assert used(CATALOG, None, BOTH, RULES) == [
        Used(f"{OURS}:v1.2.3", "IfNotPresent", ("one", "two")),
        Used(f"{THEIRS}:v1", "IfNotPresent", ("three",)),
    ]


@pytest.mark.parametrize(
    ("validation", "phases", "checks"),
    [
        pytest.param("{conformance: {checks: [three]}}", BOTH, [("three",)], id="selected"),
        pytest.param("{conformance: {checks: [later]}}", BOTH, [], id="not-built"),
        pytest.param("{conformance: {checks: [three]}}", ("deployment",), [], id="other-phase"),
        pytest.param("{}", BOTH, [], id="nothing"),
    ],
)
def test_a_recipe_narrows_the_list_to_what_it_selects(
    validation: str, phases: tuple[str, ...], checks: list[tuple[str, ...]]
) -> None:
    recipe = parse(f"kind: RecipeResult\nvalidation: {validation}\n", "recipe.yaml")

    assert [item.checks for item in used(CATALOG, recipe, phases, RULES)] == checks


def test_an_image_with_two_policies_is_one_line() -> None:
    found = [Used("a:v1", "Always", ("x",)), Used("a:v1", "IfNotPresent", ("y",))]

    assert lines(found) == "a:v1\n"
    assert as_json(found).count('"image"') == 2


def test_nothing_gives_no_line() -> None:
    assert lines([]) == ""


def test_pinned_images_keep_their_checks_and_are_pulled_once() -> None:
    pins = Pins({"a:latest": "a:latest@sha256:0f"})
    given = [Used("a:latest", "Always", ("x",)), Used("b:latest", "Always", ("y",))]

    assert pinned(given, pins) == [
        Used("a:latest@sha256:0f", "IfNotPresent", ("x",)),
        Used("b:latest", "Always", ("y",)),
    ]

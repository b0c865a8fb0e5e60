import json
from typing import Any

import pytest

from helper import documents
from helper.models import Policy
from orchestrator.errors import RecipeError
from orchestrator.recipe import parse, parse_snapshot
from tests.orchestrator.samples import Json, component

API_VERSION = "aicr.run/v1alpha2"


def text(**changes: Any) -> str:
    return documents.dump(
        {
            "apiVersion": API_VERSION,
            "kind": "RecipeResult",
            "metadata": {"version": "v1.2.3"},
            "componentRefs": [component()],
            "criteria": {"service": "eks", "accelerator": "h100", "intent": "inference"},
            "constraints": [{"name": "K8s.server.version", "value": ">= 1.34"}],
            "validation": {"conformance": {"checks": ["dra-support"]}},
            **changes,
        }
    )


def problem(data: str) -> str:
    with pytest.raises(RecipeError) as caught:
        parse(data, "recipe.yaml")
    return str(caught.value)


def test_a_recipe_becomes_the_validation_input_that_checks_find() -> None:
    recipe = parse(text(), "recipe.yaml")

    mounted = documents.load_mapping(recipe.text, "mounted")
    assert mounted["apiVersion"] == "validator.nvidia.com/v1alpha1"
    assert mounted["kind"] == "ValidationInput"
    assert mounted["metadata"] == {"version": "v1.2.3"}
    assert mounted["config"] == {"conformance": {"checks": ["dra-support"]}}
    assert mounted["gpuAllocationPolicy"] == "device-plugin-extended-resource"
    assert mounted["componentRefs"][0]["name"] == "gpu-operator"
    assert recipe.input.gpu_allocation_policy is Policy.DEVICE_PLUGIN
    assert recipe.input.criteria.accelerator == "h100"
    assert recipe.version == "v1.2.3"
    assert recipe.warnings == ()


def test_equal_recipes_give_equal_bytes() -> None:
    given = documents.load_mapping(text(), "recipe.yaml")
    reordered = dict(reversed(given.items()))

    assert parse(json.dumps(given), "a").text == parse(json.dumps(reordered), "b").text


def test_numbers_keep_the_text_they_were_written_with() -> None:
    recipe = parse(text(metadata={"version": "VERSION"}).replace("VERSION", "1.10"), "recipe.yaml")

    assert recipe.version == "1.10"
    assert "version: '1.10'" in recipe.text


def test_an_unspecified_policy_is_told_with_the_file() -> None:
    recipe = parse(text(componentRefs=[component("nvidia-dra-driver-gpu")]), "recipe.yaml")

    assert recipe.input.gpu_allocation_policy is Policy.UNSPECIFIED
    assert recipe.warnings[0].startswith("recipe.yaml: component nvidia-dra-driver-gpu leaves out")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"apiVersion": ""}, id="no-version"),
        pytest.param({"kind": ""}, id="no-kind"),
        pytest.param({"kind": None, "apiVersion": None}, id="null-header"),
        pytest.param({"metadata": None}, id="null-metadata"),
        pytest.param({"validation": None}, id="null-validation"),
        pytest.param({"validation": {"conformance": None}}, id="null-phase"),
        pytest.param({"validation": {"conformance": {"checks": None}}}, id="null-checks"),
        pytest.param({"criteria": {"service": None, "nodes": None}}, id="null-criteria"),
        pytest.param({"componentRefs": None}, id="null-components"),
        pytest.param({"componentRefs": [component(overrides=None)]}, id="null-overrides"),
        pytest.param({"constraints": None}, id="null-constraints"),
        pytest.param({"deploymentOrder": ["gpu-operator"]}, id="keys-that-others-use"),
    ],
)
def test_accepts_recipes_that_leave_something_out(changes: Json) -> None:
    assert parse(text(**changes), "recipe.yaml").document["kind"] == "ValidationInput"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"apiVersion": "aicr.nvidia.com/v1alpha1"},
            "apiVersion is 'aicr.nvidia.com/v1alpha1', want 'aicr.run/v1alpha2'; regenerate it",
            id="older-version",
        ),
        pytest.param(
            {"kind": "RecipeMixin"}, "kind is 'RecipeMixin', want 'RecipeResult'", id="other-kind"
        ),
        pytest.param({"kind": "Snapshot"}, "kind is 'Snapshot'", id="a-snapshot"),
        pytest.param(
            {"componentRefs": [{"chart": "x"}]}, "componentRefs.0.name: Field req", id="no-name"
        ),
        pytest.param({"componentRefs": "all"}, "componentRefs: Input should", id="text-for-list"),
        pytest.param(
            {"validation": {"conformance": {"checks": "all"}}},
            "validation.conformance.checks: Input should be a valid list",
            id="checks-are-text",
        ),
        pytest.param({"criteria": {"nodes": "many"}}, "criteria.nodes: Input", id="nodes-are-text"),
        pytest.param(
            {"constraints": [{"name": "K8s.server.version"}]},
            "constraints.0.value: Field required",
            id="constraint-without-value",
        ),
        pytest.param(
            {"componentRefs": [component(overrides={"devicePlugin": {"enabled": "on"}})]},
            "devicePlugin.enabled is 'on', want true or false",
            id="policy-error",
        ),
    ],
)
def test_names_file_field_and_problem(changes: Json, said: str) -> None:
    found = problem(text(**changes))

    assert found.startswith("recipe.yaml: ")
    assert said in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("", "recipe.yaml: empty; want one mapping", id="empty"),
        pytest.param("a: 1\n---\nb: 1\n", "recipe.yaml: 2 documents", id="two-documents"),
        pytest.param("a: [", "recipe.yaml: line ", id="broken"),
        pytest.param("a: 1\na: 2\n", "key 'a' appears twice", id="key-twice"),
    ],
)
def test_refuses_what_is_no_single_document(data: str, said: str) -> None:
    assert said in problem(data)


def test_reads_a_snapshot() -> None:
    snapshot = parse_snapshot(
        documents.dump(
            {
                "apiVersion": API_VERSION,
                "kind": "Snapshot",
                "measurements": [
                    {"type": "K8s", "subtypes": [{"subtype": "server", "data": {"version": "v1"}}]}
                ],
            }
        ),
        "snapshot.yaml",
    )

    assert snapshot.measurements[0].subtypes[0].data == {"version": "v1"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"apiVersion": "aicr.run/v1"}, "apiVersion is 'aicr.run/v1'", id="version"),
        pytest.param({"kind": "RecipeResult"}, "want 'Snapshot'", id="a-recipe"),
        pytest.param({"measurements": {}}, "measurements: Input should", id="no-list"),
        pytest.param(
            {"measurements": [{"subtypes": []}]}, "measurements.0.type: Field", id="no-type"
        ),
    ],
)
def test_refuses_a_snapshot_that_is_none(changes: Json, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_snapshot(documents.dump({"measurements": [], **changes}), "snapshot.yaml")

    assert str(caught.value).startswith("snapshot.yaml: ")
    assert said in str(caught.value)

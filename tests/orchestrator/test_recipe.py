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
        pytest.param(
            {"kind": "RecipeMetadata"}, "an overlay; resolve it to a complete recipe", id="overlay"
        ),
        pytest.param({"kind": "RecipeResul"}, "did you mean RecipeResult?", id="misspelt-kind"),
        pytest.param({"kind": ["x" * 9999]}, "…, want 'RecipeResult'", id="kind-of-another-type"),
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
        pytest.param(
            {"validation": {"conformace": {"checks": ["dra-support"]}}},
            "validation.conformace: unknown key, did you mean conformance?",
            id="misspelt-phase",
        ),
        pytest.param(
            {"validation": {"conformance": {"chekcs": ["dra-support"]}}},
            "validation.conformance.chekcs: unknown key, did you mean checks?",
            id="misspelt-key-of-a-phase",
        ),
        pytest.param({"criteria": {"nodes": "many"}}, "criteria.nodes: Input", id="nodes-are-text"),
        pytest.param(
            {"constraints": [{"name": "K8s.server.version"}]},
            "constraints.0.value: Field required",
            id="constraint-without-value",
        ),
        pytest.param(
            {"constraints": [{"name": "a", "value": "1", "severity": "warn"}]},
            "constraints.0.severity: 'warn', want 'error' or 'warning', did you mean warning?",
            id="severity",
        ),
        pytest.param(
            {"constraints": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]},
            "constraints: 'a' appears twice",
            id="constraint-twice",
        ),
        pytest.param(
            {"validation": {"performance": {"constraints": [{"name": "a", "value": "1"}] * 2}}},
            "validation.performance.constraints: 'a' appears twice",
            id="phase-constraint-twice",
        ),
        pytest.param(
            {"componentRefs": [component(), component()]},
            "componentRefs: 'gpu-operator' appears twice",
            id="component-twice",
        ),
        pytest.param(
            {"componentRefs": [component("deployer")]}, "deployer is a reserved name", id="reserved"
        ),
        pytest.param(
            {"componentRefs": [component(type="Helm"), component("nfd", type="Helms")]},
            "recipe has incoherent component ref(s): gpu-operator: Helm without",
            id="incoherent",
        ),
        pytest.param(
            {"validation": {"conformance": {"nodeSelection": {"selector": {"a": "b=c"}}}}},
            "nodeSelection.selector: 'a: b=c' is no label",
            id="selector",
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


def test_a_snapshot_without_a_header_is_no_recipe() -> None:
    assert "has measurements; this looks like a Snapshot" in problem("measurements: []\n")


def warnings(**changes: Any) -> tuple[str, ...]:
    return parse(text(**changes), "recipe.yaml").warnings


def test_an_unknown_key_is_told_once_for_all_items_of_a_list() -> None:
    typo = {"versoin": "v1"}
    refs = [component(**typo), component("nfd", **typo)]

    assert warnings(componentRefs=refs) == (
        "recipe.yaml: unknown key componentRefs[].versoin, did you mean version?, is ignored",
    )


def test_many_unknown_keys_are_counted() -> None:
    found = warnings(**{f"key{n:03}": 1 for n in range(50)})

    assert len(found) == 21
    assert found[-1] == "recipe.yaml: 30 more unknown keys are ignored"


def test_values_of_components_are_free() -> None:
    assert warnings(componentRefs=[component(overrides={"any": {"thing": [1]}})]) == ()


def test_a_recipe_without_components_is_told() -> None:
    wanted = (
        "recipe.yaml: componentRefs is empty, so that checks of components have nothing to judge"
    )

    assert warnings(componentRefs=[])[0] == wanted
    assert warnings(componentRefs=None)[0] == wanted


def test_a_component_that_is_neither_on_nor_off_counts_as_on() -> None:
    [found] = warnings(componentRefs=[component(overrides={"enabled": "false"})])

    assert "component gpu-operator: overrides.enabled is 'false', want true or false" in found


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        pytest.param({"readiness": {"timeout": "5m"}}, "validation.readiness.timeout", id="time"),
        pytest.param(
            {"performance": {"infrastructure": "x", "nodeSelection": {"maxNodes": 2}}},
            "validation.performance.infrastructure, validation.performance.nodeSelection.maxNodes",
            id="two",
        ),
        pytest.param({"readiness": {"checks": ["x"]}}, "validation.readiness.checks", id="checks"),
    ],
)
def test_what_nothing_acts_upon_is_told(validation: Json, said: str) -> None:
    assert warnings(validation=validation) == (f"recipe.yaml: {said} ignored by this version",)


@pytest.mark.parametrize(
    ("timeout", "said"),
    [
        pytest.param(
            "soon", "'soon' is not a duration (want for example 90s, 5m", id="no-duration"
        ),
        pytest.param("-5m", "is -5m, want 0 or more", id="negative"),
    ],
)
def test_a_bound_of_a_phase_is_a_duration(timeout: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse(text(validation={"conformance": {"timeout": timeout}}), "recipe.yaml")

    assert f"recipe.yaml: validation.conformance.timeout: {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"componentRefs": [component(expectedResource=[])]},
            "unknown key componentRefs[].expectedResource, did you mean expectedResources?",
            id="of-a-component",
        ),
        pytest.param(
            {"criteria": {"accelarator": "h100"}},
            "unknown key criteria.accelarator, did you mean accelerator?",
            id="of-the-criteria",
        ),
    ],
)
def test_a_mistyped_key_never_shrinks_a_check(changes: Json, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse(text(**changes), "recipe.yaml")

    assert str(caught.value) == f"recipe.yaml: {said}"


def test_a_well_known_component_without_a_namespace_gets_its_usual_one() -> None:
    refs = [component(namespace=None), component(name="their-own", namespace=None)]

    found = parse(text(componentRefs=refs), "recipe.yaml")

    assert [ref.namespace for ref in found.input.component_refs] == ["gpu-operator", ""]
    assert found.document["componentRefs"][0]["namespace"] == "gpu-operator"
    note = "recipe.yaml: component gpu-operator has no namespace, gpu-operator is taken"
    assert found.warnings == (note,)


def test_a_phase_names_the_nodes_for_its_workloads() -> None:
    selection = {"selector": {"pool": "gpu"}}
    recipe = parse(text(validation={"conformance": {"nodeSelection": selection}}), "recipe.yaml")

    assert recipe.input.config["conformance"].node_selection.selector == {"pool": "gpu"}
    assert recipe.warnings == ()


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
        pytest.param({"measurements": None}, "measurements is missing", id="null"),
        pytest.param(
            {"measurements": None, "componentRefs": []}, "looks like a RecipeResult", id="recipe"
        ),
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

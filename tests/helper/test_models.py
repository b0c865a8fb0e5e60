from typing import Any

import pytest
from pydantic import ValidationError

from helper.documents import load_mapping
from helper.models import ComponentRef, Policy, Snapshot, ValidationInput, problems

RECIPE = """
apiVersion: aicr.run/v1alpha2
kind: Recipe
criteria: {service: eks, accelerator: h100, intent: training, os: ubuntu, nodes: 4}
gpuAllocationPolicy: dra-extended-resource
componentRefs:
  - name: gpu-operator
    namespace: gpu-operator
    version: 25.10
    someday: unheard of
    expectedResources: [{kind: DaemonSet, name: nvidia-driver, namespace: gpu-operator}]
  - {name: kueue, overrides: {enabled: false}}
constraints: [{name: OS.release.VERSION_ID, value: 24.04}]
config:
  performance:
    checks: [nccl-all-reduce-bw]
    constraints: [{name: nccl-all-reduce-bw, value: ">= 300", unit: GB/s, severity: warning}]
"""


def read(text: str) -> ValidationInput:
    return ValidationInput.model_validate(load_mapping(text, "recipe.yaml"))


@pytest.fixture
def recipe() -> ValidationInput:
    return read(RECIPE)


def test_reads_a_recipe(recipe: ValidationInput) -> None:
    assert recipe.gpu_allocation_policy is Policy.DRA_EXTENDED
    assert (recipe.criteria.service, recipe.criteria.nodes) == ("eks", 4)
    assert [ref.expected_resources[0].name for ref in recipe.component_refs[:1]] == [
        "nvidia-driver"
    ]
    assert not recipe.is_empty


def test_unquoted_versions_keep_their_text(recipe: ValidationInput) -> None:
    assert recipe.component_refs[0].version == "25.10"
    assert recipe.constraints[0].value == "24.04"


def test_components_are_found_by_name(recipe: ValidationInput) -> None:
    found = recipe.component("kueue")
    assert found is not None
    assert not found.enabled
    assert recipe.component("unheard-of") is None


def test_of_several_names_the_first_enabled_one_counts(recipe: ValidationInput) -> None:
    found = recipe.enabled("unheard-of", "kueue", "gpu-operator")
    assert found is not None
    assert found.name == "gpu-operator"
    assert recipe.enabled("kueue") is None


@pytest.mark.parametrize(
    ("overrides", "enabled"),
    [
        ({}, True),
        ({"enabled": True}, True),
        ({"enabled": False}, False),
        ({"enabled": None}, True),
        ({"enabled": "false"}, True),
        ({"enabled": 0}, True),
        (None, True),
    ],
    ids=repr,
)
def test_only_the_boolean_false_disables_a_component(overrides: Any, enabled: bool) -> None:
    ref = ComponentRef.model_validate({"name": "x", "overrides": overrides})
    assert ref.enabled is enabled


def test_a_constraint_is_found_by_phase_and_exact_name(recipe: ValidationInput) -> None:
    found = recipe.constraint("performance", "nccl-all-reduce-bw")
    assert found is not None
    assert (found.value, found.unit, found.severity) == (">= 300", "GB/s", "warning")
    assert recipe.constraint("performance", "nccl") is None
    assert recipe.constraint("conformance", "nccl-all-reduce-bw") is None


@pytest.mark.parametrize("document", [{}, {"componentRefs": None}], ids=repr)
def test_a_recipe_that_says_nothing_is_empty(document: dict[str, Any]) -> None:
    recipe = ValidationInput.model_validate(document)
    assert recipe.is_empty
    assert recipe.gpu_allocation_policy is Policy.UNSPECIFIED


@pytest.mark.parametrize("config", [{}, {"deployment": {"checks": ["operator-health"]}}], ids=repr)
def test_a_recipe_is_one_without_components_too(config: dict[str, Any]) -> None:
    document = {"componentRefs": [], "config": config}

    assert not ValidationInput.model_validate(document).is_empty


NULLS = """
componentRefs:
  - {name: a, namespace: , chart: , version: , type: , overrides: , expectedResources: ,
     healthCheckSkip: }
  - {name: b, expectedResources: [{kind: Pod, name: p, namespace: }]}
criteria: {service: , nodes: }
constraints:
gpuAllocationPolicy:
config:
  deployment:
  conformance: {checks: , constraints: , timeout: }
  performance: {constraints: [{name: n, value: v, severity: , remediation: , unit: }]}
"""


def test_a_key_without_a_value_is_as_good_as_absent() -> None:
    recipe = read(NULLS)
    assert recipe.component_refs[0] == ComponentRef(name="a")
    assert recipe.component_refs[1].expected_resources[0].namespace == ""
    assert (recipe.criteria.service, recipe.criteria.nodes, recipe.constraints) == ("", 0, [])
    assert recipe.gpu_allocation_policy is Policy.UNSPECIFIED
    assert recipe.config["deployment"] == recipe.config["conformance"]
    found = recipe.constraint("performance", "n")
    assert found is not None
    assert found.severity == "error"


def test_an_empty_policy_is_unspecified() -> None:
    assert read("gpuAllocationPolicy: ''").gpu_allocation_policy is Policy.UNSPECIFIED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("componentRefs: ''", "componentRefs: Input should be a valid list"),
        ("componentRefs: {}", "componentRefs: Input should be a valid list"),
        ("componentRefs: [x]", "componentRefs.0: Input should be a valid dictionary"),
        ("componentRefs: [{}]", "componentRefs.0.name: Field required"),
        ("componentRefs: [{name: [x]}]", "componentRefs.0.name: Input should be a valid string"),
        ("gpuAllocationPolicy: none", "gpuAllocationPolicy: Input should be 'device-plugin"),
        ("gpuAllocationPolicy: false", "gpuAllocationPolicy: Input should be 'device-plugin"),
        ("criteria: {nodes: 1.5}", "criteria.nodes: Input should be a valid integer"),
        ("constraints: [{name: a}]", "constraints.0.value: Field required"),
        ("config: [deployment]", "config: Input should be a valid dictionary"),
        ("config: {deployment: {checks: x}}", "config.deployment.checks: Input should be"),
    ],
)
def test_a_wrong_type_is_named_with_its_path(text: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(text)
    assert problems(caught.value).startswith(says)


def test_many_problems_stay_one_short_line() -> None:
    with pytest.raises(ValidationError) as caught:
        read("componentRefs: [{}, {}, {}, {}, {}, {}, {}]")
    message = problems(caught.value)
    assert message.endswith("componentRefs.4.name: Field required; and 2 more")
    assert "\n" not in message


def test_reads_a_snapshot_with_gaps() -> None:
    text = """
    kind: Snapshot
    apiVersion:
    metadata:
    measurements:
      - {type: K8s, subtypes: [{subtype: server, data: {version: v1.36.2}, items: , context: }]}
      - {type: GPU, subtypes: }
    """
    snapshot = Snapshot.model_validate(load_mapping(text, "snapshot.yaml"))
    k8s, gpu = snapshot.measurements
    assert k8s.subtypes[0].data == {"version": "v1.36.2"}
    assert (k8s.subtypes[0].items, gpu.subtypes, snapshot.metadata) == ([], [], {})


def test_documents_cannot_be_changed(recipe: ValidationInput) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        recipe.criteria.service = "gke"  # type: ignore[misc]

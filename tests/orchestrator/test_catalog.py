from typing import Any

import pytest

from helper import contract, documents
from orchestrator.catalog import MAX_TIMEOUT_S, Catalog, Derive, Workloads, parse
from orchestrator.errors import CatalogError
from tests.orchestrator.samples import Json, entry

HEADER = {
    "apiVersion": "validator.nvidia.com/v1alpha1",
    "kind": "ValidatorCatalog",
    "metadata": {"name": "aicr-validators", "version": "1.0.0"},
}


def text(*entries: Any, **header: Any) -> str:
    return documents.dump({**HEADER, **header, "validators": list(entries)})


def read(*entries: Any, **header: Any) -> Catalog:
    return parse(text(*entries, **header), "catalog.yaml")


def problem(*entries: Any, **header: Any) -> str:
    with pytest.raises(CatalogError) as caught:
        read(*entries, **header)
    return str(caught.value)


def without(key: str) -> Json:
    return {name: value for name, value in entry().items() if name != key}


def rule(**changes: Any) -> Json:
    return {"rbac": [{"resources": ["pods"], "verbs": ["get"], **changes}]}


def affinity(**changes: Any) -> Json:
    return {"componentRef": "prom", "podLabelSelector": {"app": "prom"}, **changes}


def test_reads_every_key_of_an_entry() -> None:
    found = read(
        entry(
            timeout="2m",
            description="looks",
            env=[{"name": "KNOB", "value": "1"}],
            resources={"cpu": "200m", "memory": "256Mi"},
            dependencyAffinity=[affinity(requirement="required", topologyKey="zone")],
            available=False,
            requirement="dra_support",
            locks=["gpu"],
            retries=2,
            workloads="partly",
            **rule(apiGroups=["", "apps"], namespace={"component": "gpu-operator"}),
        )
    ).validators[0]

    assert (found.name, found.phase, found.args) == ("alpha", "conformance", ["alpha"])
    assert found.timeout_s == 120
    assert found.env[0].value == "1"
    assert found.resources
    assert found.resources.memory == "256Mi"
    assert found.dependency_affinity[0].topology_key == "zone"
    assert (found.available, found.requirement) == (False, "dra_support")
    assert (found.locks, found.retries) == (["gpu"], 2)
    assert found.makes is Workloads.PARTLY
    assert found.rbac[0].api_groups == ["", "apps"]


def test_fills_in_the_defaults() -> None:
    found = read(entry(dependencyAffinity=[affinity()], **rule())).validators[0]

    assert found.timeout_s == 300
    assert found.available
    assert (found.env, found.resources, found.locks, found.retries) == ([], None, [], 0)
    assert found.dependency_affinity[0].requirement == "preferred"
    assert found.dependency_affinity[0].topology_key == "kubernetes.io/hostname"
    assert found.rbac[0].api_groups == [""]
    assert found.rbac[0].namespace is None


def test_keeps_file_order_and_finds_by_phase_and_name() -> None:
    catalog = read(entry("b"), entry("a"), entry("c", phase="deployment"))

    assert [item.name for item in catalog.of_phase("conformance")] == ["b", "a"]
    assert catalog.find("c") == catalog.validators[2]
    assert catalog.find("d") is None


def test_a_rule_may_be_left_to_the_recipe() -> None:
    found = read(entry(rbac=[{"derive": "expectedResources"}])).validators[0]

    assert found.rbac[0].derive is Derive.EXPECTED_RESOURCES


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a", id="one-letter"),
        pytest.param("9-lives", id="begins-with-a-digit"),
        pytest.param("a" * 49, id="49-characters"),
    ],
)
def test_accepts_names_that_fit_into_a_job_name(name: str) -> None:
    assert read(entry(name)).validators[0].name == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("a" * 50, id="50-characters"),
        pytest.param("Alpha", id="upper-case"),
        pytest.param("al_pha", id="underscore"),
        pytest.param("-alpha", id="begins-with-a-dash"),
        pytest.param("alpha-", id="ends-with-a-dash"),
        pytest.param("alpha\n", id="line-end"),
    ],
)
def test_refuses_names_that_kubernetes_would_refuse(name: str) -> None:
    assert "name: want lower-case letters, digits and dashes, at most 49" in problem(entry(name))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        pytest.param(
            {"apiVersion": "validator.nvidia.com/v2"},
            "apiVersion is 'validator.nvidia.com/v2', want 'validator.nvidia.com/v1alpha1'",
            id="other-version",
        ),
        pytest.param({"apiVersion": ""}, "apiVersion is ''", id="no-version"),
        pytest.param(
            {"kind": "Catalog"}, "kind is 'Catalog', want 'ValidatorCatalog'", id="other-kind"
        ),
        pytest.param({"metdata": {}}, "did you mean metadata?", id="misspelt-metadata"),
        pytest.param({"metadata": {"nam": "x"}}, "did you mean name?", id="misspelt-in-metadata"),
    ],
)
def test_refuses_a_header_of_something_else(header: Json, said: str) -> None:
    assert said in problem(entry(), **header)


def test_inside_another_document_a_catalog_needs_no_header() -> None:
    catalog = parse(documents.dump({"validators": [entry()]}), "embedded")

    assert [item.name for item in catalog.validators] == ["alpha"]


BAD_ENTRIES = [
    pytest.param(without("name"), "entry #0, name: Field required", id="no-name"),
    pytest.param(without("phase"), "entry alpha, phase: Field required", id="no-phase"),
    pytest.param(without("image"), "entry alpha, image: Field required", id="no-image"),
    pytest.param(entry(image=""), "entry alpha, image: String should have", id="empty-image"),
    pytest.param(
        entry(phase="conformence"),
        "entry alpha, phase: 'conformence' is no phase, want one of deployment, conformance, "
        "performance, did you mean conformance?",
        id="unknown-phase",
    ),
    pytest.param(entry(phase="readiness"), "'readiness' is no phase", id="readiness-is-no-phase"),
    pytest.param(
        entry(timout="5m"), "entry alpha, timout: unknown key, did you mean timeout?", id="key"
    ),
    pytest.param(entry(colour="red"), "entry alpha, colour: unknown key", id="key-like-no-other"),
    pytest.param(entry(timeout=300), "timeout: want a duration with its unit", id="bare-number"),
    pytest.param(entry(timeout="5 minutes"), "'5 minutes' is not a duration", id="no-duration"),
    pytest.param(entry(timeout="500ms"), "500ms is no budget, want at least 1s", id="below-1s"),
    pytest.param(entry(timeout="-5m"), "-5m is no budget", id="negative-timeout"),
    pytest.param(entry(timeout="75m"), "75m is no budget, want at least 1s and less", id="75m"),
    pytest.param(entry(args="alpha"), "args: Input should be a valid list", id="args-are-text"),
    pytest.param(
        entry(patience={"imagePul": "5m"}),
        "patience.imagePul: unknown key, did you mean imagePull",
        id="misspelt-patience",
    ),
    pytest.param(entry(patience={"imagePull": "0s"}), "want at least 1s", id="no-patience"),
    pytest.param(entry(retries=3), "retries: Input should be less than", id="too-many-retries"),
    pytest.param(entry(retries=-1), "retries: Input should be greater", id="negative-retries"),
    pytest.param(
        entry(resources={"cpu": "1"}), "resources.memory: Field required", id="half-of-resources"
    ),
    pytest.param(
        entry(resources={"cpu": "1", "memory": "lots"}),
        "resources.memory: 'lots' is not a quantity",
        id="no-quantity",
    ),
    pytest.param(
        entry(resources={"cpu": "0", "memory": "1Gi"}),
        "resources.cpu: must be above zero",
        id="zero-quantity",
    ),
    pytest.param(
        entry(env=[{"name": "A", "valu": "1"}]), "env.0.valu: unknown key, did you", id="env-key"
    ),
    pytest.param(
        entry(env=[{"name": "A", "valueFrom": {}}]), "env.0.valueFrom: unknown", id="env-reference"
    ),
    pytest.param("alpha", "entry #0, catalog: Input should be a valid dict", id="not-a-mapping"),
]


@pytest.mark.parametrize(("bad", "said"), BAD_ENTRIES)
def test_names_file_entry_field_and_what_is_allowed(bad: Any, said: str) -> None:
    found = problem(bad)

    assert found.startswith("catalog.yaml: ")
    assert said in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"verbs": ["*"]}, "no wildcards", id="all-verbs"),
        pytest.param({"resources": ["*"]}, "no wildcards", id="all-resources"),
        pytest.param({"resources": ["*/scale"]}, "no wildcards", id="all-scales"),
        pytest.param({"apiGroups": ["*"]}, "no wildcards", id="all-groups"),
        pytest.param({"apiGroups": ["apps", "*"]}, "no wildcards", id="all-groups-hidden"),
        pytest.param({"verbs": []}, "resources and verbs must not be empty", id="no-verbs"),
        pytest.param({"resources": []}, "resources and verbs must not be empty", id="nothing"),
        pytest.param({"derive": "expectedResources"}, "derive stands alone", id="derive-and-more"),
        pytest.param({"derive": "all"}, "derive: Input should be 'expectedRes", id="derive-what"),
        pytest.param({"nonResourceURLs": ["/"]}, "nonResourceURLs: unknown key", id="urls"),
        pytest.param(
            {"namespace": {"componant": "x"}},
            "rbac.0.namespace.componant: unknown key, did you mean component?",
            id="misspelt-component",
        ),
        pytest.param(
            {"namespace": ["a"]}, "rbac.0.namespace: Input should be a valid string", id="list"
        ),
    ],
)
def test_refuses_rules_that_do_not_say_exactly_what_they_allow(changes: Json, said: str) -> None:
    found = problem(entry(**rule(**changes)))

    assert said in found
    assert found.startswith("catalog.yaml: entry alpha, rbac.0")


@pytest.mark.parametrize("name", sorted(contract.ENGINE_ENV))
def test_the_engine_alone_sets_its_variables(name: str) -> None:
    found = problem(entry(env=[{"name": name, "value": "x"}]))

    assert found == f"catalog.yaml: entry alpha, env.0.name: {name} is set by the engine"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        pytest.param(affinity(componentRef=""), "componentRef: String should", id="empty-ref"),
        pytest.param(affinity(podLabelSelector={}), "podLabelSelector: Dict", id="no-labels"),
        pytest.param(affinity(podLabelSelector=None), "podLabelSelector: Input", id="null-labels"),
        pytest.param(affinity(requirement="must"), "'preferred' or 'required'", id="requirement"),
        pytest.param({"componentRef": "prom"}, "podLabelSelector: Field req", id="selector-absent"),
        pytest.param({"podLabelSelector": {"a": "b"}}, "componentRef: Field", id="ref-absent"),
        pytest.param(affinity(weight=100), "weight: unknown key", id="unknown-key"),
    ],
)
def test_refuses_a_dependency_that_cannot_be_resolved_later(bad: Json, said: str) -> None:
    found = problem(entry(dependencyAffinity=[bad]))

    assert said in found
    assert "entry alpha, dependencyAffinity.0." in found


def test_two_entries_of_one_name_are_named() -> None:
    assert "more than one entry is named alpha" in problem(entry(), entry("b"), entry())


def test_tells_every_problem_at_once() -> None:
    found = problem(entry(timeout="0s"), entry("b", image=""))

    assert "entry alpha, timeout: " in found
    assert "entry b, image: " in found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("validators:\n- {name: alpha", "catalog.yaml: line ", id="broken-yaml"),
        pytest.param("", "catalog.yaml: empty; want one mapping", id="empty"),
        pytest.param("- a\n", "catalog.yaml: holds a list; want one mapping", id="list"),
        pytest.param("validators: {a: b}\n", "validators: Input should be a valid list", id="map"),
        pytest.param("validators: []\nvalidators: []\n", "'validators' appears twice", id="twice"),
        pytest.param(b"validators: [\xff]\n", "catalog.yaml: no UTF-8 text", id="no-text"),
    ],
)
def test_refuses_what_is_no_catalog_at_all(data: str | bytes, said: str) -> None:
    with pytest.raises(CatalogError) as caught:
        parse(data, "catalog.yaml")

    assert said in str(caught.value)


def test_no_budget_reaches_the_cap_of_a_whole_run() -> None:
    assert MAX_TIMEOUT_S == 75 * 60
    assert read(entry(timeout="74m59s")).validators[0].timeout_s < MAX_TIMEOUT_S


def test_numbers_keep_the_text_they_were_written_with() -> None:
    written = text(entry(env=[{"name": "KNOB", "value": "VALUE"}])).replace("VALUE", "1.10")

    assert parse(written, "catalog.yaml").validators[0].env[0].value == "1.10"


@pytest.mark.parametrize(
    ("changes", "makes"),
    [
        pytest.param({}, Workloads.NONE, id="no-rights"),
        pytest.param(rule(), Workloads.NONE, id="reads"),
        pytest.param({"rbac": [{"derive": "expectedResources"}]}, Workloads.NONE, id="derived"),
        pytest.param(rule(verbs=["get", "create"]), Workloads.ALWAYS, id="creates"),
        pytest.param(rule(resources=["pods/exec"]), Workloads.ALWAYS, id="runs-commands"),
        pytest.param({**rule(verbs=["create"]), "workloads": "none"}, Workloads.NONE, id="said"),
    ],
)
def test_an_entry_that_may_write_makes_workloads_unless_it_says_otherwise(
    changes: Json, makes: Workloads
) -> None:
    assert read(entry(**changes)).validators[0].makes is makes


def test_names_what_workloads_may_be() -> None:
    assert "workloads: Input should be 'none', 'partly' or 'always'" in problem(
        entry(workloads="some")
    )

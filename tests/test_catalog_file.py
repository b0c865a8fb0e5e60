"""The catalog that we ship keeps what recipes, engine and reports rely on."""

import pytest

from orchestrator import catalog
from orchestrator.catalog import Catalog, Entry
from tests.source import ROOT

# Name, phase and minutes as in the reference's catalog, whose recipes select by them.
ENTRIES = [
    ("operator-health", "deployment", 2),
    ("expected-resources", "deployment", 8),
    ("gpu-operator-version", "deployment", 2),
    ("check-nvidia-smi", "deployment", 10),
    ("nccl-all-reduce-bw", "performance", 30),
    ("inference-perf", "performance", 65),
    ("dra-support", "conformance", 5),
    ("gang-scheduling", "conformance", 10),
    ("accelerator-metrics", "conformance", 5),
    ("ai-service-metrics", "conformance", 5),
    ("inference-gateway", "conformance", 5),
    ("pod-autoscaling", "conformance", 10),
    ("cluster-autoscaling", "conformance", 10),
    ("robust-controller", "conformance", 5),
    ("secure-accelerator-access", "conformance", 10),
    ("slinky-slurm-health", "conformance", 5),
    ("slinky-slurm-imex-channel", "conformance", 5),
    ("gpu-operator-health", "conformance", 2),
    ("platform-health", "conformance", 5),
    ("nccl-all-reduce-bw-net", "performance", 30),
    ("nccl-all-reduce-bw-nvls", "performance", 30),
]
LOCKS = {"autoscaling", "gpu", "slurm"}
READ_ONLY = {"get", "list", "watch"}


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return catalog.parse((ROOT / "catalog.yaml").read_bytes(), "catalog.yaml")


def _entry(shipped: Catalog, name: str) -> Entry:
    found = shipped.find(name)
    assert found
    return found


def test_has_the_entries_of_the_reference_in_their_order(shipped: Catalog) -> None:
    found = [(entry.name, entry.phase, entry.timeout_s / 60) for entry in shipped.validators]

    assert found == ENTRIES


def test_has_the_name_and_version_of_the_reference(shipped: Catalog) -> None:
    assert shipped.metadata
    assert (shipped.metadata.name, shipped.metadata.version) == ("aicr-validators", "1.0.0")


def test_no_budget_reaches_the_cap_of_a_run(shipped: Catalog) -> None:
    assert max(entry.timeout_s for entry in shipped.validators) < catalog.MAX_TIMEOUT_S


def test_expected_resources_outlasts_its_health_checks_and_the_stability_window(
    shipped: Catalog,
) -> None:
    assert _entry(shipped, "expected-resources").timeout_s > 6 * 60 + 60


@pytest.mark.parametrize("name", ["inference-perf", "inference-gateway", "nccl-all-reduce-bw-net"])
def test_a_check_to_which_the_engine_forwards_variables_exists(shipped: Catalog, name: str) -> None:
    assert shipped.find(name)


def test_ai_service_metrics_prefers_the_node_of_prometheus(shipped: Catalog) -> None:
    affinities = {entry.name: entry.dependency_affinity for entry in shipped.validators}
    [affinity] = affinities.pop("ai-service-metrics")

    assert affinity.component_ref == "kube-prometheus-stack"
    assert affinity.pod_label_selector == {"app.kubernetes.io/name": "prometheus"}
    assert affinity.requirement == "preferred"
    assert not any(affinities.values())


def test_only_inference_perf_has_knobs(shipped: Catalog) -> None:
    with_env = {entry.name: entry.env for entry in shipped.validators if entry.env}

    assert list(with_env) == ["inference-perf"]
    for variable in with_env["inference-perf"]:
        assert variable.name.startswith("AICR_INFERENCE_PERF_")
        assert variable.value


def test_images_are_ours_by_phase(shipped: Catalog) -> None:
    for entry in shipped.validators:
        assert entry.image == f"ghcr.io/aicr-orch/validator-{entry.phase}:latest"


def test_descriptions_stand_alone_and_differ(shipped: Catalog) -> None:
    descriptions = [entry.description for entry in shipped.validators]

    assert all(descriptions)
    assert len(set(descriptions)) == len(descriptions)


def test_locks_are_known_ones(shipped: Catalog) -> None:
    assert {lock for entry in shipped.validators for lock in entry.locks} == LOCKS


def test_no_right_is_a_wildcard_and_none_writes(shipped: Catalog) -> None:
    rules = [rule for entry in shipped.validators for rule in entry.rbac if not rule.derive]

    assert rules
    for rule in rules:
        assert "*" not in [*rule.api_groups, *rule.resources, *rule.verbs]
        assert set(rule.verbs) <= READ_ONLY
        assert "secrets" not in rule.resources


def test_checks_have_rights_exactly_when_they_are_available(shipped: Catalog) -> None:
    for entry in shipped.validators:
        assert (entry.name, bool(entry.rbac)) == (entry.name, entry.available)


def test_every_check_that_is_to_be_built_says_whether_it_makes_workloads(shipped: Catalog) -> None:
    silent = [entry.name for entry in shipped.validators if entry.workloads is None]

    assert silent == [
        "operator-health",
        "expected-resources",
        "gpu-operator-version",
        "gpu-operator-health",
        "platform-health",
    ]

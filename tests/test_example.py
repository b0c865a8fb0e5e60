"""The example's recipe, snapshot and cluster belong together, and checks say what they should."""

from typing import Any

import pytest
import yaml

from helper import documents
from helper.contract import ExitCode
from helper.models import PHASES, Policy, Snapshot
from helper.nodes import Node, gpu_nodes, parse_node
from helper.resource import Json, name, namespace
from orchestrator import catalog, readiness, recipe
from orchestrator.replay import ReplayCluster
from tests.conftest import RunCheck
from tests.example import FOLDER, images_of, of_kind, read_objects
from tests.source import ROOT


@pytest.fixture(scope="module")
def objects() -> list[Json]:
    return read_objects()


@pytest.fixture(scope="module")
def pods(objects: list[Json]) -> list[Json]:
    return of_kind(objects, "Pod")


@pytest.fixture(scope="module")
def nodes(objects: list[Json]) -> list[Node]:
    return [parse_node(obj) for obj in of_kind(objects, "Node")]


@pytest.fixture(scope="module")
def parsed() -> recipe.Recipe:
    return recipe.parse((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")


@pytest.fixture(scope="module")
def raw_recipe() -> dict[str, Any]:
    return documents.load_mapping((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return recipe.parse_snapshot((FOLDER / "snapshot.yaml").read_bytes(), "snapshot.yaml")


@pytest.fixture(scope="module")
def cluster_file() -> dict[str, Any]:
    return documents.load_mapping((FOLDER / "cluster.yaml").read_bytes(), "cluster.yaml")


def test_the_recipe_has_sixteen_components_each_after_what_it_depends_on(
    raw_recipe: dict[str, Any],
) -> None:
    refs = {ref["name"]: ref.get("dependencyRefs", []) for ref in raw_recipe["componentRefs"]}
    order = raw_recipe["deploymentOrder"]

    assert len(refs) == 16
    assert list(refs) == sorted(order)
    for component, needs in refs.items():
        assert {*needs} <= {*order[: order.index(component)]}, component


def test_the_recipe_hands_out_gpus_through_the_device_plugin(
    parsed: recipe.Recipe, objects: list[Json], nodes: list[Node]
) -> None:
    drivers = {obj["spec"]["driver"] for obj in of_kind(objects, "ResourceSlice")}

    assert parsed.warnings == ()
    assert parsed.input.gpu_allocation_policy == Policy.DEVICE_PLUGIN
    assert [node.gpus for node in gpu_nodes(nodes)] == [8, 8]
    assert drivers == {"compute-domain.nvidia.com"}


def test_the_namespace_of_every_component_exists(
    parsed: recipe.Recipe, objects: list[Json]
) -> None:
    existing = {name(obj) for obj in of_kind(objects, "Namespace")}

    assert {ref.namespace for ref in parsed.input.component_refs} <= existing


def test_every_expected_resource_exists(parsed: recipe.Recipe, objects: list[Json]) -> None:
    existing = {(obj["kind"], namespace(obj), name(obj)) for obj in objects}
    expected = {
        (item.kind, item.namespace, item.name)
        for ref in parsed.input.component_refs
        for item in ref.expected_resources
    }

    assert len(expected) > 30
    assert expected - existing == set()


def test_the_recipe_selects_all_checks_that_are_available(parsed: recipe.Recipe) -> None:
    entries = catalog.parse((ROOT / "catalog.yaml").read_bytes(), "catalog.yaml").validators
    selected = {(phase, name) for phase in PHASES for name in parsed.input.config[phase].checks}

    assert selected == {(entry.phase, entry.name) for entry in entries if entry.available}


def test_the_cluster_knows_the_image_of_every_phase(cluster_file: dict[str, Any]) -> None:
    images = {image["name"]: image["command"] for image in cluster_file["images"]}

    assert images == {
        f"ghcr.io/aicr-orch/validator-{phase}": ["python", "-m", f"images.{phase}"]
        for phase in PHASES
    }


def test_the_snapshot_fulfils_the_readiness_constraints(
    parsed: recipe.Recipe, snapshot: Snapshot
) -> None:
    findings = readiness.gate(parsed.input, snapshot)

    assert len(findings) == 4
    assert [str(item) for item in findings if item.result != readiness.Result.PASSED] == []


def test_the_snapshot_is_one_of_this_cluster(
    snapshot: Snapshot, cluster_file: dict[str, Any], objects: list[Json], nodes: list[Node]
) -> None:
    kube_system = next(o for o in of_kind(objects, "Namespace") if name(o) == "kube-system")
    summary = {
        "K8s.server.version": cluster_file["serverVersion"],
        "K8s.cluster.uid": kube_system["metadata"]["uid"],
        "NodeTopology.summary.node-count": str(len(nodes)),
        "NodeTopology.summary.gpu-node-count": str(len(gpu_nodes(nodes))),
        "GPU.hardware.gpu-count": "8",
    }

    assert {path: readiness.extract(snapshot, path) for path in summary} == summary


def test_the_snapshot_lists_the_images_that_pods_run(snapshot: Snapshot, pods: list[Json]) -> None:
    running = {
        image.rpartition("/")[2].partition(":")[0] for pod in pods for image in images_of(pod)
    }
    text = yaml.safe_load((FOLDER / "snapshot.yaml").read_text())
    listed = next(
        subtype["data"]
        for measurement in text["measurements"]
        for subtype in measurement["subtypes"]
        if subtype["subtype"] == "image"
    )

    assert set(listed) == running
    assert readiness.extract(snapshot, "K8s.image.gpu-operator") == "v25.10.1"


@pytest.mark.parametrize(
    ("phase", "check", "code"),
    [
        ("deployment", "operator-health", ExitCode.PASS),
        ("conformance", "platform-health", ExitCode.PASS),
        ("conformance", "gpu-operator-health", ExitCode.PASS),
        ("conformance", "dra-support", ExitCode.PASS),
        ("performance", "nccl-all-reduce-bw", ExitCode.SKIP),
    ],
)
def test_a_selected_check_gives_its_verdict(
    run_check: RunCheck, parsed: recipe.Recipe, phase: str, check: str, code: ExitCode
) -> None:
    cluster = ReplayCluster.load(FOLDER)
    run = run_check(f"images.{phase}", check, cluster=cluster, recipe=parsed.document)

    assert (run.code, run.message) == (code, run.message), run.stdout
    assert code == ExitCode.PASS or "no nccl-all-reduce-bw constraint" in run.message

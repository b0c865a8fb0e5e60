from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from helper import documents
from helper.credentials import Credentials
from helper.kube import connect
from helper.models import PHASES
from orchestrator import rbac
from orchestrator.catalog import built_in
from orchestrator.recipe import parse
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.snapshot import Facts
from orchestrator.snapshot.read import read
from tests.example import FOLDER
from tests.fakes import objects as kube
from tests.orchestrator.engine import served
from tests.orchestrator.snapshot.samples import gpu_node

Json = dict[str, Any]

SYSTEM = kube.namespace("kube-system")
CLUSTER = (
    SYSTEM,
    kube.namespace("team"),
    gpu_node("gpu-2"),
    gpu_node("gpu-1"),
    kube.CLUSTER_POLICIES,
    kube.cluster_policy(),
    kube.pod("app-1", "team", "gpu-1"),
    kube.resource_slice("gpu-1", "gpu.nvidia.com", 8, "gpu"),
    kube.resource_slice("gpu-2", "compute-domain.nvidia.com", 2, "channel"),
)


def facts_of(objects: Sequence[Json] = CLUSTER, *faults: Fault) -> Facts:
    cluster = ReplayCluster(objects=list(objects))
    cluster.faults.extend(faults)
    with served(cluster) as connection:
        return read(connection)


def test_reads_everything_that_a_snapshot_is_made_of() -> None:
    found = facts_of()

    assert found.gaps == ()
    assert found.server is not None
    assert found.server["gitVersion"].startswith("v1.")
    assert found.cluster_uid
    assert {item.name for item in found.nodes or ()} == {"gpu-1", "gpu-2"}
    assert found.nodes_with_slices == frozenset({"gpu-1"})
    assert found.images == frozenset({"example/main:1"})
    assert len(found.policies) == 1


def test_writes_nothing_and_asks_once_for_each_part() -> None:
    cluster = ReplayCluster(objects=list(CLUSTER))

    with served(cluster) as connection:
        read(connection)

    assert {request.method for request in cluster.requests} == {"GET"}
    assert len(cluster.requests) == 6


def test_what_is_not_installed_is_no_gap() -> None:
    found = facts_of([SYSTEM, gpu_node("gpu-1")])

    assert (found.policies, found.gaps) == ((), ())


def test_fake_nodes_are_no_nodes_and_their_pods_run_nothing() -> None:
    fake = kube.fake(gpu_node("fake-1"))

    found = facts_of([SYSTEM, gpu_node("gpu-1"), fake, kube.pod("app-1", "team", "fake-1")])

    assert [item.name for item in found.nodes or ()] == ["gpu-1"]
    assert found.images == frozenset()


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("resource", "path", "lost"),
    [
        pytest.param("nodes", "NodeTopology", "nodes", id="nodes"),
        pytest.param("pods", "K8s.image", "images", id="pods"),
        pytest.param("namespaces", "K8s.cluster", "cluster_uid", id="namespace"),
        pytest.param("clusterpolicies", "K8s.policy", "policies", id="policies"),
        pytest.param("resourceslices", "GPU", "nodes_with_slices", id="slices"),
    ],
)
def test_a_part_that_cannot_be_read_is_left_out_and_named(
    resource: str, path: str, lost: str, status: int
) -> None:
    found = facts_of(CLUSTER, Fault(resource=resource, status=status))

    assert not getattr(found, lost)
    # An API that is not served has no objects; a kind that is always served must answer.
    if status == 404 and resource in ("clusterpolicies", "resourceslices"):
        assert found.gaps == ()
    else:
        assert [gap.path for gap in found.gaps] == [path]
        assert found.gaps[0].why.startswith("not read: ")
        assert str(status) in found.gaps[0].why
    assert found.server


def test_a_part_without_an_answer_is_left_out_and_named() -> None:
    found = facts_of(CLUSTER, Fault(resource="pods", status=503))

    assert found.images is None
    assert [gap.path for gap in found.gaps] == ["K8s.image"]
    assert found.nodes


def test_pods_are_read_a_page_at_a_time() -> None:
    pods = [kube.pod(f"app-{number}", "team", "gpu-1") for number in range(501)]
    cluster = ReplayCluster(objects=[SYSTEM, gpu_node("gpu-1"), *pods])

    with served(cluster) as connection:
        found = read(connection)

    assert found.images == frozenset({"example/main:1"})
    assert len([r for r in cluster.requests if r.path == "/api/v1/pods"]) == 2


def test_the_rights_that_rbac_print_names_for_the_caller_are_enough(tmp_path: Path) -> None:
    recipe = parse((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")
    text = rbac.render(built_in(), recipe, PHASES, "aicr-validation", caller=True)
    rules = documents.load_mapping(text, "role")["rules"]

    assert facts_as("caller", rules, tmp_path).gaps == ()
    assert {gap.path for gap in facts_as("caller", [], tmp_path).gaps} == {
        "GPU",
        "K8s.cluster",
        "K8s.image",
        "K8s.policy",
        "NodeTopology",
    }


def facts_as(user: str, rules: Sequence[Json], folder: Path) -> Facts:
    """What somebody reads who holds just these rules."""
    group = "rbac.authorization.k8s.io"
    named = {"apiVersion": f"{group}/v1", "metadata": {"name": user}}
    role = {**named, "kind": "ClusterRole", "rules": list(rules)}
    binding = {
        **named,
        "kind": "ClusterRoleBinding",
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": user},
    }
    with ReplayCluster(objects=[*CLUSTER, role, binding]).serve() as server:
        server.write_kubeconfig(folder / "kubeconfig", user=user)
        connection = connect(Credentials(str(folder / "kubeconfig")), {}, patience_s=1.0)
        try:
            return read(connection)
        finally:
            connection.close()

"""What tests on a real cluster are held to: whatever they made, they have begun to delete."""

from pathlib import Path
from typing import Any

import pytest

from helper import contract
from helper.credentials import Credentials
from helper.kinds import CLUSTER_ROLES, CONFIG_MAPS, NAMESPACES, NODES
from helper.kube import connect
from orchestrator.replay import ReplayCluster
from tests.e2e.leftovers import abandoned

Json = dict[str, Any]

KINDS = (NAMESPACES, NODES, CLUSTER_ROLES, CONFIG_MAPS)

RUN = {contract.LABEL_RUN_ID: "20260101-000000-0123456789abcdef"}
ENDING: Json = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/never"]}


def obj(kind: str, name: str, *, api: str = "v1", **metadata: Any) -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}}


def found(folder: Path, *objects: Json) -> list[str]:
    """What is called abandoned in a cluster of these objects."""
    with ReplayCluster(objects).serve() as server:
        kube = connect(Credentials(str(server.write_kubeconfig(folder / "kubeconfig"))), {})
        left = abandoned(kube, KINDS)
        kube.close()
    return left


RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (obj("Namespace", "aicr-contract-0123"), "namespaces aicr-contract-0123"),
        (obj("Namespace", "aicr-kubectl-0123"), "namespaces aicr-kubectl-0123"),
        (obj("Node", "aicr-e2e-0123"), "nodes aicr-e2e-0123"),
        (
            obj("ClusterRole", "aicr-check-0123", api=RBAC, labels=RUN),
            "clusterroles.rbac.authorization.k8s.io aicr-check-0123",
        ),
        (obj("ConfigMap", "aicr-0123", namespace="n", labels=RUN), "configmaps n/aicr-0123"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_nobody_deletes_is_named(tmp_path: Path, left: Json, words: str) -> None:
    others = (obj("Namespace", "n"), obj("Node", "gpu-1"), obj("ConfigMap", "c", namespace="n"))

    assert found(tmp_path, *others, left) == [words]


def test_what_is_ending_and_what_is_in_it_is_not(tmp_path: Path) -> None:
    ending = obj("Namespace", "aicr-e2e-0123", **ENDING)
    inside = obj("ConfigMap", "c", namespace="aicr-e2e-0123", labels=RUN)

    assert found(tmp_path, ending, inside, obj("Node", "aicr-e2e-0123", **ENDING)) == []

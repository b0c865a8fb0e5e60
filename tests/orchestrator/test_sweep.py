from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helper.credentials import Credentials
from helper.kinds import CLUSTER_ROLES, JOBS, LEASES, ROLES, SECRETS
from helper.kube import Kube, connect
from orchestrator.replay import ReplayCluster
from orchestrator.sweep import EVERYWHERE, Place, within_reach
from tests.orchestrator.callers import CALLER, cluster_role
from tests.orchestrator.engine import NAMESPACE, served

LISTS = {"apiGroups": ["*"], "verbs": ["list"]}
KNOWN: Sequence[Place] = [
    (JOBS, NAMESPACE),
    (LEASES, NAMESPACE),
    (SECRETS, NAMESPACE),
    (ROLES, "gpu-operator"),
]


@contextmanager
def caller(*objects: dict[str, Any], folder: Path) -> Iterator[Kube]:
    """Connect as somebody with these rights."""
    with ReplayCluster(objects=objects).serve() as server:
        path = server.write_kubeconfig(folder / "kubeconfig", user=CALLER["name"])
        kube = connect(Credentials(str(path)), {}, patience_s=1.0)
        try:
            yield kube
        finally:
            kube.close()


def test_an_administrator_looks_everywhere() -> None:
    with served(ReplayCluster()) as kube:
        assert within_reach(kube, KNOWN) == EVERYWHERE


def test_who_may_not_look_everywhere_looks_where_the_run_makes_objects(tmp_path: Path) -> None:
    wide = {**LISTS, "resources": ["jobs", "clusterroles"]}

    with caller(*cluster_role([wide]), folder=tmp_path) as kube:
        found = within_reach(kube, KNOWN)

    assert found == [
        (JOBS, None),
        (LEASES, NAMESPACE),
        (ROLES, "gpu-operator"),
        (CLUSTER_ROLES, None),
    ]


@pytest.mark.parametrize("plural", ["secrets", "leases"])
def test_secrets_are_looked_for_in_a_namespace_only_by_who_may(tmp_path: Path, plural: str) -> None:
    role, binding = cluster_role([{**LISTS, "resources": [plural]}])
    where = {"name": "caller", "namespace": NAMESPACE}
    local = {**binding, "kind": "RoleBinding", "metadata": where}

    with caller(role, local, folder=tmp_path) as kube:
        found = within_reach(kube, KNOWN)

    assert ((SECRETS, NAMESPACE) in found) is (plural == "secrets")

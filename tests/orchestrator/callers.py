"""Who starts a run, with just the rights that a test gives."""

from typing import Any

Json = dict[str, Any]

CALLER = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "caller"}


def cluster_role(rules: list[Json]) -> list[Json]:
    """Rights of the caller in the whole cluster."""
    group = "rbac.authorization.k8s.io"
    name = {"name": "caller"}
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": name, "rules": rules}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": name,
        "subjects": [CALLER],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "caller"},
    }
    return [role, binding]

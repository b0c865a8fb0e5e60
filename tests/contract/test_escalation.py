from typing import Any

import pytest

from tests.contract.http import Server
from tests.contract.rights import RBAC, role_ref, rule

WRITE = rule("create update", "roles rolebindings", "rbac.authorization.k8s.io")


def role(server: Server, namespace: str, user: str, query: str = "") -> Any:
    path = f"{RBAC}/namespaces/{namespace}/roles{query}"
    rules = [rule("get list", "pods"), rule("get", "configmaps")]
    return server.post(path, {"metadata": {"name": "x"}, "rules": rules}, user=user)


@pytest.mark.parametrize("query", ["", "?dryRun=All"])
def test_a_role_beyond_the_own_rights(
    server: Server, namespace: str, user: str, grant: Any, query: str
) -> None:
    grant(rule("get", "configmaps"), WRITE)
    reply = role(server, namespace, user, query)

    assert reply.status == 403
    assert reply.message == (
        f'roles.rbac.authorization.k8s.io "x" is forbidden: user "{user}" '
        f'(groups=["system:serviceaccounts" "system:serviceaccounts:{namespace}" '
        '"system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'
    )


def test_a_role_within_the_own_rights(
    server: Server, namespace: str, user: str, grant: Any
) -> None:
    grant(rule("get list watch", "pods configmaps"), WRITE)

    assert role(server, namespace, user).status == 201


def test_a_binding_to_a_stronger_role(
    server: Server, namespace: str, user: str, grant: Any
) -> None:
    grant(WRITE)
    binding = {
        "metadata": {"name": "x"},
        "roleRef": role_ref("cluster-admin", "ClusterRole"),
        "subjects": [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    path = f"{RBAC}/namespaces/{namespace}/rolebindings"
    reply = server.post(path, binding, user=user)

    assert reply.status == 403
    assert reply.message.endswith(
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n'
        '{NonResourceURLs:["*"], Verbs:["*"]}'
    )


def test_a_binding_to_a_missing_role(server: Server, namespace: str, user: str, grant: Any) -> None:
    grant(WRITE)
    binding = {"metadata": {"name": "x"}, "roleRef": role_ref("missing"), "subjects": []}
    path = f"{RBAC}/namespaces/{namespace}/rolebindings"
    reply = server.post(path, binding, user=user)

    assert reply.status == 404
    assert reply.message == 'rolebindings.rbac.authorization.k8s.io "missing" not found'
    assert server.post(path, binding).status == 201

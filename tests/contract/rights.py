"""Rights to give and to ask about."""

from typing import Any

from tests.contract.http import Server

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiGroups": [group],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }
    return made | ({"resourceNames": names.split()} if names else {})


def role_ref(name: str, kind: str = "Role") -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def review(server: Server, attributes: dict[str, Any], user: str = "") -> dict[str, Any]:
    body = {"spec": {"resourceAttributes": attributes}}
    reply = server.post(f"{REVIEWS}/selfsubjectaccessreviews", body, user=user)
    assert reply.status == 201, reply
    return dict(reply.body["status"])

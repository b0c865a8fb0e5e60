from typing import Any

from tests.contract.http import Server
from tests.contract.rights import REVIEWS, review, rule


def test_the_admin_may_do_everything(server: Server) -> None:
    status = review(server, {"verb": "create", "group": "batch", "resource": "jobs"})

    assert status["allowed"]


def test_says_no(server: Server, namespace: str, user: str) -> None:
    attributes = {"verb": "create", "resource": "pods", "namespace": namespace}

    assert review(server, attributes, user) == {"allowed": False}


def test_says_which_binding_allows(server: Server, namespace: str, user: str, grant: Any) -> None:
    grant(rule("get", "configmaps"))
    attributes = {"verb": "get", "resource": "configmaps", "namespace": namespace}

    assert review(server, attributes, user)["reason"] == (
        f'RBAC: allowed by RoleBinding "granted/{namespace}" of Role "granted" '
        f'to ServiceAccount "default/{namespace}"'
    )


def test_about_somebody_else(server: Server, namespace: str, user: str, grant: Any) -> None:
    grant(rule("get", "configmaps"))
    attributes = {"verb": "get", "resource": "configmaps", "namespace": namespace}
    body = {"spec": {"user": user, "resourceAttributes": attributes}}
    reply = server.post(f"{REVIEWS}/subjectaccessreviews", body)

    assert (reply.status, reply.body["status"]["allowed"]) == (201, True)


def test_lists_the_rules_of_a_user(server: Server, namespace: str, user: str, grant: Any) -> None:
    grant(rule("get", "configmaps"))
    body = {"spec": {"namespace": namespace}}
    reply = server.post(f"{REVIEWS}/selfsubjectrulesreviews", body, user=user)

    assert rule("get", "configmaps") in reply.body["status"]["resourceRules"]


def test_says_who_asks(server: Server, namespace: str, user: str) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    reply = server.post(path, {}, user=user)

    assert reply.body["status"]["userInfo"]["username"] == user
    assert reply.body["status"]["userInfo"]["groups"] == [
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    ]

from typing import Any

import pytest

from tests.contract.http import APPLY, Server
from tests.contract.rights import rule


def test_an_unknown_token_is_nobody(server: Server) -> None:
    reply = server.call_with_token("unknown", "/api/v1/nodes")

    assert (reply.status, reply.body["reason"], reply.message) == (
        401,
        "Unauthorized",
        "Unauthorized",
    )


def test_no_token_is_anonymous(server: Server) -> None:
    reply = server.call_with_token("", "/api/v1/nodes")

    assert reply.status == 403
    assert 'User "system:anonymous" cannot list resource "nodes"' in reply.message


def test_anybody_may_ask_for_the_version(server: Server) -> None:
    assert server.call_with_token("", "/version").status == 200


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "/api/v1/nodes",
            (
                'nodes is forbidden: User "{user}" cannot list resource "nodes" in API group "" '
                "at the cluster scope"
            ),
        ),
        (
            "/api/v1/namespaces/default/pods",
            (
                'pods is forbidden: User "{user}" cannot list resource "pods" in API group "" '
                'in the namespace "default"'
            ),
        ),
        (
            "/api/v1/namespaces/default/pods/x/log",
            (
                'pods "x" is forbidden: User "{user}" cannot get resource "pods/log" in API '
                'group "" in the namespace "default"'
            ),
        ),
        (
            "/api/v1/namespaces/default",
            (
                'namespaces "default" is forbidden: User "{user}" cannot get resource "namespaces" '
                'in API group "" in the namespace "default"'
            ),
        ),
        (
            "/apis/not-served.example.com/v1/things",
            (
                'things.not-served.example.com is forbidden: User "{user}" cannot list resource '
                '"things" in API group "not-served.example.com" at the cluster scope'
            ),
        ),
        ("/metrics", 'forbidden: User "{user}" cannot get path "/metrics"'),
    ],
)
def test_says_what_is_forbidden(server: Server, user: str, path: str, message: str) -> None:
    reply = server.get(path, user=user)

    assert (reply.status, reply.body["reason"]) == (403, "Forbidden")
    assert reply.message == message.format(user=user)


def test_forbids_to_create(server: Server, namespace: str, user: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    reply = server.post(path, {"metadata": {"name": "j"}}, user=user)

    assert reply.message == (
        f'jobs.batch is forbidden: User "{user}" cannot create resource "jobs" in API group '
        f'"batch" in the namespace "{namespace}"'
    )
    assert reply.body["details"] == {"group": "batch", "kind": "jobs"}


@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/batch/v1", "/version"])
def test_everybody_may_discover(server: Server, user: str, path: str) -> None:
    assert server.get(path, user=user).status == 200


def test_a_role_gives_its_verbs_in_its_namespace(
    server: Server, home: str, user: str, grant: Any
) -> None:
    grant(rule("list", "configmaps"))

    assert server.get(f"{home}/configmaps", user=user).status == 200
    assert server.get(f"{home}/secrets", user=user).status == 403
    assert server.get(f"{home}/configmaps/x", user=user).status == 403
    assert server.get("/api/v1/namespaces/default/configmaps", user=user).status == 403


def test_a_role_for_names_gives_these_only(
    server: Server, home: str, user: str, grant: Any
) -> None:
    grant(rule("get list", "configmaps", names="kube-root-ca.crt"))
    one = {"fieldSelector": "metadata.name=kube-root-ca.crt"}

    assert server.get(f"{home}/configmaps/other", user=user).status == 403
    assert server.get(f"{home}/configmaps", user=user).status == 403
    assert server.get(f"{home}/configmaps", user=user, **one).status == 200


def test_a_resource_does_not_include_its_subresources(
    server: Server, home: str, user: str, grant: Any
) -> None:
    grant(rule("get", "pods"))

    assert server.get(f"{home}/pods/x", user=user).status == 404
    assert server.get(f"{home}/pods/x/log", user=user).status == 403


def test_the_namespace_itself_is_readable_through_a_role(
    server: Server, home: str, user: str, grant: Any
) -> None:
    grant(rule("get", "namespaces"))

    assert server.get(home, user=user).status == 200


def test_apply_needs_create_for_what_is_not_there(
    server: Server, home: str, user: str, grant: Any
) -> None:
    grant(rule("patch", "configmaps"))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}}
    path = f"{home}/configmaps/cm?fieldManager=m"
    reply = server.call("PATCH", path, body, media=APPLY, user=user)

    assert reply.status == 403
    assert 'cannot create resource "configmaps"' in reply.message


def test_a_requested_token_is_the_account(server: Server, home: str, namespace: str) -> None:
    path = f"{home}/serviceaccounts/default/token"
    token = server.post(path, {"spec": {}}).body["status"]["token"]
    reply = server.call_with_token(token, "/api/v1/nodes")

    assert reply.status == 403
    assert f'User "system:serviceaccount:{namespace}:default"' in reply.message

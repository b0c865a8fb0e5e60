import secrets
from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import MERGE, Server

NAMESPACES = "/api/v1/namespaces"


def test_has_the_system_namespaces(server: Server) -> None:
    found = {item["metadata"]["name"] for item in server.get(NAMESPACES).items}

    assert {"default", "kube-node-lease", "kube-public", "kube-system"} <= found


def test_a_new_namespace_is_active_and_labelled(server: Server, home: str, namespace: str) -> None:
    body = server.get(home).body

    assert body["metadata"]["labels"] == {"kubernetes.io/metadata.name": namespace}
    assert body["spec"] == {"finalizers": ["kubernetes"]}
    assert body["status"] == {"phase": "Active"}


def test_a_new_namespace_has_what_pods_need(server: Server, home: str) -> None:
    eventually(lambda: server.get(f"{home}/serviceaccounts/default").status == 200)
    eventually(lambda: server.get(f"{home}/configmaps/kube-root-ca.crt").status == 200)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.b", 'metadata.name: Invalid value: "a.b": must not contain dots'),
        ("A", "a lowercase RFC 1123 label must consist of"),
    ],
)
def test_refuses_names_that_are_no_label(server: Server, name: str, problem: str) -> None:
    reply = server.post(NAMESPACES, {"metadata": {"name": name}})

    assert reply.status == 422
    assert problem in reply.message


def test_refuses_a_name_that_is_taken(server: Server) -> None:
    reply = server.post(NAMESPACES, {"metadata": {"name": "default"}})

    assert (reply.status, reply.message) == (409, 'namespaces "default" already exists')


@pytest.fixture
def held(server: Server) -> Any:
    """A namespace that cannot go yet, because a finalizer holds an object in it."""
    name = f"aicr-contract-{secrets.token_hex(4)}"
    path = f"{NAMESPACES}/{name}"
    server.post(NAMESPACES, {"metadata": {"name": name}})
    body = {"metadata": {"name": "holder", "finalizers": ["example.com/wait"]}}
    assert server.post(f"{path}/configmaps", body).status == 201
    yield path
    patch = {"metadata": {"finalizers": None}}
    server.call("PATCH", f"{path}/configmaps/holder", patch, media=MERGE)
    eventually(lambda: server.get(path).status == 404)


def test_a_deleted_namespace_takes_its_contents(server: Server, held: str) -> None:
    server.post(f"{held}/configmaps", {"metadata": {"name": "cm"}})
    reply = server.call("DELETE", held)

    assert reply.body["status"]["phase"] == "Terminating"
    assert reply.body["metadata"]["deletionTimestamp"]
    eventually(lambda: server.get(f"{held}/configmaps/cm").status == 404)


def test_nothing_new_enters_a_terminating_namespace(server: Server, held: str) -> None:
    server.call("DELETE", held)
    reply = server.post(f"{held}/configmaps", {"metadata": {"name": "late"}})

    name = held.rpartition("/")[2]
    assert (reply.status, reply.body["reason"]) == (403, "Forbidden")
    assert reply.message == (
        f'configmaps "late" is forbidden: unable to create new content in namespace {name} '
        "because it is being terminated"
    )
    assert reply.body["details"]["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
    ]


def test_a_cluster_scoped_child_of_a_namespaced_owner_stays(
    server: Server, home: str, namespace: str
) -> None:
    owner = server.post(f"{home}/configmaps", {"metadata": {"name": "owner"}}).body
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
    }
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    name = f"{namespace}-child"
    server.post(roles, {"metadata": {"name": name, "ownerReferences": [reference]}})
    server.post(
        f"{home}/configmaps", {"metadata": {"name": "child", "ownerReferences": [reference]}}
    )
    server.call("DELETE", f"{home}/configmaps/owner")

    eventually(lambda: server.get(f"{home}/configmaps/child").status == 404)
    assert server.call("DELETE", f"{roles}/{name}").status == 200


def test_a_child_in_another_namespace_than_its_owner_is_collected(
    server: Server, home: str
) -> None:
    owner = server.get(f"{NAMESPACES}/default/serviceaccounts/default").body
    reference = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "name": "default",
        "uid": owner["metadata"]["uid"],
    }
    body = {"metadata": {"name": "cross", "ownerReferences": [reference]}}
    assert server.post(f"{home}/configmaps", body).status == 201

    eventually(lambda: server.get(f"{home}/configmaps/cross").status == 404)

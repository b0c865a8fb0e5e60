"""`dryRun=All` checks everything and keeps nothing."""

import pytest

from tests.contract.http import APPLY, MERGE, Server
from tests.contract.test_objects import config_map


@pytest.fixture
def path(server: Server, home: str) -> str:
    server.post(f"{home}/configmaps", config_map(k="v"))
    return f"{home}/configmaps/cm"


@pytest.mark.parametrize(
    ("method", "body", "media"),
    [
        ("PUT", config_map(k="w"), "application/json"),
        ("PATCH", {"data": {"k": "w"}}, MERGE),
        ("PATCH", {"apiVersion": "v1", "kind": "ConfigMap", **config_map(k="w")}, APPLY),
    ],
    ids=["update", "patch", "apply"],
)
def test_a_write_shows_its_result_only(
    server: Server, path: str, method: str, body: object, media: str
) -> None:
    query = "?dryRun=All&fieldManager=m&force=true" if media == APPLY else "?dryRun=All"
    reply = server.call(method, path + query, body, media=media)

    assert (reply.status, reply.body["data"]) == (200, {"k": "w"})
    assert server.get(path).body["data"] == {"k": "v"}


def test_a_delete_leaves_the_object(server: Server, path: str) -> None:
    reply = server.call("DELETE", f"{path}?dryRun=All")

    assert (reply.status, reply.body["status"]) == (200, "Success")
    assert server.get(path).status == 200


def test_a_collection_stays(server: Server, home: str, path: str) -> None:
    reply = server.call("DELETE", f"{home}/configmaps?dryRun=All")

    assert "cm" in [item["metadata"]["name"] for item in reply.items]
    assert server.get(path).status == 200


def test_an_apply_creates_nothing(server: Server, home: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map("new")}
    path = f"{home}/configmaps/new"
    reply = server.call("PATCH", f"{path}?dryRun=All&fieldManager=m", body, media=APPLY)

    assert reply.status == 201
    assert server.get(path).status == 404


@pytest.mark.parametrize(
    ("method", "kind"),
    [("POST", "CreateOptions"), ("PUT", "UpdateOptions"), ("DELETE", "DeleteOptions")],
)
def test_there_is_only_all(server: Server, home: str, path: str, method: str, kind: str) -> None:
    target = f"{home}/configmaps" if method == "POST" else path
    body = None if method == "DELETE" else config_map()
    reply = server.call(method, f"{target}?dryRun=Some", body)

    assert reply.status == 422
    assert reply.message == (
        f'{kind}.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: '
        'supported values: "All"'
    )

from typing import Any

from tests.contract.http import APPLY, MERGE, Server
from tests.contract.test_objects import config_map


def apply(server: Server, home: str, manager: str, data: Any, *, force: bool = False) -> Any:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map(**data)}
    query = f"fieldManager={manager}" + ("&force=true" if force else "")
    return server.call("PATCH", f"{home}/configmaps/cm?{query}", body, media=APPLY)


def test_creates_and_then_updates(server: Server, home: str) -> None:
    assert apply(server, home, "one", {"k": "v"}).status == 201
    reply = apply(server, home, "one", {"k": "w"})

    assert (reply.status, reply.body["data"]) == (200, {"k": "w"})


def test_applying_the_same_again_changes_nothing(server: Server, home: str) -> None:
    first = apply(server, home, "one", {"k": "v"}).body
    again = apply(server, home, "one", {"k": "v"}).body

    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_removes_what_is_no_longer_applied(server: Server, home: str) -> None:
    apply(server, home, "one", {"a": "1", "b": "2"})

    assert apply(server, home, "one", {"b": "2"}).body["data"] == {"b": "2"}


def test_keeps_what_another_manager_applied(server: Server, home: str) -> None:
    apply(server, home, "one", {"a": "1"})
    reply = apply(server, home, "two", {"b": "2"})

    assert reply.body["data"] == {"a": "1", "b": "2"}


def test_refuses_to_change_what_another_manager_owns(server: Server, home: str) -> None:
    apply(server, home, "one", {"k": "v"})
    reply = apply(server, home, "two", {"k": "w"})

    assert (reply.status, reply.body["reason"]) == (409, "Conflict")
    assert reply.message == 'Apply failed with 1 conflict: conflict with "one": .data.k'
    assert reply.body["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "one"',
            "field": ".data.k",
        }
    ]


def test_force_takes_ownership(server: Server, home: str) -> None:
    apply(server, home, "one", {"k": "v"})

    assert apply(server, home, "two", {"k": "w"}, force=True).body["data"] == {"k": "w"}
    assert apply(server, home, "one", {"k": "v"}).status == 409


def test_a_plain_write_takes_ownership(server: Server, home: str) -> None:
    apply(server, home, "one", {"k": "v"})
    patch = {"data": {"k": "w"}}
    path = f"{home}/configmaps/cm?fieldManager=plain"
    server.call("PATCH", path, patch, media=MERGE)
    reply = apply(server, home, "one", {"k": "v"})

    assert reply.status == 409
    assert 'conflict with "plain"' in reply.message


def test_needs_a_manager(server: Server, home: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map()}

    reply = server.call("PATCH", f"{home}/configmaps/cm", body, media=APPLY)

    assert reply.status == 422
    assert reply.message == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: '
        "is required for apply patch"
    )

from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import MERGE, Server
from tests.contract.test_objects import config_map


def test_answers_with_the_uid(server: Server, home: str) -> None:
    uid = server.post(f"{home}/configmaps", config_map()).body["metadata"]["uid"]
    reply = server.call("DELETE", f"{home}/configmaps/cm")

    assert (reply.status, reply.body["status"]) == (200, "Success")
    assert reply.body["details"] == {"name": "cm", "kind": "configmaps", "uid": uid}
    assert server.get(f"{home}/configmaps/cm").status == 404


def test_refuses_another_uid(server: Server, home: str) -> None:
    uid = server.post(f"{home}/configmaps", config_map()).body["metadata"]["uid"]
    wrong = "00000000-0000-0000-0000-000000000000"
    reply = server.call("DELETE", f"{home}/configmaps/cm", {"preconditions": {"uid": wrong}})

    assert reply.status == 409
    assert reply.message == (
        f'Operation cannot be fulfilled on ConfigMap "cm": the UID in the precondition '
        f"({wrong}) does not match the UID in record ({uid}). The object might have been "
        "deleted and then recreated"
    )


def test_dry_run_deletes_nothing(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map())

    assert server.call("DELETE", f"{home}/configmaps/cm?dryRun=All").status == 200
    assert server.get(f"{home}/configmaps/cm").status == 200


def test_takes_a_collection_by_selector(server: Server, home: str) -> None:
    for name in ("a", "b", "c"):
        labels = {"go": str(name != "c").lower()}
        server.post(f"{home}/configmaps", {"metadata": {"name": name, "labels": labels}})
    reply = server.call("DELETE", f"{home}/configmaps?labelSelector=go%3Dtrue")

    assert reply.status == 200
    assert server.get(f"{home}/configmaps/a").status == 404
    assert server.get(f"{home}/configmaps/c").status == 200


def test_waits_for_finalizers(server: Server, home: str) -> None:
    body = {"metadata": {"name": "cm", "finalizers": ["example.com/wait"]}}
    server.post(f"{home}/configmaps", body)
    server.call("DELETE", f"{home}/configmaps/cm")
    waiting = server.get(f"{home}/configmaps/cm")
    patch = {"metadata": {"finalizers": None}}
    server.call("PATCH", f"{home}/configmaps/cm", patch, media=MERGE)

    assert waiting.body["metadata"]["deletionTimestamp"]
    assert server.get(f"{home}/configmaps/cm").status == 404


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_dependents_go_with_their_owner(server: Server, home: str, propagation: str) -> None:
    _own(server, home, server.post(f"{home}/configmaps", config_map("owner")).body)
    options = {"propagationPolicy": propagation}
    server.call("DELETE", f"{home}/configmaps/owner", options)

    eventually(lambda: server.get(f"{home}/configmaps/child").status == 404)
    eventually(lambda: server.get(f"{home}/configmaps/owner").status == 404)


def test_orphans_stay(server: Server, home: str) -> None:
    _own(server, home, server.post(f"{home}/configmaps", config_map("owner")).body)
    server.call("DELETE", f"{home}/configmaps/owner", {"propagationPolicy": "Orphan"})
    eventually(lambda: server.get(f"{home}/configmaps/owner").status == 404)
    child = server.get(f"{home}/configmaps/child")

    assert child.status == 200
    assert "ownerReferences" not in child.body["metadata"]


def test_a_child_without_owner_is_collected(server: Server, home: str) -> None:
    _own(server, home, {"metadata": {"name": "never", "uid": "6a1c0d5e-0000-4000-8000-000000"}})

    eventually(lambda: server.get(f"{home}/configmaps/child").status == 404)


def _own(server: Server, home: str, owner: dict[str, Any]) -> None:
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }
    body = {"metadata": {"name": "child", "ownerReferences": [reference]}}
    assert server.post(f"{home}/configmaps", body).status == 201

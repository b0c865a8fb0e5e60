from typing import Any

import pytest

from tests.contract.http import JSON_PATCH, MERGE, STRATEGIC, Server
from tests.contract.test_objects import config_map


@pytest.mark.parametrize(
    ("media", "patch", "data"),
    [
        (MERGE, {"data": {"a": None, "c": "3"}}, {"b": "2", "c": "3"}),
        (STRATEGIC, {"data": {"a": None, "c": "3"}}, {"b": "2", "c": "3"}),
        (
            JSON_PATCH,
            [{"op": "add", "path": "/data/c", "value": "3"}, {"op": "remove", "path": "/data/a"}],
            {"b": "2", "c": "3"},
        ),
    ],
)
def test_patches(server: Server, home: str, media: str, patch: Any, data: Any) -> None:
    server.post(f"{home}/configmaps", config_map(a="1", b="2"))
    reply = server.call("PATCH", f"{home}/configmaps/cm", patch, media=media)

    assert (reply.status, reply.body["data"]) == (200, data)


def test_refuses_a_patch_of_unknown_format(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map())

    assert server.call("PATCH", f"{home}/configmaps/cm", {}, media="text/plain").status == 415


def test_a_json_patch_whose_test_fails_changes_nothing(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map(a="1"))
    patch = [{"op": "test", "path": "/data/a", "value": "2"}]

    reply = server.call("PATCH", f"{home}/configmaps/cm", patch, media=JSON_PATCH)

    assert reply.status == 422
    assert reply.message == "the server rejected our request due to an error in our request"

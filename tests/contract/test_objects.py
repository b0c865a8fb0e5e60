from typing import Any

import pytest

from tests.contract.http import MERGE, Server


def config_map(name: str = "cm", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


def test_fills_in_what_identifies_a_new_object(server: Server, home: str) -> None:
    reply = server.post(f"{home}/configmaps", config_map(k="v"))
    metadata = reply.body["metadata"]

    assert reply.status == 201
    assert (reply.body["apiVersion"], reply.body["kind"]) == ("v1", "ConfigMap")
    assert metadata["uid"]
    assert int(metadata["resourceVersion"]) > 0
    assert metadata["creationTimestamp"].endswith("Z")
    assert "generation" not in metadata


def test_makes_up_a_name_from_a_prefix(server: Server, home: str) -> None:
    reply = server.post(f"{home}/configmaps", {"metadata": {"generateName": "gen-"}})
    name = reply.body["metadata"]["name"]

    assert (len(name), name[:4]) == (9, "gen-")


def test_gives_what_was_created(server: Server, home: str) -> None:
    created = server.post(f"{home}/configmaps", config_map(k="v")).body

    assert server.get(f"{home}/configmaps/cm").body == created


def test_dry_run_creates_nothing(server: Server, home: str) -> None:
    reply = server.post(f"{home}/configmaps?dryRun=All", config_map())

    assert reply.status == 201
    assert "resourceVersion" not in reply.body["metadata"]
    assert server.get(f"{home}/configmaps/cm").status == 404


def test_refuses_a_name_that_is_taken(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map())
    reply = server.post(f"{home}/configmaps", config_map())

    assert (reply.status, reply.body["reason"]) == (409, "AlreadyExists")
    assert reply.message == 'configmaps "cm" already exists'
    assert reply.body["details"] == {"name": "cm", "kind": "configmaps"}


def test_dry_run_sees_a_name_that_is_taken(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map())

    assert server.post(f"{home}/configmaps?dryRun=All", config_map()).status == 409


def test_names_the_object_that_is_missing(server: Server, home: str) -> None:
    reply = server.get(f"{home}/configmaps/nope")

    assert (reply.status, reply.body["reason"]) == (404, "NotFound")
    assert reply.message == 'configmaps "nope" not found'


def test_names_the_group_of_a_missing_object(server: Server, namespace: str) -> None:
    reply = server.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/nope")

    assert reply.message == 'deployments.apps "nope" not found'
    assert reply.body["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_reads_from_a_missing_namespace_find_nothing(server: Server) -> None:
    assert server.get("/api/v1/namespaces/nope-aicr/configmaps/x").message == (
        'configmaps "x" not found'
    )
    assert server.get("/api/v1/namespaces/nope-aicr/configmaps").items == []


def test_creates_nothing_in_a_missing_namespace(server: Server) -> None:
    reply = server.post("/api/v1/namespaces/nope-aicr/configmaps", config_map())

    assert (reply.status, reply.message) == (404, 'namespaces "nope-aicr" not found')


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        pytest.param({"metadata": {"name": "Bad_Name"}}, 422, "RFC 1123 subdomain", id="bad-name"),
        pytest.param({"metadata": {}}, 422, "name or generateName is required", id="no-name"),
        pytest.param(
            {"metadata": {"name": "x", "labels": {"a": "no spaces"}}},
            422,
            'metadata.labels: Invalid value: "no spaces": a valid label must be',
            id="bad-label",
        ),
        pytest.param(
            {"metadata": {"name": "x"}, "data": {"k": "x" * 1048577}},
            422,
            'ConfigMap "x" is invalid: []: Too long: may not be more than 1048576 bytes',
            id="too-large",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
            400,
            'Pod in version "v1" cannot be handled as a ConfigMap',
            id="other-kind",
        ),
        pytest.param(
            {"metadata": {"name": "x", "namespace": "other"}},
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
            id="other-namespace",
        ),
        pytest.param("{not json", 400, "couldn't get version/kind; json parse error", id="no-json"),
    ],
)
def test_refuses_what_is_no_config_map(
    server: Server, home: str, body: Any, status: int, part: str
) -> None:
    reply = server.post(f"{home}/configmaps", body)

    assert (reply.status, part in reply.message) == (status, True), reply.message


def test_replaces_an_object(server: Server, home: str) -> None:
    created = server.post(f"{home}/configmaps", config_map(k="v")).body
    reply = server.call("PUT", f"{home}/configmaps/cm", config_map(other="w"))

    assert (reply.status, reply.body["data"]) == (200, {"other": "w"})
    assert reply.body["metadata"]["uid"] == created["metadata"]["uid"]
    assert reply.body["metadata"]["resourceVersion"] != created["metadata"]["resourceVersion"]


def test_an_update_that_changes_nothing_is_no_change(server: Server, home: str) -> None:
    created = server.post(f"{home}/configmaps", config_map(k="v")).body
    reply = server.call("PUT", f"{home}/configmaps/cm", config_map(k="v"))

    assert reply.body["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


def test_refuses_an_update_of_an_older_version(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map())
    stale = {"metadata": {"name": "cm", "resourceVersion": "1"}, "data": {}}
    reply = server.call("PUT", f"{home}/configmaps/cm", stale)

    assert (reply.status, reply.body["reason"]) == (409, "Conflict")
    assert reply.message == (
        'Operation cannot be fulfilled on configmaps "cm": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


def test_status_is_written_through_its_own_path_only(server: Server, namespace: str) -> None:
    path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}
    server.post(path, {"metadata": {"name": "p"}, "spec": spec})
    budget = f"{path}/p"
    through_main = server.call(
        "PATCH", budget, {"status": {"currentHealthy": 7}}, media=MERGE
    ).body.get("status", {})
    through_status = server.call(
        "PATCH", f"{budget}/status", {"status": {"currentHealthy": 5}}, media=MERGE
    )

    assert through_main.get("currentHealthy") != 7
    assert through_status.status == 200


def test_counts_changes_of_spec(server: Server, namespace: str) -> None:
    path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}
    created = server.post(path, {"metadata": {"name": "p"}, "spec": spec}).body
    labelled = server.call("PATCH", f"{path}/p", {"metadata": {"labels": {"x": "y"}}}, media=MERGE)
    changed = server.call("PATCH", f"{path}/p", {"spec": {"minAvailable": 2}}, media=MERGE)

    generations = [o["metadata"]["generation"] for o in (created, labelled.body, changed.body)]
    assert generations == [1, 1, 2]


def test_keeps_plain_text_of_a_secret_encoded(server: Server, home: str) -> None:
    secret = {"metadata": {"name": "s"}, "stringData": {"k": "v"}}
    body = server.post(f"{home}/secrets", secret).body

    assert (body["data"], body["type"]) == ({"k": "dg=="}, "Opaque")
    assert "stringData" not in body

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import MERGE, STRATEGIC, Server

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


COLUMNS: list[dict[str, Any]] = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Mode", "type": "string", "jsonPath": ".spec.mode", "priority": 1},
    {
        "name": "Ready",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
    },
    {"name": "Since", "type": "date", "jsonPath": ".status.since"},
]


def definition(group: str) -> dict[str, Any]:
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1},
            "mode": {"type": "string", "enum": ["a", "b"]},
            "more": {
                "type": "object",
                "properties": {"level": {"type": "integer", "default": 3}},
            },
        },
    }
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "served": True,
        "storage": False,
        "subresources": {"status": {}},
        "additionalPrinterColumns": COLUMNS,
        "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}
        },
    }
    return {
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["wd"]},
            "scope": "Namespaced",
            "versions": [
                {**version, "name": "v1", "storage": True},
                {**version, "name": "v1beta1"},
            ],
        },
    }


@pytest.fixture(scope="module")
def group(server: Server) -> Iterator[str]:
    """An API group of the test's own, with one kind in two versions."""
    name = f"{secrets.token_hex(4)}.aicr-contract.example.com"
    assert server.post(CRDS, definition(name)).status == 201
    eventually(lambda: server.get(f"/apis/{name}/v1/widgets").status == 200)
    yield name
    server.call("DELETE", f"{CRDS}/widgets.{name}")
    eventually(lambda: server.get(f"{CRDS}/widgets.{name}").status == 404)
    eventually(lambda: server.get(f"/apis/{name}/v1/widgets").status == 404)


@pytest.fixture
def path(group: str, namespace: str) -> str:
    """The test's collection of widgets."""
    return f"/apis/{group}/v1/namespaces/{namespace}/widgets"


def test_a_definition_becomes_established(server: Server, group: str) -> None:
    status = server.get(f"{CRDS}/widgets.{group}").body["status"]

    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("NamesAccepted", "True"),
        ("Established", "True"),
    ]
    assert status["acceptedNames"] == {
        "kind": "Widget",
        "listKind": "WidgetList",
        "plural": "widgets",
        "shortNames": ["wd"],
        "singular": "widget",
    }


def test_discovery_shows_the_group(server: Server, group: str) -> None:
    groups = {entry["name"]: entry for entry in server.get("/apis").body["groups"]}
    versions = [version["version"] for version in groups[group]["versions"]]
    resources = server.get(f"/apis/{group}/v1").body["resources"]

    assert (versions, groups[group]["preferredVersion"]["version"]) == (["v1", "v1beta1"], "v1")
    assert [entry["name"] for entry in resources] == ["widgets", "widgets/status"]


def test_objects_are_created_and_listed(server: Server, path: str) -> None:
    created = server.post(
        path,
        {
            "apiVersion": path.removeprefix("/apis/").split("/namespaces")[0],
            "kind": "Widget",
            "metadata": {"name": "w"},
            "spec": {"size": 2},
        },
    )
    listed = server.get(path).body

    assert (created.status, created.body["metadata"]["generation"]) == (201, 1)
    assert (listed["kind"], listed["items"]) == ("WidgetList", [created.body])


def widget(server: Server, path: str, spec: dict[str, Any]) -> Any:
    api_version = path.removeprefix("/apis/").split("/namespaces")[0]
    body = {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}
    return server.post(path, body)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"size": 0},
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        ({}, "spec.size: Required value"),
        (
            {"size": "x"},
            (
                'spec.size: Invalid value: "string": spec.size in body must be of type integer: '
                '"string"'
            ),
        ),
        (
            {"size": 1, "mode": "c"},
            'spec.mode: Unsupported value: "c": supported values: "a", "b"',
        ),
    ],
)
def test_objects_must_fit_the_schema(
    server: Server, path: str, group: str, spec: dict[str, Any], problem: str
) -> None:
    reply = widget(server, path, spec)

    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert reply.message == f'Widget.{group} "w" is invalid: {problem}'


def test_every_served_version_shows_the_object(server: Server, path: str, group: str) -> None:
    widget(server, path, {"size": 2})
    other = server.get(path.replace("/v1/", "/v1beta1/", 1) + "/w").body

    assert (other["apiVersion"], other["spec"]) == (f"{group}/v1beta1", {"size": 2})


def test_status_is_apart_from_spec(server: Server, path: str) -> None:
    widget(server, path, {"size": 2})
    patch = {"spec": {"size": 3}, "status": {"phase": "Ready"}}
    through_status = server.call("PATCH", f"{path}/w/status", patch, media=MERGE).body
    through_main = server.call(
        "PATCH", f"{path}/w", {"spec": {"size": 4}, "status": {"phase": "Lost"}}, media=MERGE
    ).body

    assert (through_status["spec"], through_status["status"]) == ({"size": 2}, {"phase": "Ready"})
    assert (through_main["spec"], through_main["status"]) == ({"size": 4}, {"phase": "Ready"})
    generations = [o["metadata"]["generation"] for o in (through_status, through_main)]
    assert generations == [1, 2]


def test_strategic_merge_is_for_built_in_kinds(server: Server, path: str) -> None:
    widget(server, path, {"size": 2})
    reply = server.call("PATCH", f"{path}/w", {"spec": {"size": 3}}, media=STRATEGIC)

    assert (reply.status, reply.body["reason"]) == (415, "UnsupportedMediaType")


def test_a_deleted_definition_takes_its_objects(server: Server, namespace: str) -> None:
    group = f"{secrets.token_hex(4)}.aicr-contract.example.com"
    path = f"/apis/{group}/v1/namespaces/{namespace}/widgets"
    server.post(CRDS, definition(group))
    eventually(lambda: server.get(path).status == 200)
    eventually(lambda: widget(server, path, {"size": 1}).status == 201)
    reply = server.call("DELETE", f"{CRDS}/widgets.{group}")

    assert reply.body["metadata"]["deletionTimestamp"]
    eventually(lambda: server.get(path).status == 404)
    eventually(lambda: server.get(f"/apis/{group}").status == 404)


def made(group: str, **fields: Any) -> dict[str, Any]:
    body = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}}
    return {**body, "spec": {"size": 2}, **fields}


def test_drops_fields_that_the_schema_does_not_know(server: Server, path: str, group: str) -> None:
    reply = server.post(path, made(group, spec={"size": 2, "odd": 1}, other={}))

    assert (reply.status, reply.body["spec"], "other" in reply.body) == (201, {"size": 2}, False)
    assert sorted(reply.warnings) == [
        '299 - "unknown field \\"other\\""',
        '299 - "unknown field \\"spec.odd\\""',
    ]


def test_refuses_such_fields_when_asked(server: Server, path: str, group: str) -> None:
    body = made(group, spec={"size": 2, "odd": 1})
    reply = server.post(f"{path}?fieldValidation=Strict", body)

    assert reply.status == 400
    assert 'strict decoding error: unknown field "spec.odd"' in reply.message


def test_fills_in_the_defaults_of_the_schema(server: Server, path: str, group: str) -> None:
    created = server.post(path, made(group, spec={"size": 2, "more": {}})).body
    emptied = server.call("PATCH", f"{path}/w", {"spec": {"more": {"level": None}}}, media=MERGE)

    assert created["spec"]["more"] == {"level": 3}
    assert emptied.body["spec"]["more"] == {"level": 3}


def test_keeps_what_the_schema_leaves_open(server: Server, path: str, group: str) -> None:
    server.post(path, made(group))
    status = {"anything": {"goes": [1]}}
    reply = server.call("PATCH", f"{path}/w/status", {"status": status}, media=MERGE)

    assert (reply.body["status"], reply.warnings) == (status, ())


def test_shows_the_columns_of_the_definition(server: Server, path: str, group: str) -> None:
    server.post(path, made(group, spec={"size": 2, "mode": "a"}))
    ready = {"conditions": [{"type": "Other"}, {"type": "Ready", "status": "True"}]}
    since = {"since": "2020-01-01T00:00:00Z"}
    server.call("PATCH", f"{path}/w/status", {"status": {**ready, **since}}, media=MERGE)
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    body = server.call("GET", path, headers={"Accept": accept}).body
    columns = [(c["name"], c["type"], c["priority"]) for c in body["columnDefinitions"]]
    cells = body["rows"][0]["cells"]

    assert columns == [
        ("Name", "string", 0),
        *((c["name"], c["type"], c.get("priority", 0)) for c in COLUMNS),
    ]
    assert cells[:4] == ["w", 2, "a", "True"]
    assert cells[4].endswith("d")


def test_a_cell_without_a_value_is_empty(server: Server, path: str, group: str) -> None:
    server.post(path, made(group))
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    body = server.call("GET", f"{path}/w", headers={"Accept": accept}).body

    assert body["rows"][0]["cells"] == ["w", 2, None, None, None]

"""Events, which are read under two groups."""

import pytest

from tests.contract.http import Json, Server


@pytest.fixture
def mirror(server: Server, home: str, namespace: str) -> str:
    """The path of an event in events.k8s.io, written as a core one."""
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": namespace},
        "reason": "Odd",
        "message": "it was odd",
        "type": "Warning",
        "count": 3,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-02T00:00:00Z",
        "source": {"component": "who", "host": "where"},
        "reportingComponent": "controller",
    }
    assert server.post(f"{home}/events", event).status == 201
    return f"/apis/events.k8s.io/v1/namespaces/{namespace}/events/e"


EXPECTED: Json = {
    "reason": "Odd",
    "note": "it was odd",
    "type": "Warning",
    "deprecatedCount": 3,
    "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
    "deprecatedLastTimestamp": "2026-01-02T00:00:00Z",
    "deprecatedSource": {"component": "who", "host": "where"},
    "reportingController": "controller",
}


def test_an_event_has_its_newer_names(server: Server, mirror: str, namespace: str) -> None:
    body = server.get(mirror).body

    assert (body["apiVersion"], body["kind"]) == ("events.k8s.io/v1", "Event")
    assert {name: body.get(name) for name in EXPECTED} == EXPECTED
    assert body["regarding"]["name"] == "p"
    assert body["regarding"]["namespace"] == namespace
    assert "involvedObject" not in body


def test_events_are_listed(server: Server, mirror: str) -> None:
    body = server.get(mirror.removesuffix("/e"), fieldSelector="regarding.name=p").body

    assert (body["apiVersion"], body["kind"]) == ("events.k8s.io/v1", "EventList")
    assert [item["note"] for item in body["items"]] == ["it was odd"]


def test_events_are_watched(server: Server, mirror: str) -> None:
    path = mirror.removesuffix("/e")
    event = server.watch(path, 1, fieldSelector="reason=Odd")[0]

    assert (event["type"], event["object"]["note"]) == ("ADDED", "it was odd")
    assert event["object"]["apiVersion"] == "events.k8s.io/v1"


def test_a_missing_event_has_its_group(server: Server, mirror: str) -> None:
    reply = server.get(f"{mirror}x")

    assert reply.message == 'events.events.k8s.io "ex" not found'


def test_rights_are_those_of_the_group(server: Server, mirror: str, user: str) -> None:
    reply = server.get(mirror, user=user)

    assert reply.status == 403
    assert 'cannot get resource "events" in API group "events.k8s.io"' in reply.message

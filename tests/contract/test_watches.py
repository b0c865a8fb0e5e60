from typing import Any

import pytest

from tests.contract.http import MERGE, Server


def create(server: Server, path: str, name: str, **labels: str) -> None:
    reply = server.post(path, {"metadata": {"name": name, "labels": labels}})
    assert reply.status == 201, reply


def label(server: Server, path: str, name: str, **labels: str) -> None:
    patch = {"metadata": {"labels": labels}}
    assert server.call("PATCH", f"{path}/{name}", patch, media=MERGE).status == 200


def version(server: Server, path: str) -> str:
    return str(server.get(path).body["metadata"]["resourceVersion"])


def told(events: list[Any]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


def test_tells_what_happens_after_a_version(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    create(server, path, "before")
    start = version(server, path)
    create(server, path, "a")
    label(server, path, "a", x="y")
    server.call("DELETE", f"{path}/a")

    events = server.watch(path, 3, resourceVersion=start)

    assert told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert {event["object"]["kind"] for event in events} == {"Secret"}


def test_versions_rise_and_a_deletion_has_its_own(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    start = version(server, path)
    create(server, path, "a")
    server.call("DELETE", f"{path}/a")
    events = server.watch(path, 2, resourceVersion=start)

    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert len(versions) == 2


def test_begins_with_what_is_there_without_a_version(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    create(server, path, "a")
    create(server, path, "b")

    assert told(server.watch(path, 2)) == [("ADDED", "a"), ("ADDED", "b")]


def test_an_object_enters_and_leaves_a_selection(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    start = version(server, path)
    create(server, path, "a", color="red")
    label(server, path, "a", color="blue")
    label(server, path, "a", more="x")
    label(server, path, "a", color="red")
    create(server, path, "other", color="red")
    create(server, path, "last", color="blue")

    events = server.watch(path, 4, resourceVersion=start, labelSelector="color=blue")

    of_a = [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert told(events) == [*of_a, ("ADDED", "last")]
    # What has left the selection is shown as it last matched.
    assert events[2]["object"]["metadata"]["labels"]["color"] == "blue"


def test_watches_one_object_by_name(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    start = version(server, path)
    create(server, path, "a")
    create(server, path, "b")

    events = server.watch(path, 1, resourceVersion=start, fieldSelector="metadata.name=b")

    assert told(events) == [("ADDED", "b")]


def test_sends_a_bookmark_before_it_ends(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    start = version(server, path)
    # A real server tries to send it within the last two seconds, and promises nothing.
    end = "1" if server.is_replay else "4"
    events = server.watch(
        path, resourceVersion=start, timeoutSeconds=end, allowWatchBookmarks="true"
    )

    assert {event["type"] for event in events} <= {"BOOKMARK"}
    assert events or not server.is_replay
    for event in events:
        assert event["object"]["kind"] == "Secret"
        assert int(event["object"]["metadata"]["resourceVersion"]) >= int(start)


def test_marks_the_end_of_the_initial_events(server: Server, home: str) -> None:
    path = f"{home}/secrets"
    create(server, path, "a")
    events = server.watch(
        path,
        2,
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
    )

    assert told(events)[0] == ("ADDED", "a")
    annotations = events[1]["object"]["metadata"]["annotations"]
    assert (events[1]["type"], annotations) == (
        "BOOKMARK",
        {"k8s.io/initial-events-end": "true"},
    )


def test_refuses_a_bad_selector_before_it_begins(server: Server, home: str) -> None:
    assert server.get(f"{home}/secrets", watch="1", labelSelector="a in").status == 400


MATCH = 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"timeoutSeconds": "x"}, 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"resourceVersion": "abc"},
            500,
            (
                'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": '
                "invalid syntax"
            ),
        ),
        (
            {"sendInitialEvents": "true"},
            422,
            f"{MATCH}sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            {"resourceVersionMatch": "NotOlderThan", "resourceVersion": "1"},
            422,
            (
                f"{MATCH}resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
                "provided"
            ),
        ),
    ],
)
def test_refuses_options_that_it_cannot_read(
    server: Server, home: str, query: dict[str, str], status: int, message: str
) -> None:
    reply = server.get(f"{home}/configmaps", watch="1", **query)

    assert (reply.status, reply.message) == (status, message)

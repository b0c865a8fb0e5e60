import io
import json
import threading
from contextlib import closing
from queue import Queue
from typing import Any, cast

import pytest
import urllib3

from helper.errors import Expired, Forbidden, KubeError, Unreachable
from helper.kinds import PODS
from helper.transport import Event, Request, Watch
from tests.fakes.scripted_server import Answer, Lost, Reply, Stream, event, refusal, scripted

POD = {"metadata": {"name": "p"}}
ADDED = event("ADDED", POD)
BOOKMARK = event("BOOKMARK", {"metadata": {"resourceVersion": "9"}})


def error_line(code: int, reason: str, message: str) -> bytes:
    return event("ERROR", {"kind": "Status", "code": code, "reason": reason, "message": message})


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param((ADDED, BOOKMARK), id="a-line-a-chunk"),
        pytest.param((ADDED + BOOKMARK,), id="lines-in-one-chunk"),
        pytest.param((ADDED[:9], ADDED[9:] + BOOKMARK[:4], BOOKMARK[4:]), id="lines-cut-anywhere"),
        pytest.param((b"\n", ADDED, b"\n\n", BOOKMARK), id="empty-lines"),
    ],
)
def test_yields_every_change_until_the_server_ends_the_stream(chunks: tuple[bytes, ...]) -> None:
    with scripted(Stream(chunks)) as api, api.kube.watch(PODS, "5") as changes:
        assert list(changes) == [
            Event("ADDED", POD),
            Event("BOOKMARK", {"metadata": {"resourceVersion": "9"}}),
        ]


def test_asks_for_a_bounded_stream_with_bookmarks() -> None:
    with (
        scripted(Stream()) as api,
        api.kube.watch(PODS, "5", "ns", labels="aicr.run/run-id=r", timeout_s=60) as changes,
    ):
        assert list(changes) == []
        request = api.requests[0]
    assert request.path == "/api/v1/namespaces/ns/pods"
    assert request.query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "labelSelector": "aicr.run/run-id=r",
        "resourceVersion": "5",
        "timeoutSeconds": "60",
    }


@pytest.mark.parametrize(
    ("line", "kind", "says"),
    [
        pytest.param(
            error_line(410, "Expired", "too old resource version: 1 (9)"),
            Expired,
            "410 Expired: too old",
            id="version-too-old",
        ),
        pytest.param(
            error_line(504, "Timeout", "Too large resource version: 9, current: 1"),
            Expired,
            "Too large resource version",
            id="version-not-known-yet",
        ),
        pytest.param(
            error_line(500, "InternalError", "etcd is away"),
            Unreachable,
            "500 InternalError: etcd is away",
            id="server-trouble",
        ),
        pytest.param(b"<html>\n", Unreachable, "is no event: b'<html>'", id="no-json"),
        pytest.param(b"{}\n", Unreachable, "is no event", id="no-type"),
        pytest.param(b'{"type":"ADDED"}\n', Unreachable, "is no event", id="no-object"),
        pytest.param(b'{"type":"ADDED","object":1}\n', Unreachable, "is no event", id="odd-object"),
        pytest.param(b"[1]\n", Unreachable, "is no event", id="list"),
    ],
)
def test_a_line_that_is_no_change_ends_the_stream_with_an_error(
    line: bytes, kind: type[KubeError], says: str
) -> None:
    with scripted(Stream((ADDED, line, ADDED))) as api, api.kube.watch(PODS, "5", "ns") as changes:
        seen = iter(changes)
        assert next(seen).type == "ADDED"
        with pytest.raises(KubeError) as caught:
            next(seen)
    assert type(caught.value) is kind
    assert str(caught.value).startswith("watch pods in ns: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(refusal(410, "Expired"), Expired, id="expired"),
        pytest.param(refusal(403, "Forbidden"), Forbidden, id="forbidden"),
        pytest.param(Answer(502, b"bad gateway"), Unreachable, id="proxy-in-between"),
        pytest.param(Lost(), Unreachable, id="connection-reset"),
    ],
)
def test_a_stream_that_does_not_open_is_an_error_at_once(
    reply: Reply, kind: type[KubeError]
) -> None:
    with scripted(reply) as api, pytest.raises(KubeError) as caught:
        api.kube.watch(PODS, "5", "ns")
    assert type(caught.value) is kind
    assert str(caught.value).startswith("watch pods in ns: ")


def test_a_broken_stream_gives_what_came_before_the_break() -> None:
    broken = Stream((ADDED, BOOKMARK), then="break")
    with scripted(broken) as api, api.kube.watch(PODS, "5") as changes:
        seen = iter(changes)
        assert [next(seen).type, next(seen).type] == ["ADDED", "BOOKMARK"]
        with pytest.raises(Unreachable, match="watch pods: no answer"):
            next(seen)


def test_another_thread_can_end_a_stream_that_is_silent() -> None:
    with scripted(Stream((ADDED,), then="stay")) as api:
        changes = api.kube.watch(PODS, "5")
        seen: Queue[Any] = Queue()

        def read() -> None:
            try:
                for change in changes:
                    seen.put(change.type)
            except KubeError as error:
                seen.put(error)
            seen.put("end")

        reader = threading.Thread(target=read)
        reader.start()
        assert seen.get(timeout=30) == "ADDED"
        changes.close()
        assert seen.get(timeout=30) == "end"
        reader.join()


class GivenBack:
    """A connection that goes back to its pool between two looks at it."""

    response: urllib3.HTTPResponse

    def __bool__(self) -> bool:
        self.response._connection = None
        return True


def test_a_stream_that_ends_while_it_is_closed_has_ended() -> None:
    connection = GivenBack()
    response = urllib3.HTTPResponse(
        io.BytesIO(), preload_content=False, connection=cast("Any", connection)
    )
    connection.response = response

    Watch(response, Request("watch", "pods", "GET", "/")).close()

    assert response.closed


def test_leaving_a_stream_early_hangs_up() -> None:
    with scripted(Stream((ADDED,), then="stay")) as api:
        with api.kube.watch(PODS, "5") as changes:
            assert next(iter(changes)).type == "ADDED"
        assert api.server.hung_up.wait(30)


def test_closing_is_harmless_before_during_and_after() -> None:
    with scripted(Stream((ADDED,)), Stream((ADDED,))) as api:
        with closing(api.kube.watch(PODS, "5")) as read:
            assert len(list(read)) == 1
            read.close()
        with closing(api.kube.watch(PODS, "5")) as unread:
            unread.close()
            assert list(unread) == []


def test_event_lines_of_any_length_arrive_whole() -> None:
    big = {"metadata": {"name": "p", "annotations": {"note": "é" * 200_000}}}
    line = json.dumps({"type": "MODIFIED", "object": big}, ensure_ascii=False).encode() + b"\n"
    chunks = tuple(line[start : start + 4093] for start in range(0, len(line), 4093))
    with scripted(Stream(chunks)) as api, api.kube.watch(PODS, "5") as changes:
        assert list(changes) == [Event("MODIFIED", big)]

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestrator.follow import Follower, Overlap, Ring
from tests.fakes.scripted_server import Answer, Lost, Reply, Scripted, Stream, refusal, scripted

WAIT_S = 20.0  # far more than it takes; a hang must end the test
AT = "2026-01-02T03:04:05"
GONE = refusal(404, "NotFound", "pods p not found")


def line(number: int, words: str = "", at: str = AT) -> bytes:
    """A line as kubelet sends it, written so many nanoseconds after the second."""
    return f"{at}.{number:09}Z {words or f'line {number}'}\n".encode()


@contextmanager
def followed(*replies: Reply, forever: Reply = GONE) -> Iterator[tuple[Follower, Scripted]]:
    """A follower that has read the whole script; by default the pod is gone at its end."""
    with scripted(*replies, forever=forever) as api:
        follower = Follower(api.kube, "ns", "p", retry_s=(0.0,))
        follower.start()
        follower.stop(grace_s=WAIT_S)
        yield follower, api


def test_keeps_what_a_container_printed_without_the_times() -> None:
    with followed(Stream((line(1), line(2)))) as (follower, api):
        assert follower.text == "line 1\nline 2"
    assert api.requests[0].query == {
        "container": "validator",
        "follow": "true",
        "timestamps": "true",
    }


@pytest.mark.parametrize(
    "again",
    [
        pytest.param((line(1), line(2), line(3)), id="the-whole-second-comes-again"),
        pytest.param((line(2), line(3)), id="a-part-of-it"),
        pytest.param((line(3),), id="only-new-lines"),
        pytest.param((line(1) + line(2)[:9], line(2)[9:] + line(3)), id="cut-elsewhere"),
    ],
)
@pytest.mark.parametrize("then", ["end", "break"])
def test_a_stream_that_drops_loses_no_line_and_doubles_none(
    again: tuple[bytes, ...], then: str
) -> None:
    first = Stream((line(1), line(2)), then)  # type: ignore[arg-type]

    with followed(first, Lost(), refusal(500), Stream(again)) as (follower, api):
        assert follower.text == "line 1\nline 2\nline 3"
    assert api.requests[1].query["sinceTime"] == "2026-01-02T03:04:04Z"


def test_equal_lines_are_told_apart_by_how_often_they_came() -> None:
    same = line(1, "tick")

    with followed(Stream((same, same), "break"), Stream((same, same, same))) as (follower, _):
        assert follower.text == "tick\ntick\ntick"


def test_lines_of_both_streams_that_were_stamped_in_the_other_order_are_kept() -> None:
    late, early = line(1, "out", "2026-01-02T03:04:06"), line(9, "err", "2026-01-02T03:04:05")

    with followed(Stream((late, early), "break"), Stream((late, early))) as (follower, _):
        assert follower.text == "out\nerr"


def test_a_line_that_was_cut_in_the_middle_comes_whole() -> None:
    with followed(Stream((line(1), line(2)[:35])), Stream((line(1), line(2)))) as (follower, _):
        assert follower.text == "line 1\nline 2"


def test_a_last_line_without_an_end_is_kept() -> None:
    with followed(Stream((line(1), line(2).rstrip()))) as (follower, _):
        assert follower.text == "line 1\nline 2"


def test_times_of_another_zone_and_lines_without_any_are_understood() -> None:
    there = b"2026-01-02T05:04:05.000000001+02:00 there\n"

    with followed(Stream((b"no time\n", there))) as (follower, api):
        assert follower.text == "no time\nthere"
    assert api.requests[1].query["sinceTime"] == "2026-01-02T03:04:04Z"


def test_result_lines_are_said_at_once_and_only_once() -> None:
    result, heard = line(1, "RESULT: 3 of 3"), threading.Event()
    said: list[str] = []

    def hear(words: str) -> None:
        said.append(words)
        heard.set()

    with scripted(Stream((result,), "break"), Stream((result,), "stay")) as api:
        follower = Follower(api.kube, "ns", "p", hear, retry_s=(0.0,))
        follower.start()
        assert heard.wait(WAIT_S)
        assert api.server.hung_up.wait(0) is False
        follower.stop()
    assert said == follower.told == ["3 of 3"]


def test_a_result_is_said_as_short_as_the_report_has_it() -> None:
    with followed(Stream((line(1, "RESULT: " + "x" * 600),))) as (follower, _):
        assert follower.told[0].endswith("x... [truncated 96 chars]")


def test_a_silent_stream_ends_when_it_is_told_to() -> None:
    with scripted(Stream((line(1, "RESULT: here"),), "stay")) as api:
        here = threading.Event()
        follower = Follower(api.kube, "ns", "p", lambda _: here.set())
        follower.start()
        assert here.wait(WAIT_S)

        follower.stop()

        assert api.server.hung_up.wait(WAIT_S)
        assert follower.text == "RESULT: here"


@pytest.mark.parametrize(
    "answer", [GONE, refusal(403, "Forbidden", "no")], ids=["pod-gone", "forbidden"]
)
def test_gives_up_where_nothing_more_will_come(answer: Answer) -> None:
    with followed(Stream((line(1),), "break"), forever=answer) as (follower, api):
        assert len(api.requests) == 2
        assert follower.text == "line 1"


def test_the_ring_keeps_the_last_lines_and_says_what_is_missing() -> None:
    by_number, by_size = Ring(lines=2), Ring(size_bytes=5)
    for words in ("one", "two", "six"):
        by_number.add(words)
        by_size.add(words)

    assert by_number.text == "... 1 earlier lines left out here ...\ntwo\nsix"
    assert by_size.text == "... 2 earlier lines left out here ...\nsix"


def test_only_the_youngest_seconds_are_remembered() -> None:
    overlap = Overlap()
    for at in range(100):
        assert overlap.is_new(at, b"x")

    assert len(overlap._came) == 2

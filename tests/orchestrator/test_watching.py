"""A watch that goes on, whatever ends its streams."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from helper.errors import Expired
from helper.transport import Event
from orchestrator.watching import RETRY_S, SHORT_S, Watching
from tests.fakes.clock import FakeClock

ENDS_S = 20.0


class Stream(AbstractContextManager["Stream"]):
    """A stream that the server ends after a while, or calls too old then."""

    def __init__(self, clock: FakeClock, seconds: float, error: Exception | None) -> None:
        self._clock, self._seconds, self._error = clock, seconds, error

    def __iter__(self) -> Iterator[Event]:
        self._clock.seconds += self._seconds
        if self._error:
            raise self._error
        return iter(())

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""


class Endless(Stream):
    """A stream that only its reader ends."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, SHORT_S, None)
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        assert self._closed.wait(ENDS_S)
        return super().__iter__()

    def close(self) -> None:
        self._closed.set()


def pauses_between(lasts_s: float, error: Exception | None) -> list[float]:
    """How long nobody watches behind four streams that last so long."""
    clock, pauses, settled = FakeClock(), list[float](), threading.Event()
    streams = [Stream(clock, lasts_s, error) for _ in range(4)]

    def open_one(_: str) -> Any:
        if streams:
            return streams.pop()
        settled.set()
        return Endless(clock)

    watching = Watching(
        "watch",
        lambda: "1",
        open_one,
        lambda *_: None,
        lambda _: None,
        clock=clock,
        pause=pauses.append,
    )
    watching.start()
    assert settled.wait(ENDS_S)
    watching.close()
    return pauses


ENDS = pytest.mark.parametrize(
    "error", [None, Expired("watch", "pods", 410)], ids=["ended", "too-old"]
)


@ENDS
def test_a_stream_that_ends_at_once_is_opened_again_after_a_pause(error: Exception | None) -> None:
    assert pauses_between(0.0, error) == [RETRY_S] * 4


@ENDS
def test_a_stream_that_ends_after_a_while_is_opened_again_at_once(error: Exception | None) -> None:
    assert pauses_between(SHORT_S, error) == []

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helper.deadline import SYSTEM_CLOCK, Deadline, NotYet
from helper.errors import DeadlineError, Unreachable
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def answers(*values: Any) -> Callable[[], Any]:
    """A probe that gives these values in turn; exceptions are raised."""
    rest: Iterator[Any] = iter(values)

    def probe() -> Any:
        value = next(rest)
        if isinstance(value, Exception):
            raise value
        return value

    return probe


def test_what_remains_shrinks_to_zero_and_stays_there(clock: FakeClock) -> None:
    deadline = Deadline.after(10, clock)
    clock.sleep(4)
    assert deadline.remaining_s() == 6
    clock.sleep(60)
    assert deadline.remaining_s() == 0


@pytest.mark.parametrize(("part", "left"), [(3, 3), (10, 10), (60, 10), (-1, 0)])
def test_a_part_never_ends_after_the_whole(part: float, left: float, clock: FakeClock) -> None:
    assert Deadline.after(10, clock).child(part).remaining_s() == left


@pytest.mark.parametrize("value", [1, 0, "", [], False], ids=repr)
def test_any_value_but_none_ends_the_wait(value: Any, clock: FakeClock) -> None:
    assert Deadline.after(10, clock).poll("x", answers(None, None, value)) == value
    assert clock.slept == [1, 1]


def test_time_that_is_up_names_what_was_seen_last(clock: FakeClock) -> None:
    probe = answers(NotYet("Pending"), None, NotYet("Pending, 0/3 nodes fit"))
    with pytest.raises(DeadlineError) as caught:
        Deadline.after(90, clock).poll("pod x", probe, every_s=45)
    message = "timeout after 1m30s waiting for pod x: Pending, 0/3 nodes fit"
    assert str(caught.value) == message


def test_a_wait_in_which_nothing_was_seen_says_so(clock: FakeClock) -> None:
    with pytest.raises(DeadlineError, match="waiting for pod x: nothing yet"):
        Deadline.after(1, clock).poll("pod x", lambda: None)


def test_looks_once_more_when_time_is_up_and_sleeps_no_longer(clock: FakeClock) -> None:
    assert Deadline.after(5, clock).poll("x", answers(None, None, None, "late"), every_s=2) == (
        "late"
    )
    assert clock.slept == [2, 2, 1]


def test_looks_once_even_without_any_time(clock: FakeClock) -> None:
    assert Deadline.after(0, clock).poll("x", answers("there")) == "there"
    assert clock.slept == []


def test_an_error_while_looking_ends_the_wait(clock: FakeClock) -> None:
    with pytest.raises(Unreachable):
        Deadline.after(60, clock).poll("x", answers(None, Unreachable("list", "pods")))


def test_the_system_s_clock_goes_forward() -> None:
    deadline = Deadline.after(3600)
    SYSTEM_CLOCK.sleep(0)
    assert 0 < deadline.remaining_s() <= 3600
    assert SYSTEM_CLOCK.wall() > 1_700_000_000

import threading

import pytest

from orchestrator.capture.workers import each


def test_gives_all_results() -> None:
    assert sorted(each(range(20), lambda number: number * 2, threading.Event())) == [
        number * 2 for number in range(20)
    ]


def test_no_work_is_done_at_once() -> None:
    assert list(each([], lambda item: item, threading.Event())) == []


def test_an_error_stops_the_others_and_is_raised() -> None:
    stop = threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise ValueError(number)
        done.append(number)

    with pytest.raises(ValueError, match="3"):
        list(each(range(1000), work, stop))

    assert stop.is_set()


def test_a_caller_who_leaves_stops_the_work() -> None:
    stop = threading.Event()
    results = each(range(1000), lambda number: number, stop)
    next(results)
    results.close()  # type: ignore[attr-defined]  # a generator

    assert stop.is_set()

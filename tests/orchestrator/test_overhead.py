import pytest

from orchestrator.outcome import Outcome, Split, Status
from orchestrator.overhead import chain, measured


def ran(name: str, created: float, run_s: float) -> Outcome:
    split = Split(prepare_s=0.1, wait_s=0.5, run_s=run_s, collect_s=0.2, created=created)
    return Outcome(name, "conformance", Status.PASSED, split=split)


def test_a_run_is_held_against_its_critical_path() -> None:
    long, short, last = ran("long", 100, 3.5), ran("short", 100, 1.0), ran("last", 104, 1.5)

    assert measured([long, short, last], 7.0) == {
        "runSeconds": 7.0,
        "criticalPathSeconds": 6.0,
        "criticalPath": ["conformance/long", "conformance/last"],
        "beyondSeconds": 1.0,
        "perCheckSeconds": {"median": pytest.approx(0.3), "max": pytest.approx(0.3)},
    }


def test_a_run_in_which_nothing_ran_has_no_overhead_to_tell() -> None:
    assert measured([Outcome("a", "conformance", Status.SKIPPED)], 3.0) == {}
    assert measured([], 3.0) == {}


def test_results_of_an_earlier_part_of_the_run_do_not_count() -> None:
    earlier = Outcome("a", "conformance", Status.PASSED, split=Split(run_s=100.0))

    assert measured([earlier], 3.0) == {}


def test_a_chain_goes_from_the_last_to_what_it_waited_for() -> None:
    assert [item for _, _, item in chain([(0, 2, "a"), (0, 5, "b"), (5.01, 6, "c")], 0.1)] == [
        "c",
        "b",
    ]

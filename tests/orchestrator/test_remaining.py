from collections.abc import Mapping

import pytest

from orchestrator.gate import Gate
from orchestrator.history import Key, Taken
from orchestrator.remaining import Remaining
from tests.orchestrator.engine import Engine, entry

PLAN = Engine([entry("alpha"), entry("beta"), entry("gamma", "performance")]).plan()
A, B, C = (("conformance", "alpha"), ("conformance", "beta"), ("performance", "gamma"))
KNOWN = {A: Taken(10, 3), B: Taken(4, 3), C: Taken(6, 3)}


@pytest.mark.parametrize(
    ("done", "elapsed", "words"),
    [
        pytest.param([], {}, "about 16s left", id="all-of-it"),
        pytest.param([], {A: 7.0, B: 3.0}, "about 9s left", id="what-runs-has-less-to-go"),
        pytest.param([A, B], {}, "about 6s left", id="the-last-phase"),
        pytest.param([A, B], {C: 60.0}, "longer than usual", id="slow-today"),
        pytest.param([A, B, C], {}, "", id="nothing-left"),
    ],
)
def test_the_rest_of_a_run_is_played_with_usual_times(
    done: list[Key], elapsed: Mapping[Key, float], words: str
) -> None:
    assert Remaining(PLAN, KNOWN, 8).words(done, elapsed) == words


def test_one_after_another_takes_longer() -> None:
    assert Remaining(PLAN, KNOWN, 1).words([], {}) == "about 20s left"


def test_with_a_gate_what_is_costly_waits_for_what_is_cheap() -> None:
    locked = [entry("alpha"), entry("beta", locks=["gpu-workload"])]
    plan = Engine(locked).plan()

    assert Remaining(plan, KNOWN, 8).words([], {}) == "about 10s left"
    assert Remaining(plan, KNOWN, 8, Gate.COSTLY).words([], {}) == "about 14s left"


def test_without_any_earlier_run_the_budgets_bound_it() -> None:
    assert Remaining(PLAN, {}, 8).words([], {}).endswith("left, by budgets")


def test_a_check_that_never_ran_here_is_named_beside_the_estimate() -> None:
    known = {A: KNOWN[A], B: KNOWN[B]}

    words = Remaining(PLAN, known, 8).words([], {})
    assert words == "about 10s left, beside 1 check never timed here"

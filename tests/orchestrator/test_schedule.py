from collections.abc import Sequence

import pytest

from orchestrator.plan import PlannedCheck
from orchestrator.schedule import startable
from tests.orchestrator.samples import entry, plan


def waiting(*checks: tuple[str, str, list[str]]) -> list[PlannedCheck]:
    found = plan(*(entry(name, timeout=budget, locks=locks) for name, budget, locks in checks))
    return list(found.checks)


def names(chosen: Sequence[PlannedCheck]) -> list[str]:
    return [planned.name for planned in chosen]


def test_longest_budget_first_and_catalog_order_among_equals() -> None:
    checks = waiting(("a", "2m", []), ("b", "10m", []), ("c", "2m", []), ("d", "30m", []))

    assert names(startable(checks, [], 8)) == ["d", "b", "a", "c"]


@pytest.mark.parametrize(
    ("free", "chosen"),
    [
        pytest.param(0, [], id="no-slot"),
        pytest.param(1, ["b"], id="one-slot"),
        pytest.param(9, ["b", "a"], id="more-slots-than-checks"),
    ],
)
def test_starts_no_more_than_there_are_slots(free: int, chosen: list[str]) -> None:
    assert names(startable(waiting(("a", "2m", []), ("b", "5m", [])), [], free)) == chosen


def test_of_two_that_share_a_lock_the_longer_one_starts() -> None:
    checks = waiting(("short", "2m", ["gpu"]), ("long", "5m", ["gpu", "net"]))

    assert names(startable(checks, [], 8)) == ["long"]


def test_a_held_lock_makes_a_check_wait_and_lets_others_pass() -> None:
    checks = waiting(("long", "30m", ["gpu"]), ("other", "5m", ["net"]), ("free", "2m", []))

    assert names(startable(checks, ["gpu"], 8)) == ["other", "free"]


def test_a_check_that_waits_takes_no_slot() -> None:
    checks = waiting(("long", "30m", ["gpu"]), ("short", "2m", []))

    assert names(startable(checks, ["gpu"], 1)) == ["short"]


def test_a_check_needs_all_its_locks() -> None:
    assert names(startable(waiting(("a", "2m", ["gpu", "net"])), ["net"], 8)) == []


def test_nothing_waits_nothing_starts() -> None:
    assert names(startable([], [], 8)) == []

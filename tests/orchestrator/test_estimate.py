import pytest

from helper.models import ValidationInput
from orchestrator.estimate import Estimate, estimate
from orchestrator.gate import Gate
from orchestrator.plan import PlannedCheck
from tests.orchestrator.samples import entry, plan


def played(seconds: dict[str, float], locks: tuple[str, ...] = (), parallel: int = 8) -> Estimate:
    """A run of checks that take this long; those named in `locks` share one."""
    entries = [
        entry(name, timeout=f"{value + 60:g}s", locks=["gpu"] if name in locks else [])
        for name, value in seconds.items()
    ]

    def of(check: PlannedCheck) -> float:
        return seconds[check.name]

    return estimate(plan(*entries), of, parallel)


@pytest.mark.parametrize(
    ("locks", "parallel", "total", "path"),
    [
        pytest.param((), 8, 30, ["c"], id="all-at-once"),
        pytest.param((), 1, 60, ["c", "b", "a"], id="one-after-another"),
        pytest.param(("a", "b"), 8, 30, ["c"], id="locks-beside-a-longer-one"),
        pytest.param(("a", "b", "c"), 8, 60, ["c", "b", "a"], id="one-lock-for-all"),
        pytest.param(("a", "c"), 8, 40, ["c", "a"], id="the-lock-decides"),
    ],
)
def test_plays_the_schedule_of_a_run(
    locks: tuple[str, ...], parallel: int, total: float, path: list[str]
) -> None:
    found = played({"a": 10.0, "b": 20.0, "c": 30.0}, locks, parallel)

    assert found.total_s == total
    assert [slot.check for slot in found.critical_path] == path


def test_phases_come_one_after_another() -> None:
    config = {"deployment": {"checks": ["a"]}, "conformance": {"checks": ["b"]}}
    two = plan(
        entry("a", phase="deployment"),
        entry("b"),
        given=ValidationInput.model_validate({"config": config}),
        phases=["deployment", "conformance"],
    )

    found = estimate(two, lambda _: 5.0, 8)

    assert [(slot.check, slot.begins_s) for slot in found.slots] == [("a", 0.0), ("b", 5.0)]
    assert [slot.check for slot in found.critical_path] == ["a", "b"]


def test_what_cannot_run_takes_no_time() -> None:
    refused = plan(entry("a", available=False))

    assert estimate(refused, lambda _: 5.0, 8).total_s == 0.0


def test_checks_that_take_no_time_are_played_too() -> None:
    assert len(played({"a": 0.0, "b": 0.0}, ("a", "b")).slots) == 2


def test_with_a_gate_costly_checks_begin_when_all_cheap_ones_of_their_phase_have_ended() -> None:
    given = plan(entry("load", locks=["gpu"]), entry("look"), entry("long"))
    seconds = {"load": 10.0, "look": 5.0, "long": 20.0}

    found = estimate(given, lambda check: seconds[check.name], 8, Gate.COSTLY)

    begins = {slot.check: slot.begins_s for slot in found.slots}
    assert begins == {"look": 0.0, "long": 0.0, "load": 20.0}
    assert found.total_s == 30.0
    assert [slot.check for slot in found.critical_path] == ["long", "load"]

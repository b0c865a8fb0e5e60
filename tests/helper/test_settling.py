import io

import pytest

from helper.check import Fail, Unsettled
from helper.context import Context
from helper.deadline import Deadline
from helper.errors import CannotTell
from helper.evidence import Evidence
from helper.models import Snapshot, ValidationInput
from helper.settling import settle
from tests.fakes.clock import FakeClock

BUDGET_S = 90.0


class Scene:
    """A check that sees one thing after another, on a clock that only sleeping moves."""

    def __init__(self, *sights: Exception | None) -> None:
        self.clock = FakeClock()
        self.out = io.StringIO()
        self.looks = 0
        self._sights = sights

    def look(self, context: Context) -> None:
        sight = self._sights[min(self.looks, len(self._sights) - 1)]
        self.looks += 1
        context.evidence.text("Seen", f"look {self.looks}")
        if sight:
            raise sight

    def settle(self) -> None:
        context = Context(
            kube=None,  # type: ignore[arg-type]  # these looks read nothing
            recipe=ValidationInput(),
            snapshot=Snapshot(),
            evidence=Evidence(self.out),
            deadline=Deadline.after(BUDGET_S, self.clock),
            namespace="",
            run_id="",
            image="",
            node_selector=None,
            tolerations=None,
            env={},
        )
        settle(self.look, context, self.out)

    @property
    def waited_s(self) -> float:
        return sum(self.clock.slept)


@pytest.mark.parametrize("sight", [None, Fail("crashed"), CannotTell("403")])
def test_a_definite_sight_is_looked_at_once(sight: Exception | None) -> None:
    scene = Scene(sight)

    if sight is None:
        scene.settle()
    else:
        with pytest.raises(type(sight)):
            scene.settle()

    assert (scene.looks, scene.clock.slept) == (1, [])


def test_what_settles_passes_and_says_how_long_it_took() -> None:
    scene = Scene(Unsettled("1 of 2 ready\n- more"), Unsettled("1 of 2 ready"), None)

    scene.settle()

    assert scene.looks == 3
    assert "look 1" in scene.out.getvalue()
    assert "look 2" not in scene.out.getvalue()
    assert "--- Looked again after 5s and 3 looks ---\nthis may settle: 1 of 2 ready\n" in (
        scene.out.getvalue()
    )
    assert scene.out.getvalue().endswith("RESULT: settled after 5s and 3 looks\n")


def test_what_never_settles_fails_after_a_third_of_the_time_with_what_was_seen_last() -> None:
    scene = Scene(Unsettled("0 of 2 ready"), Unsettled("1 of 2 ready\n- one\n- two"))

    with pytest.raises(Fail) as caught:
        scene.settle()

    assert not isinstance(caught.value, Unsettled)
    assert (
        str(caught.value)
        == f"1 of 2 ready; still so after 30s and {scene.looks} looks\n- one\n- two"
    )
    assert scene.waited_s == pytest.approx(BUDGET_S / 3)
    assert f"look {scene.looks}\n" in scene.out.getvalue()


def test_looks_are_few_and_never_closer_than_two_seconds() -> None:
    scene = Scene(Unsettled("not yet"))

    with pytest.raises(Fail):
        scene.settle()

    assert scene.looks <= 8
    assert min(scene.clock.slept[:-1]) >= 2.0


@pytest.mark.parametrize("sight", [Fail("crashed"), CannotTell("list pods: 403")])
def test_a_definite_end_stops_the_waiting(sight: Exception) -> None:
    scene = Scene(Unsettled("starting"), sight)

    with pytest.raises(type(sight), match=str(sight)):
        scene.settle()

    assert scene.looks == 2
    assert "look 2" in scene.out.getvalue()

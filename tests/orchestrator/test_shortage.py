import pytest

from orchestrator.capacity import Held, Room
from orchestrator.catalog import Needs
from orchestrator.shortage import shortage

EIGHT_ON_TWO = Needs(gpus=8, nodes=2)
ALL_OF_TWO = Needs(gpus="all", nodes=2)


def room(node: str, total: int = 8, *held: Held) -> Room:
    return Room(node, total, held)


STAYS, ENDS = Held("pod team/p", 1), Held("pod team/q", 1, "Terminating")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Needs(), [room("a", 8, STAYS)], id="one-gpu-of-many"),
        pytest.param(EIGHT_ON_TWO, [room("a"), room("b"), room("c", 8, STAYS)], id="two-of-three"),
        pytest.param(ALL_OF_TWO, [room("a", 4), room("b")], id="all-of-each"),
    ],
)
def test_a_check_that_finds_what_it_needs_lacks_nothing(wanted: Needs, found: list[Room]) -> None:
    assert shortage(wanted, found) is None


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        pytest.param(
            EIGHT_ON_TWO,
            [room("a"), room("b", 8, STAYS)],
            "it needs 8 free GPUs on each of 2 nodes, and 1 of 2 have as many "
            "(free: a 8 of 8, b 7 of 8; held by pod team/p); free some",
            id="held",
        ),
        pytest.param(
            ALL_OF_TWO,
            [room("a"), room("b", 8, STAYS)],
            "it needs all GPUs of each of 2 nodes free, and 1 of 2 have as many",
            id="not-idle",
        ),
        pytest.param(Needs(), [], "no node that can be judged has a GPU", id="none"),
        pytest.param(
            EIGHT_ON_TWO,
            [room("a"), room("b", 4, ENDS)],
            "it needs 8 free GPUs on each of 2 nodes, and 1 of 2 nodes with GPUs that can be "
            "judged have as many in all (a 8, b 4); add nodes, or leave it out with --skip",
            id="too-few-nodes",
        ),
        pytest.param(Needs(gpus=2), [room(f"n{i}", 1) for i in range(20)], "12 more", id="many"),
    ],
)
def test_says_what_is_lacking_and_who_has_it(wanted: Needs, found: list[Room], said: str) -> None:
    lacking = shortage(wanted, found)

    assert lacking is not None
    assert said in lacking.words
    assert lacking.soon == ()


@pytest.mark.parametrize("rooms", [[room("a")], []], ids=["some", "none"])
def test_nodes_that_may_come_back_are_named_beside_what_is_lacking(rooms: list[Room]) -> None:
    away = {"b": "NotReady", "c": "cordoned"}

    lacking = shortage(EIGHT_ON_TWO, rooms, away)

    assert lacking is not None
    assert "; cannot be judged: 2 with GPUs (b NotReady, c cordoned); repair these" in lacking.words
    assert "never" not in lacking.words


def test_gpus_of_who_is_leaving_are_a_prospect() -> None:
    lacking = shortage(EIGHT_ON_TWO, [room("a", 8, ENDS), room("b")])

    assert lacking is not None
    assert lacking.held_by == "pod team/q (Terminating)"


def test_who_leaves_too_little_is_no_prospect() -> None:
    lacking = shortage(EIGHT_ON_TWO, [room("a", 8, ENDS, STAYS), room("b")])

    assert lacking is not None
    assert lacking.soon == ()

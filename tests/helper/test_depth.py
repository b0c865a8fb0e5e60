import pytest

from helper.depth import Depth, Proof, parse_depth
from helper.errors import InputError


@pytest.mark.parametrize(
    ("text", "depth"),
    [("", Depth.FULL), (" ", Depth.FULL), ("full", Depth.FULL), (" fast\n", Depth.FAST)],
)
def test_a_check_goes_as_deep_as_it_is_told(text: str, depth: Depth) -> None:
    assert parse_depth(text) is depth


def test_a_depth_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(InputError, match="AICR_DEPTH='deep': want fast or full"):
        parse_depth("deep")


def test_proofs_are_ordered_by_their_strength() -> None:
    assert list(Proof) == ["configured", "observed", "demonstrated"]

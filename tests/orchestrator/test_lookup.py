import pytest

from orchestrator import lookup
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command

A, B = "20260101-000000-0123456789abcdef", "20260101-000001-0123456789abcdef"


def test_a_run_is_found_by_a_beginning_that_no_other_has() -> None:
    assert lookup.one(A[:15], [A, B]) == A
    assert lookup.one("20260102", [A, B]) is None
    with pytest.raises(UsageError, match="2 runs begin so"):
        lookup.one(A[:8], [A, B])


@pytest.mark.parametrize("wanted", ["", "2", "2026010", "*", " "])
def test_what_names_no_run_is_not_taken_for_the_only_one(wanted: str) -> None:
    with pytest.raises(UsageError, match="want the name of a run, or its beginning: at least"):
        lookup.one(wanted, [A])


@pytest.mark.parametrize(
    "arguments",
    [
        ("cancel", ""),
        ("attach", ""),
        ("logs", "", "alpha"),
        ("validate", "-r", "recipe.yaml", "--resume", ""),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_variable_that_is_not_set_names_no_run(aicr: Command, arguments: tuple[str, ...]) -> None:
    said = aicr(*arguments)

    assert said.code == Exit.USAGE
    assert "run '': want the name of a run" in said.err

import pytest

from helper.check import Fail, Unsettled
from helper.findings import FOREIGN_CHARS, Problem, brief, failure, fold, printable, some

NOW, LATER = Problem("a is missing"), Problem("b is starting", may_settle=True)


def test_one_problem_stays_as_it_is() -> None:
    assert fold([NOW], 7, "objects") == "a is missing"


def test_the_first_line_of_several_stands_alone() -> None:
    first, *rest = fold(["a is missing", "b is down"], 7, "objects").split("\n")

    assert first == "2 problems among 7 objects; the first: a is missing"
    assert rest == ["- a is missing", "- b is down"]


@pytest.mark.parametrize(
    ("problems", "kind"),
    [([NOW], Fail), ([LATER, NOW], Fail), ([LATER], Unsettled), ([LATER, LATER], Unsettled)],
)
def test_one_definite_problem_makes_a_definite_failure(
    problems: list[Problem], kind: type[Fail]
) -> None:
    assert type(failure(problems, 2, "objects")) is kind


def test_many_names_are_cut_and_counted() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some([str(number) for number in range(9)]) == "0, 1, 2, 3, 4 and 4 more"


def test_foreign_words_fit_on_a_line() -> None:
    assert brief("  two\n lines\t") == "two lines"
    assert len(brief("x" * 40_000)) == FOREIGN_CHARS + 1


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        pytest.param("grün 🟢 日本", "grün 🟢 日本", id="letters-of-all-languages"),
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape"),
        pytest.param("a\rb", "a\\rb", id="carriage-return"),
        pytest.param("a\nb", "a\nb", id="kept"),
        pytest.param("\x9b2J", "\\x9b2J", id="8-bit-control"),
        pytest.param("a\u202eb", "a\\u202eb", id="right-to-left"),
        pytest.param("\x7f", "\\x7f", id="delete"),
        pytest.param("a\x08b", "a\\x08b", id="backspace"),
        pytest.param("a\x00b", "a\\x00b", id="nul"),
        pytest.param("a\u2066b", "a\\u2066b", id="isolate"),
        pytest.param("a\u200bb", "a\\u200bb", id="zero-width"),
        pytest.param("a\ud800b", "a\\ud800b", id="lone-surrogate"),
        pytest.param("a\u2028b", "a\\u2028b", id="line-separator"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(words: str, shown: str) -> None:
    assert printable(words, "\n") == shown

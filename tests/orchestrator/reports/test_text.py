import pytest

from orchestrator.reports import text
from orchestrator.reports.text import LINE_CHARS, LOG_CHARS


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param("grün 🟢 日本\ta\nb", "grün 🟢 日本\ta\nb", id="text"),
        pytest.param("a\x00b\x1bc", "a�b�c", id="control-characters"),
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colours"),
        pytest.param("10 %\r20 %\r\n", "10 %\n20 %\n", id="carriage-returns"),
        pytest.param("a\ud800b\uffff", "a�b�", id="no-characters"),
        pytest.param("user\u202etxt.exe", "user�txt.exe", id="reversed"),
        pytest.param("a\u00a0b", "a\u00a0b", id="hard-space"),
    ],
)
def test_text_is_fit_for_every_file(given: str, shown: str) -> None:
    assert text.clean(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(["a", "b"], ("a", "b"), id="lines"),
        pytest.param("a\nb", ("a", "b"), id="text"),
        pytest.param(["a\nb\n", 3, None, {}], ("a", "b", "3", ""), id="mixed"),
        pytest.param([], (), id="none"),
    ],
)
def test_a_log_is_lines_however_it_was_given(given: object, shown: tuple[str, ...]) -> None:
    assert text.lines(given) == shown


def test_a_line_that_nobody_reads_is_cut_and_says_so() -> None:
    (line,) = text.lines(["x" * 5_000_000])

    assert line.endswith(f" … {5_000_000 - LINE_CHARS} more characters")


def test_a_log_keeps_its_beginning_and_its_end() -> None:
    found = text.lines([f"{number} " + "x" * 900 for number in range(2_000)])

    assert sum(map(len, found)) < LOG_CHARS + 100
    assert found[0].startswith("0 ")
    assert found[-1].startswith("1999 ")
    assert any("lines left out here" in line for line in found)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(10**5000, "0x31e", id="number-beyond-reason"),
        pytest.param(True, "yes", id="truth"),
        pytest.param(["a"], "", id="list"),
        pytest.param("  a \n b ", "a b", id="lines"),
    ],
)
def test_a_name_is_one_short_line(value: object, shown: str) -> None:
    found = text.name(value)

    assert found.startswith(shown)
    assert len(found) < 250


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, ""), (0.04, "0.0s"), (12.34, "12.3s"), (182.4, "3m2s")]
)
def test_durations_are_for_people(seconds: float | None, shown: str) -> None:
    assert text.duration(seconds) == shown

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helper.quantity import format_duration, parse_duration, parse_quantity


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h5m", 3900),
        ("1h5m0s", 3900),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("5.s", 5),
        ("300ms", 0.3),
        ("15us", 15e-6),
        ("15µs", 15e-6),
        ("20ns", 20e-9),
        ("0", 0),
        ("-1.5h", -5400),
        ("+5m", 300),
        (" 5m ", 300),
        ("1m1m", 120),
    ],
)
def test_reads_durations_as_go_does(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "5",
            "1.5",
            "m",
            "5x",
            "1d",
            "1h 5m",
            "5m!",
            "--5s",
            "+-5s",
            "-",
            "1e3s",
            "\u0663s",
            "inf",
        ),
        *("9" * 30 + "h", "1h5", "s5", "5S"),
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (30, "30s"),
        (1.5, "1.5s"),
        (0.25, "0.25s"),
        (300, "5m0s"),
        (3900, "1h5m0s"),
        (90_061.5, "25h1m1.5s"),
        (59.9996, "1m0s"),
        (3599.9999, "1h0m0s"),
        (-90, "-1m30s"),
    ],
)
def test_writes_durations_as_go_does(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(-1e9, 1e9))
def test_a_written_duration_reads_back_to_the_millisecond(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=0.001)


@given(st.text())
def test_reading_a_duration_raises_nothing_but_a_value_error(text: str) -> None:
    try:
        parse_duration(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("32", "32"),
        (2, "2"),
        (1.5, "1.5"),
        ("500m", "0.5"),
        ("100n", "1e-7"),
        ("10u", "1e-5"),
        ("0.1", "0.1"),
        (".5", "0.5"),
        ("1.", "1"),
        ("4k", "4000"),
        ("128Mi", "134217728"),
        ("1Ei", "1152921504606846976"),
        ("2E", "2e18"),
        ("1e3", "1000"),
        ("1E-3", "0.001"),
        ("-1Gi", "-1073741824"),
        ("+8", "8"),
    ],
)
def test_reads_quantities_as_kubernetes_does(value: str | float, number: str) -> None:
    assert parse_quantity(value) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Gi", "1 Gi", "1gi", "1K", "1ki", "1i", "1mi", "1e", "1e3Ki", "1e3k", "1.2.3", "abc"),
        *("nan", "inf", "\u0663", "1_000", "0x10", "--1", "1GiB", "None"),
    ],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(text)


SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(SUFFIXES)))
def test_a_written_quantity_is_the_number_it_says(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == Decimal(number).scaleb(SUFFIXES[suffix])


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1e9, max_value=1e9))
def test_a_plain_number_reads_back_as_itself(number: Decimal) -> None:
    assert parse_quantity(str(number)) == number

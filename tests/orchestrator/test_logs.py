import json

import pytest

from orchestrator.logs import Log, split
from tests.orchestrator.recordings import load

LOG_LINE = "time=2026-01-02T03:04:05.678Z level=INFO msg=hello"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("\n", id="line-end"),
        pytest.param(" \n\n", id="blanks"),
    ],
)
def test_a_check_that_printed_nothing_has_no_lines(text: str) -> None:
    assert split(text) == Log()


def test_only_line_ends_at_the_end_are_dropped() -> None:
    assert split("\n a \n\nb\n\n\n").stdout == ("", " a ", "", "b")


def test_a_recorded_log_is_evidence_with_a_result() -> None:
    (log,) = load("exit-0")["logs"].values()

    found = split(log["body"])

    assert found.stdout == ("evidence line 1", "RESULT: 42 GB/s", "log line")
    assert found.results == ["42 GB/s"]


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL"])
def test_log_lines_of_the_runner_are_kept_apart_from_evidence(level: str) -> None:
    line = LOG_LINE.replace("INFO", level)

    found = split(f"a\n{line}\nb\n")

    assert found.stdout == ("a", "b")
    assert found.stderr == (line,)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("the time=1 level=INFO x", id="not-at-the-begin"),
        pytest.param("time=1 level=info x", id="level-of-somebody-else"),
        pytest.param("time= level=INFO x", id="without-a-time"),
    ],
)
def test_what_only_looks_like_a_log_line_is_evidence(line: str) -> None:
    assert split(line).stdout == (line,)


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        pytest.param(511, "x" * 511, id="511"),
        pytest.param(512, "x" * 512, id="512"),
        pytest.param(513, f"{'x' * 512}... [truncated 1 chars]", id="513"),
    ],
)
def test_long_lines_are_cut(length: int, shown: str) -> None:
    assert split("x" * length).stdout == (shown,)


def test_characters_count_not_bytes() -> None:
    assert split("ä" * 513).stdout == (f"{'ä' * 512}... [truncated 1 chars]",)


def test_the_last_thousand_lines_are_kept() -> None:
    found = split("\n".join(f"line {number}" for number in range(1001))).stdout

    assert len(found) == 1000
    assert (found[0], found[-1]) == ("line 1", "line 1000")


def test_the_last_two_hundred_log_lines_are_kept() -> None:
    found = split("\n".join(f"{LOG_LINE} {number}" for number in range(201)))

    assert found.stdout == ()
    assert len(found.stderr) == 200
    assert found.stderr[0].endswith(" 1")


def test_facts_are_taken_out_of_the_evidence() -> None:
    found = split('a\nFACT: {"skip": "not-applicable"}\nb\n')

    assert found.stdout == ("a", "b")
    assert found.facts == {"skip": "not-applicable"}


def test_of_a_fact_that_is_told_again_the_last_counts() -> None:
    assert split('FACT: {"skip": "a"}\nFACT: {"skip": "b"}\n').facts == {"skip": "b"}


def test_measured_values_are_collected() -> None:
    lines = [f'FACT: {{"measured": {{"name": "bw", "value": {value}}}}}' for value in (1, 2.5)]

    assert split("\n".join(lines)).facts == {
        "measured": [{"name": "bw", "value": 1}, {"name": "bw", "value": 2.5}]
    }


def test_a_fact_counts_however_long_the_log_is() -> None:
    log = 'FACT: {"skip": "a"}\n' + "x\n" * 2000

    assert split(log).facts == {"skip": "a"}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("FACT: {", id="broken"),
        pytest.param("FACT: []", id="list"),
        pytest.param("FACT: 7", id="number"),
        pytest.param("FACT: ", id="nothing"),
        pytest.param('FACT: {"measured": NaN}', id="nan"),
        pytest.param('FACT: {"measured": -Infinity}', id="infinity"),
        pytest.param('FACT: {"measured": 1e999}', id="too-large-for-json"),
        pytest.param("FACT: " + "[" * 100_000, id="nested-without-end"),
    ],
)
def test_what_is_no_fact_stays_visible_as_evidence(line: str) -> None:
    found = split(line)

    assert found.facts == {}
    assert found.stdout[0].startswith("FACT: ")


def items(*told: dict[str, object]) -> str:
    return "".join(f"FACT: {json.dumps({'item': item})}\n" for item in told)


def test_of_each_single_thing_the_last_word_counts_and_what_failed_stands_first() -> None:
    one, two, three = ({"name": name, "kind": "node", "passed": True} for name in "abc")
    text = items({**one, "passed": False}, one, two, {**three, "passed": False}, {"passed": None})

    assert split(text).facts["items"] == [
        {**three, "passed": False},
        {"passed": None},
        one,
        two,
    ]


def test_a_check_that_looks_again_begins_its_items_and_values_anew() -> None:
    before = items({"name": "a", "kind": "node", "passed": False})
    text = before + 'FACT: {"measured": {"name": "x"}}\nFACT: {"looks": 2}\n'

    assert split(text).facts == {"looks": 2}


def test_nobody_writes_the_list_of_items_itself() -> None:
    assert split('FACT: {"items": "all fine"}\n').facts == {}


def test_secrets_leave_lines_and_facts_and_are_counted() -> None:
    found = split('password: hunter2\nfine\nFACT: {"apiToken": "abc"}\n')

    assert found.stdout == ("password: <redacted>", "fine")
    assert found.facts == {"apiToken": "<redacted>"}
    assert found.redacted == 2

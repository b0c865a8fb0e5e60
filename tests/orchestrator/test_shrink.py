import json
from typing import Any

import pytest

from orchestrator.shrink import cut, shrink


def report(*tests: dict[str, Any]) -> dict[str, Any]:
    return {"reportFormat": "CTRF", "results": {"tests": list(tests), "summary": {}}}


def lines(count: int, width: int = 90) -> list[str]:
    return [f"{number:06d} {'x' * width}" for number in range(count)]


def test_what_fits_stays_whole() -> None:
    given = report({"name": "a", "stdout": lines(10)})

    assert json.loads(shrink(given, 10_000)) == given


def test_the_longest_log_loses_its_middle_first() -> None:
    given = report({"name": "a", "stdout": lines(1000)}, {"name": "b", "stdout": lines(200)})

    long, short = json.loads(shrink(given, 50_000))["results"]["tests"]

    assert short["stdout"] == lines(200)
    assert long["stdout"] == [
        *lines(1000)[:20],
        "... 880 lines left out here ...",
        *lines(1000)[-100:],
    ]


@pytest.mark.parametrize("count", [2, 40])
def test_many_long_logs_fit_as_well(count: int) -> None:
    given = report(
        *({"name": f"c{n}", "stdout": lines(1000, 500), "stderr": lines(200)} for n in range(count))
    )
    found = shrink(given, 900 * 1024)

    assert len(found.encode()) <= 900 * 1024
    assert len(json.loads(found)["results"]["tests"]) == count


def test_bytes_count_not_characters() -> None:
    given = report({"name": "a", "stdout": ["ä" * 90] * 300})

    assert len(shrink(given, 30_000).encode()) <= 30_000


def test_the_report_that_was_given_stays_as_it_is() -> None:
    given = report({"name": "a", "stdout": lines(1000)})
    shrink(given, 1000)

    assert given["results"]["tests"][0]["stdout"] == lines(1000)


@pytest.mark.parametrize("count", [0, 1, 120, 121])
def test_a_note_never_stands_for_a_single_line(count: int) -> None:
    assert cut(lines(count), 20, 100) == lines(count)

"""A report made small enough for a ConfigMap: logs lose their middle, the longest first."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

# Lines that stay at the beginning and at the end of each log; from one step to the next fewer.
STEPS = ((20, 100), (10, 30), (3, 7), (0, 0))
KEYS = ("stdout", "stderr")  # evidence and log of a test


def shrink(report: Mapping[str, Any], limit: int) -> str:
    """A report as JSON of at most `limit` bytes, as far as shorter logs can make it so."""
    tests = [dict(test) for test in report["results"]["tests"]]
    whole = {**report, "results": {**report["results"], "tests": tests}}
    logs = [(test, key) for test in tests for key in KEYS if key in test]
    for head, tail in STEPS:
        excess = _size(whole) - limit
        for test, key in sorted(logs, key=lambda log: _size(log[0][log[1]]), reverse=True):
            if excess <= 0:
                break
            before = _size(test[key])
            test[key] = cut(test[key], head, tail)
            excess -= before - _size(test[key])
    return _text(whole)


def cut(lines: Sequence[str], head: int, tail: int) -> list[str]:
    """Lines without their middle, and in its place how many are missing."""
    left_out = len(lines) - head - tail
    if left_out <= 1:
        return list(lines)
    note = f"... {left_out} lines left out here ..."
    return [*lines[:head], note, *lines[len(lines) - tail :]]


def _size(value: Any) -> int:
    return len(_text(value).encode())


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)

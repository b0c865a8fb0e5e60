"""A container's log, taken apart: evidence, log lines, facts."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from helper import contract
from orchestrator import redaction
from orchestrator.facts import items_of

# The runner's own log lines; kubelet mixes them with the evidence on stdout.
LOG_LINE = re.compile(r"time=\S+ level=(DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL) ")
STDERR_LINES = 200
COLLECTED = {"measured": "measured", "item": "items"}  # facts of which there are many


@dataclass(frozen=True)
class Log:
    """What a check printed."""

    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    unreadable: str = ""  # the first line that was meant as a fact
    redacted: int = 0  # lines in which something looked like a secret

    @property
    def results(self) -> list[str]:
        """The lines that the check wants the operator to see."""
        prefix = contract.RESULT_PREFIX
        return [line.removeprefix(prefix) for line in self.stdout if line.startswith(prefix)]


def split(text: str) -> Log:
    """Split a whole log; values and items are collected, of other facts the last one counts."""
    stdout: list[str] = []
    stderr: list[str] = []
    facts: dict[str, Any] = {}
    unreadable: list[str] = []
    for line in text.rstrip("\n").split("\n") if text.strip() else []:
        if line.startswith(contract.FACT_PREFIX):
            if _take_fact(line, facts):
                continue
            unreadable.append(cut(line))
        (stderr if LOG_LINE.match(line) else stdout).append(line)
    if "items" in facts:
        facts["items"] = items_of(facts["items"])
    kept = _shorten(stdout, contract.EVIDENCE_LINES), _shorten(stderr, STDERR_LINES)
    shown = [tuple(redaction.lines(lines)) for lines in kept]
    clean = redaction.value(facts)
    redacted = sum(map(redaction.count, kept, shown)) + (clean != facts)
    words = redaction.line(next(iter(unreadable), ""))
    return Log(shown[0], shown[1], clean, words, redacted)


def _take_fact(line: str, facts: dict[str, Any]) -> bool:
    try:
        found = json.loads(
            line.removeprefix(contract.FACT_PREFIX), parse_float=_finite, parse_constant=_finite
        )
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    for key, value in found.items():
        if key in COLLECTED:
            facts.setdefault(COLLECTED[key], []).append(value)
        elif key not in COLLECTED.values():
            facts[str(key)] = value
        if key == "looks":  # it begins anew
            for old in COLLECTED.values():
                facts.pop(old, None)
    return True


def _finite(number: str) -> float:
    """Read a number that a JSON report can carry; ValueError for NaN and infinities."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no JSON number")
    return value


def _shorten(lines: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(cut(line) for line in list(lines)[-limit:])


def cut(line: str) -> str:
    """Shorten a line to what a report carries, and say by how much."""
    over = len(line) - contract.EVIDENCE_LINE_CHARS
    if over <= 0:
        return line
    return f"{line[: contract.EVIDENCE_LINE_CHARS]}... [truncated {over} chars]"

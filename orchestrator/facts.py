"""What a check tells of itself in facts, and whether its verdict stands up to it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helper.check import SAID_BY_CHECKS, SkipCode
from helper.depth import Depth, Proof
from helper.resource import number, part, text

UNREADABLE, CONTRADICTED = "FactsUnreadable", "FactsContradict"
SEE = "see docs/contract.md for the shape of facts"
MAX_ITEMS = 2000  # of single things; the result must fit into a ConfigMap
SENSE = {">=": 1, ">": 1, "<=": -1, "<": -1}  # whether more is better


@dataclass(frozen=True)
class Coverage:
    """How much was looked at, of how much."""

    seen: int
    total: int

    def reaches(self, minimum: float) -> bool:
        """Whether as large a share was seen; none of none proves nothing."""
        if self.total == 0:
            return minimum <= 0
        return self.seen >= round(minimum * self.total, 6)  # since 0.07 * 100 is more than 7


@dataclass(frozen=True)
class Objection:
    """Why a pass is no verdict."""

    raw_status: str
    words: str


def coverage_of(facts: Mapping[str, Any]) -> Coverage | None:
    """The coverage that a check tells; None when it tells none, or none that makes sense."""
    told = part(facts, "coverage")
    seen, total = number(told, "seen"), number(told, "total")
    if seen is None or total is None or not 0 <= seen <= total:
        return None
    return Coverage(seen, total)


def credible(facts: Mapping[str, Any], depth: Depth) -> dict[str, Any]:
    """What a check may tell of itself: no reason of ours to skip, no more proof than it could get.

    At depth fast nothing was made, so that nothing was demonstrated.
    """
    found = dict(facts)
    allowed = SAID_BY_CHECKS if depth is Depth.FAST else SAID_BY_CHECKS - {SkipCode.DEPTH}
    if "skip" in found and text(found, "skip") not in allowed:
        found["skip"] = str(SkipCode.UNSPECIFIED)
    if found.get("proof") == Proof.DEMONSTRATED and depth is Depth.FAST:
        found["proof"] = str(Proof.OBSERVED)
    return found


def items_of(told: Sequence[Any]) -> list[Any]:
    """What is told of single things: the last word about each counts, what is unwell comes first.

    A check that looks again repeats itself, and a report has no room for everything.
    """
    latest = {(text(item, "kind"), text(item, "name")): item for item in told}
    return sorted(latest.values(), key=_gravity)[:MAX_ITEMS]


def _gravity(item: Any) -> int:
    verdict = verdict_of(item)
    return 0 if verdict is False else 2 if verdict is True else 1


def verdict_of(told: Any) -> bool | str | None:
    """Whether a thing or value passed; None where nobody judges it, a text for nonsense."""
    found = told.get("passed") if isinstance(told, Mapping) else "unreadable"
    return found if found is None or isinstance(found, bool) else "unreadable"


def margin(value: Any, threshold: str) -> float | None:
    """How far inside its threshold a value is, as a share of it; negative outside."""
    operator, _, limit = threshold.partition(" ")
    found, wanted, sense = decimal(value), decimal(limit), SENSE.get(operator)
    if found is None or not wanted or sense is None:
        return None
    share = sense * (found - wanted) / abs(wanted)
    return share if math.isfinite(share) else None


def decimal(value: Any) -> float | None:
    """A finite number, also one in a text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def objection(facts: Mapping[str, Any], unreadable: str = "") -> Objection | None:
    """Why facts do not bear out a pass; `unreadable` is a line that could not be read as one."""
    if unreadable:
        return Objection(UNREADABLE, f"a line is no readable fact: {unreadable[:120]!r}; {SEE}")
    if senseless := _senseless(facts):
        return Objection(UNREADABLE, f"{senseless}; {SEE}")
    if "skip" in facts:
        return Objection(CONTRADICTED, "it tells a reason to skip; want exit 2 with it")
    told = [(item, _value_words(item)) for item in as_list(facts.get("measured", []))]
    told += [(item, _item_words(item)) for item in as_list(facts.get("items", []))]
    for item, (name, why) in told:
        verdict = verdict_of(item)
        if verdict is False:
            return Objection(CONTRADICTED, f"{name} did not pass: {why}, which calls for exit 1")
        if verdict == "unreadable":
            return Objection(UNREADABLE, f"whether {name} passed cannot be read; {SEE}")
    return None


def _senseless(facts: Mapping[str, Any]) -> str:
    """Which fact makes no sense, and what would; empty for none."""
    if "coverage" in facts and coverage_of(facts) is None:
        return "its coverage makes no sense (want whole numbers, 0 <= seen <= total)"
    if "proof" in facts and text(facts, "proof") not in tuple(Proof):
        return f"its proof makes no sense (want {', '.join(Proof)})"
    return ""


def _value_words(item: Any) -> tuple[str, str]:
    """A measured value's name, and what it is."""
    found = f"{text(item, 'value')} {text(item, 'unit')}".strip()
    wanted = text(item, "threshold") or "no threshold"
    return text(item, "name") or "a measured value", f"{found} (want {wanted})"


def _item_words(item: Any) -> tuple[str, str]:
    """A single thing's name, and what is said of it."""
    name = " ".join(filter(None, (text(item, "kind"), text(item, "name"))))
    return name or "a single item", text(item, "message") or "no reason given"


def as_list(told: Any) -> list[Any]:
    """One thing or many as a list."""
    return told if isinstance(told, list) else [told]

"""What a check tells of itself in facts, and whether its verdict stands up to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helper.check import SAID_BY_CHECKS, SkipCode
from helper.depth import Depth, Proof
from helper.resource import number, part, text

UNREADABLE, CONTRADICTED = "FactsUnreadable", "FactsContradict"
SEE = "see docs/contract.md for the shape of facts"


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


def objection(facts: Mapping[str, Any], unreadable: str = "") -> Objection | None:
    """Why facts do not bear out a pass; `unreadable` is a line that could not be read as one."""
    if unreadable:
        return Objection(UNREADABLE, f"a line is no readable fact: {unreadable[:120]!r}; {SEE}")
    if senseless := _senseless(facts):
        return Objection(UNREADABLE, f"{senseless}; {SEE}")
    if "skip" in facts:
        return Objection(CONTRADICTED, "it tells a reason to skip; want exit 2 with it")
    for measured in _measured(facts):
        name = text(measured, "name") or "a measured value"
        verdict = measured.get("passed") if isinstance(measured, Mapping) else "unreadable"
        if verdict is False:
            wanted = text(measured, "threshold") or "no threshold"
            found = f"{text(measured, 'value')} {text(measured, 'unit')}".strip()
            return Objection(
                CONTRADICTED,
                f"{name} did not pass: {found} (want {wanted}), which calls for exit 1",
            )
        if verdict not in (True, None):
            return Objection(UNREADABLE, f"whether {name} passed cannot be read; {SEE}")
    return None


def _senseless(facts: Mapping[str, Any]) -> str:
    """Which fact makes no sense, and what would; empty for none."""
    if "coverage" in facts and coverage_of(facts) is None:
        return "its coverage makes no sense (want whole numbers, 0 <= seen <= total)"
    if "proof" in facts and text(facts, "proof") not in tuple(Proof):
        return f"its proof makes no sense (want {', '.join(Proof)})"
    return ""


def _measured(facts: Mapping[str, Any]) -> list[Any]:
    found = facts.get("measured", [])
    return found if isinstance(found, list) else [found]

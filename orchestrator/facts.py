"""What a check tells of itself in facts, and whether its verdict stands up to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def objection(facts: Mapping[str, Any], unreadable: str = "") -> Objection | None:
    """Why facts do not bear out a pass; `unreadable` is a line that could not be read as one."""
    if unreadable:
        return Objection(UNREADABLE, f"a line is no readable fact: {unreadable[:120]!r}; {SEE}")
    if "coverage" in facts and coverage_of(facts) is None:
        want = "want whole numbers, 0 <= seen <= total"
        return Objection(UNREADABLE, f"its coverage makes no sense ({want}); {SEE}")
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


def _measured(facts: Mapping[str, Any]) -> list[Any]:
    found = facts.get("measured", [])
    return found if isinstance(found, list) else [found]

"""What came of waiting for a cluster to settle before a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helper.findings import some
from helper.quantity import format_duration
from helper.resource import text

SHOWN = 3
ONLY = "the cluster was waited for only"
RECORDED = 50  # names of a kind in the report


@dataclass(frozen=True)
class Unsettled:
    """Something that is not as it shall be."""

    subject: str
    observed: str
    moves: bool  # on its way, as far as it tells; others are waited for only beside such ones

    def __str__(self) -> str:
        return f"{self.subject}: {self.observed}"


@dataclass(frozen=True)
class Convergence:
    """How long a cluster was waited for, and what had not settled in the end."""

    waited_s: float
    budget_s: float
    unsettled: tuple[Unsettled, ...] = ()
    interrupted: str = ""  # why nobody waited any longer, though there was time

    @property
    def converged(self) -> bool:
        """Whether everything has settled."""
        return not (self.unsettled or self.interrupted)

    @property
    def moving(self) -> Sequence[str]:
        """What was still on its way."""
        return [str(item) for item in self.unsettled if item.moves]

    @property
    def stuck(self) -> Sequence[str]:
        """What showed no sign of settling."""
        return [str(item) for item in self.unsettled if not item.moves]

    @property
    def words(self) -> str:
        """The same for people, in a line."""
        waited = format_duration(round(self.waited_s, 1))
        if self.converged:
            return f"the cluster has settled after {waited}"
        if self.interrupted:
            return f"{ONLY} {waited}: {self.interrupted}"
        moving, stuck = self.moving, self.stuck
        parts = [f"still moving: {some(moving, SHOWN)}"] if moving else []
        parts += [f"no sign of settling: {some(stuck, SHOWN)}"] if stuck else []
        told = "; ".join(parts)
        return f"the cluster has not settled after {waited}, checks judge it as it is; {told}"

    def record(self) -> Mapping[str, Any]:
        """The same for the report."""
        return {
            "converged": self.converged,
            "waitedSeconds": round(self.waited_s, 1),
            "budgetSeconds": self.budget_s,
            "moving": list(self.moving[:RECORDED]),
            "stuck": list(self.stuck[:RECORDED]),
            "words": self.words,
        }


def parse(record: Mapping[str, Any]) -> Convergence:
    """What `record` wrote, as far as it makes sense."""
    unsettled = [
        Unsettled(*str(item).partition(": ")[::2], moves=key == "moving")
        for key in ("moving", "stuck")
        for item in _list(record.get(key))
    ]
    words = text(record, "words")
    return Convergence(
        _seconds(record.get("waitedSeconds")),
        _seconds(record.get("budgetSeconds")),
        tuple(unsettled),
        words.partition(": ")[2] if words.startswith(ONLY) else "",
    )


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _seconds(found: Any) -> float:
    return float(found) if isinstance(found, (int, float)) else 0.0

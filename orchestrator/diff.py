"""`report diff A B`: what changed from one report to the next, check by check.

Whatever proves less than before is worse: a verdict, a coverage, a check that is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from helper.depth import Proof
from orchestrator.reports.document import Case, Coverage, Measured, Report
from orchestrator.reports.text import first_line

RANK = {"passed": 0, "skipped": 1, "pending": 2, "other": 2, "failed": 3}

Key = tuple[str, int]  # phase/name, and which one of several of that name


class Kind(StrEnum):
    """What became of a check."""

    WORSE = "worse"
    GONE = "gone"
    CHANGED = "changed"  # neither better nor worse
    NEW = "new"
    BETTER = "better"
    SAME = "same"


@dataclass(frozen=True)
class Delta:
    """One measured value before and after."""

    name: str
    before: str
    after: str
    unit: str
    percent: float | None  # None where one of them is no number

    def __str__(self) -> str:
        change = "" if self.percent is None else f" ({self.percent:+.1f} %)"
        return f"{self.name}: {self.before} → {self.after} {self.unit}".rstrip() + change


@dataclass(frozen=True)
class Change:
    """One check in both reports, or in one of them."""

    place: str
    kind: Kind
    before: str  # its status; empty where it is not in that report
    after: str
    words: str = ""  # why, as the report says that has it last
    coverage: str = ""  # empty where it is the same
    measured: tuple[Delta, ...] = ()
    is_worse: bool = False


@dataclass(frozen=True)
class Difference:
    """Two reports, check by check, the worst first."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    is_cut_short: bool = False  # the second alone, so that it proves less

    @property
    def is_worse(self) -> bool:
        """Whether less is proven than before."""
        return self.is_cut_short or any(change.is_worse for change in self.changes)

    def count(self, kind: Kind) -> int:
        """How many checks became so."""
        return sum(change.kind is kind for change in self.changes)


def compare(before: Report, after: Report) -> Difference:
    """Hold a report against an earlier one."""
    old, new = _by_key(before), _by_key(after)
    keys = list(dict.fromkeys([*new, *old]))
    changes = [_change(key[0], old.get(key), new.get(key)) for key in keys]
    order = list(Kind)
    return Difference(
        tuple(sorted(changes, key=lambda change: order.index(change.kind))),
        tuple(_notes(before, after)),
        is_cut_short=before.is_complete and not after.is_complete,
    )


def _by_key(report: Report) -> Mapping[Key, Case]:
    found: dict[Key, Case] = {}
    for case in report.cases:
        number = 0
        while (case.place, number) in found:
            number += 1
        found[case.place, number] = case
    return found


def _change(place: str, old: Case | None, new: Case | None) -> Change:
    if new is None:
        was = old.status if old else ""
        return Change(place, Kind.GONE, was, "", is_worse=was == "passed")
    if old is None:
        is_bad = RANK[new.status] >= RANK["other"]
        return Change(place, Kind.NEW, "", new.status, first_line(new.message), is_worse=is_bad)
    coverage, covers_less = _coverage(old.coverage, new.coverage)
    deltas, missed = _measured(old.measured, new.measured)
    is_weaker = old.status == new.status == "passed" and _strength(new) < _strength(old)
    is_worse = RANK[new.status] > RANK[old.status] or covers_less or missed or is_weaker
    kind = Kind.WORSE if is_worse else _kind(old.status, new.status)
    words = first_line(new.message) if new.status != old.status else ""
    if is_weaker:
        words = f"its proof was {old.proof}, and is {new.proof or 'not told'}"
    return Change(place, kind, old.status, new.status, words, coverage, tuple(deltas), is_worse)


def _strength(case: Case) -> int:
    """How strong a proof is; 0 for one that is not told, or that nobody knows."""
    known = [str(proof) for proof in Proof]
    return known.index(case.proof) + 1 if case.proof in known else 0


def _kind(old: str, new: str) -> Kind:
    if old == new:
        return Kind.SAME
    return Kind.BETTER if new == "passed" else Kind.CHANGED


def _coverage(old: Coverage | None, new: Coverage | None) -> tuple[str, bool]:
    """How coverage changed, and whether a smaller share was looked at."""
    if old is None or old == new:
        return "", False
    if new is None:
        return f"{_covered(old)} → not told", True
    is_less = new.seen * old.total < old.seen * new.total or (old.is_whole and not new.is_whole)
    same = (old.seen, old.total) == (new.seen, new.total)
    return ("" if same else f"{_covered(old)} → {_covered(new)}"), is_less


def _covered(coverage: Coverage) -> str:
    return f"{coverage.seen} of {coverage.total} {coverage.unit}".rstrip()


def _measured(old: Sequence[Measured], new: Sequence[Measured]) -> tuple[list[Delta], bool]:
    """The values that both have, and whether one that met its threshold no longer does."""
    before = {item.name: item for item in old}
    pairs = [(before[item.name], item) for item in new if item.name in before]
    deltas = [
        Delta(b.name, a.value, b.value, b.unit, _percent(a.value, b.value))
        for a, b in pairs
        if a.value != b.value
    ]
    return deltas, any(a.passed is True and b.passed is False for a, b in pairs)


def _percent(old: str, new: str) -> float | None:
    try:
        before, after = float(old), float(new)
        return (after - before) / abs(before) * 100
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _notes(before: Report, after: Report) -> Iterator[str]:
    """What makes a comparison doubtful."""
    for name, old, new in (
        ("cluster", *("recorded" if report.is_replay else "live" for report in (before, after))),
        ("checks as", *("processes" if report.is_local else "Jobs" for report in (before, after))),
        *((key, dict(before.about).get(key), dict(after.about).get(key)) for key in ("recipe",)),
        ("tool", before.tool, after.tool),
    ):
        if old != new:
            yield f"not of the same {name}: {old or 'unknown'}, then {new or 'unknown'}"
    for title, report in (("first", before), ("second", after)):
        if not report.is_complete:
            yield f"the {title} run was cut short"


def document(found: Difference) -> dict[str, Any]:
    """The difference as data; what stayed as it was is counted only."""
    return {
        "worse": found.is_worse,
        "notes": list(found.notes),
        "counts": {kind.value: found.count(kind) for kind in Kind},
        "changes": [
            {
                "check": change.place,
                "change": change.kind.value,
                "worse": change.is_worse,
                "before": change.before,
                "after": change.after,
                "message": change.words,
                "coverage": change.coverage,
                "measured": [vars(delta) for delta in change.measured],
            }
            for change in found.changes
            if change.kind is not Kind.SAME or change.coverage or change.measured
        ],
    }


def text(found: Difference) -> str:
    """The difference for people."""
    lines = [f"note: {note}" for note in found.notes]
    for change in found.changes:
        lines += _lines(change)
    told = [f"{found.count(kind)} {kind}" for kind in Kind if found.count(kind)]
    end = "less is proven than before" if found.is_worse else "nothing got worse"
    return "".join(f"{line}\n" for line in [*lines, f"{', '.join(told) or 'no check'}: {end}"])


def _lines(change: Change) -> Iterator[str]:
    if change.kind is not Kind.SAME:
        course = f"{change.before or 'absent'} → {change.after or 'absent'}"
        course = change.after if change.before == change.after else course
        words = f": {change.words}" if change.words else ""
        yield f"{change.kind:<8} {change.place}  {course}{words}"
    lead = f"{change.kind:<8} {change.place}  " if change.kind is Kind.SAME else " " * 11
    for detail in filter(None, [f"coverage: {change.coverage}" if change.coverage else "",
                                *map(str, change.measured)]):  # fmt: skip
        yield f"{lead}{detail}"

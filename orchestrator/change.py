"""What became of one check from one report to the next, and in what it proves less."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from helper.depth import Proof
from orchestrator import facts
from orchestrator.outcome import LEFT_OUT, NEUTRAL
from orchestrator.reports.document import Case, Coverage, Item, Measured
from orchestrator.reports.text import counted, first_line

RANK = {"passed": 0, "skipped": 1, "pending": 2, "other": 2, "failed": 3}
NOT_TOLD = "not told"
SHOWN = 3  # things that are named


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
        after = self.after if self.after == NOT_TOLD else f"{self.after} {self.unit}"
        return f"{self.name}: {self.before} → {after}".rstrip() + change


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
    losses: tuple[str, ...] = ()  # what is proven less, where the verdict does not show it
    is_worse: bool = False


def changed(place: str, old: Case | None, new: Case | None) -> Change:
    """Hold a check against what it was."""
    if new is None:
        was = old.status if old else ""
        return Change(place, Kind.GONE, was, "", is_worse=was in ("passed", "failed"))
    if old is None:
        is_bad = RANK[new.status] >= RANK["other"]
        return Change(place, Kind.NEW, "", new.status, first_line(new.message), is_worse=is_bad)
    found = tuple(_losses(old, new))
    is_worse = RANK[new.status] > RANK[old.status] or bool(found)
    return Change(
        place,
        Kind.WORSE if is_worse else _kind(old.status, new.status),
        old.status,
        new.status,
        first_line(new.message) if new.status != old.status else "",
        _coverage(old.coverage, new.coverage),
        tuple(_deltas(old.measured, new.measured)),
        found,
        is_worse,
    )


def _kind(old: str, new: str) -> Kind:
    if old == new:
        return Kind.SAME
    return Kind.BETTER if new == "passed" else Kind.CHANGED


def _losses(old: Case, new: Case) -> Iterator[str]:
    """In what a check proves less, beside its verdict."""
    yield from _less_covered(old.coverage, new.coverage)
    yield from _less_measured(old.measured, new.measured)
    yield from _less_well(old.items, new.items)
    if old.status == new.status == "passed" and _strength(new) < _strength(old):
        yield f"its proof was {old.proof}, and is {new.proof or NOT_TOLD}"
    was_right = old.status == new.status == "skipped" and old.skip in NEUTRAL
    if was_right and new.skip not in NEUTRAL | LEFT_OUT:
        yield f"it was skipped as {old.skip}, and is as {new.skip or 'nobody tells'}"


def _strength(case: Case) -> int:
    """How strong a proof is; 0 for one that is not told, or that nobody knows."""
    known = [str(proof) for proof in Proof]
    return known.index(case.proof) + 1 if case.proof in known else 0


def _coverage(old: Coverage | None, new: Coverage | None) -> str:
    """How coverage changed; empty where it did not."""
    before, after = _covered(old), _covered(new)
    return "" if old is None or before == after else f"{before} → {after}"


def _covered(coverage: Coverage | None) -> str:
    if coverage is None:
        return NOT_TOLD
    return f"{coverage.seen} of {coverage.total} {coverage.unit}".rstrip()


def _less_covered(old: Coverage | None, new: Coverage | None) -> Iterator[str]:
    """A smaller share proves less, and so does all of a smaller cluster."""
    if old is None:
        return
    if new is None:
        yield "its coverage is not told any more"
    elif new.seen * old.total < old.seen * new.total or (old.is_whole and not new.is_whole):
        yield "a smaller share was looked at"
    elif new.unit == old.unit and new.seen < old.seen:
        yield f"{old.seen - new.seen} fewer {new.unit or 'things'} were looked at"


def _pairs(
    old: Sequence[Measured], new: Sequence[Measured]
) -> Iterator[tuple[Measured, Measured | None]]:
    """The values of before with those of now; of one name and unit in their order."""
    left = list(new)
    for item in old:
        match = next((b for b in left if (b.name, b.unit) == (item.name, item.unit)), None)
        if match:
            left.remove(match)
        yield item, match


def _deltas(old: Sequence[Measured], new: Sequence[Measured]) -> Iterator[Delta]:
    """The values that changed or are gone."""
    for before, after in _pairs(old, new):
        if after is None:
            yield Delta(before.name, before.value, NOT_TOLD, before.unit, None)
        elif before.value != after.value:
            percent = _percent(before.value, after.value)
            yield Delta(before.name, before.value, after.value, before.unit, percent)


def _percent(old: str, new: str) -> float | None:
    try:
        before, after = float(old), float(new)
        return (after - before) / abs(before) * 100
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _less_measured(old: Sequence[Measured], new: Sequence[Measured]) -> Iterator[str]:
    for before, after in _pairs(old, new):
        if after is None:
            yield f"{before.name} is not told any more"
        elif before.passed is True and after.passed is False:
            yield f"{after.name} no longer meets its threshold ({after.threshold or 'not told'})"
        elif before.passed is True and after.passed is None:
            yield f"{after.name} is not judged any more"
        elif _is_number(before.value) and not _is_number(after.value):
            yield f"{after.name} was a number, and is {after.value}"
        elif before.threshold != after.threshold and _misses(before, after.value):
            now = after.threshold or NOT_TOLD
            yield f"{after.name} misses the threshold of before ({before.threshold}; now {now})"


def _is_number(value: str) -> bool:
    return facts.decimal(value) is not None


def _misses(before: Measured, value: str) -> bool:
    """Whether a value is outside the threshold that the earlier one met."""
    was, is_now = (facts.margin(item, before.threshold) for item in (before.value, value))
    return was is not None and is_now is not None and is_now < 0 <= was


def _less_well(old: Sequence[Item], new: Sequence[Item]) -> Iterator[str]:
    """Single things that are worse than before, also in a check that failed already."""
    was = {(item.kind, item.name): RANK[item.status] for item in old}
    if not was:
        return
    fallen = [
        item for item in new if RANK[item.status] > was.get((item.kind, item.name), RANK["failed"])
    ]
    before, after = (sum(item.status != "passed" for item in items) for items in (old, new))
    if fallen:
        names = ", ".join(item.name for item in fallen[:SHOWN])
        more = f" and {len(fallen) - SHOWN} more" if len(fallen) > SHOWN else ""
        yield f"{names}{more} did better before"
    elif after > before:
        yield f"{counted(after, 'item')} did not pass, where {before} did not"

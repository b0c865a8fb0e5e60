"""`report diff A B`: what changed from one report to the next, check by check.

Whatever proves less than before is worse: a verdict, a coverage, a check that is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.change import Change, Kind, changed
from orchestrator.reports.document import Case, Report
from orchestrator.reports.text import counted

SAME_ABOUT = ("recipe", "recipe version", "depth", "cluster UID", "Kubernetes", "GPU driver")

Key = tuple[str, int]  # phase/name, and which one of several of that name


@dataclass(frozen=True)
class Difference:
    """Two reports, check by check, the worst first."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()  # what the second run as a whole proves less

    @property
    def is_worse(self) -> bool:
        """Whether less is proven than before."""
        return bool(self.losses) or any(change.is_worse for change in self.changes)

    def count(self, kind: Kind) -> int:
        """How many checks became so."""
        return sum(change.kind is kind for change in self.changes)


def compare(before: Report, after: Report) -> Difference:
    """Hold a report against an earlier one."""
    old, new = _by_key(before), _by_key(after)
    keys = list(dict.fromkeys([*new, *old]))
    changes = [changed(key[0], old.get(key), new.get(key)) for key in keys]
    order = list(Kind)
    return Difference(
        tuple(sorted(changes, key=lambda change: order.index(change.kind))),
        tuple(_notes(before, after)),
        (*_losses(before, after), *_phases_lost(before, after, changes)),
    )


def _by_key(report: Report) -> Mapping[Key, Case]:
    found: dict[Key, Case] = {}
    for case in report.cases:
        number = 0
        while (case.place, number) in found:
            number += 1
        found[case.place, number] = case
    return found


def _losses(before: Report, after: Report) -> Iterator[str]:
    """What the second run proves less than the first, whatever its checks say."""
    if before.is_complete and not after.is_complete:
        yield "the second run was cut short"
    if after.is_replay and not before.is_replay:
        yield "the second run proves nothing of a live cluster, the first one did"
    if after.unsettled and not before.unsettled:
        yield "the cluster of the second run had not settled"
    if after.leftovers and not before.leftovers:
        yield f"the second run left {counted(len(after.leftovers), 'object')} behind"
    for what, count in before.gpu_inventory.items():
        left = after.gpu_inventory.get(what, 0)
        if after.gpu_inventory and left < count:
            yield f"{what}: {count} → {left}"


def _phases_lost(before: Report, after: Report, changes: Sequence[Change]) -> Iterator[str]:
    """Phases that passed and do not, where no check of theirs shows it."""
    now = {phase.name: phase.status for phase in after.phases}
    for phase in before.phases:
        is_shown = any(item.is_worse for item in changes if item.place.startswith(f"{phase.name}/"))
        if phase.status == "passed" != now.get(phase.name, "passed") and not is_shown:
            yield f"phase {phase.name}: passed → {now[phase.name]}"


def _notes(before: Report, after: Report) -> Iterator[str]:
    """What makes a comparison doubtful."""
    about = [dict(report.about) for report in (before, after)]
    for what, old, new in (
        ("cluster", *("recorded" if report.is_replay else "live" for report in (before, after))),
        ("checks as", *("processes" if report.is_local else "Jobs" for report in (before, after))),
        *((key, about[0].get(key), about[1].get(key)) for key in SAME_ABOUT),
        ("tool", before.tool, after.tool),
        ("version of it", before.version, after.version),
    ):
        if old != new:
            yield f"not of the same {what}: {old or 'unknown'}, then {new or 'unknown'}"
    if not before.is_complete:
        yield "the first run was cut short"


def document(found: Difference) -> dict[str, Any]:
    """The difference as data; what stayed as it was is counted only."""
    return {
        "worse": found.is_worse,
        "notes": list(found.notes),
        "losses": list(found.losses),
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
                "losses": list(change.losses),
            }
            for change in found.changes
            if change.kind is not Kind.SAME or change.coverage or change.measured
        ],
    }


def text(found: Difference) -> str:
    """The difference for people."""
    lines = [f"note: {note}" for note in found.notes]
    lines += [f"{Kind.WORSE:<8} {loss}" for loss in found.losses]
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
    coverage = [f"coverage: {change.coverage}"] if change.coverage else []
    for detail in (*coverage, *map(str, change.measured), *change.losses):
        yield f"{lead}{detail}"

"""Which checks of a plan the operator wants: `--check`, `--skip` and `--label`.

The recipe selects, the operator narrows. What is left out stays in plan and report, as skipped
with `user-excluded`, and its phase is never `passed`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Self

from helper.check import SkipCode
from orchestrator.catalog import Catalog, Entry
from orchestrator.errors import UsageError, nearest
from orchestrator.outcome import LEFT_OUT
from orchestrator.plan import Plan, PlannedCheck

KEYS = ("phase", "requirement", "lock")


@dataclass(frozen=True)
class Label:
    """`KEY=VALUE` or `KEY!=VALUE`, about what the catalog declares of a check."""

    key: str
    value: str  # may hold wildcards, as in a shell
    is_wanted: bool = True

    @classmethod
    def parse(cls, given: str) -> Self:
        """Read one; UsageError names what is allowed."""
        name, equals, value = given.partition("=")
        key = name.removesuffix("!")
        if not (equals and key and value):
            raise UsageError(
                f"--label {given}: want KEY=VALUE or KEY!=VALUE, as in phase=deployment"
            )
        if key not in KEYS:
            raise UsageError(f"--label {given}: want one of {', '.join(KEYS)}{nearest(key, KEYS)}")
        return cls(key, value, is_wanted=not name.endswith("!"))

    def __str__(self) -> str:
        return f"{self.key}{'' if self.is_wanted else '!'}={self.value}"

    def holds(self, labels: Mapping[str, Sequence[str]]) -> bool:
        """Whether a check with these labels is meant."""
        return any(fnmatchcase(item, self.value) for item in labels[self.key]) is self.is_wanted


@dataclass(frozen=True)
class Rerun:
    """A report whose checks run again unless they had a good verdict in it."""

    where: str  # which report, in words
    settled: Mapping[str, str]  # good verdicts by check

    def why_not(self, check: str) -> str:
        """Why a check does not run again."""
        return f"{self.settled.get(check, 'not')} in {self.where} (--rerun-failed)"


@dataclass(frozen=True)
class Selection:
    """What the operator said; names may hold wildcards, and nothing said means all."""

    checks: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    rerun: Rerun | None = None  # the report that `checks` are from, where nobody named them

    @classmethod
    def of(cls, checks: Iterable[str], skips: Iterable[str], labels: Iterable[str]) -> Self:
        """Read the flags' values; UsageError for a label that is none."""
        return cls(tuple(checks), tuple(skips), tuple(map(Label.parse, labels)))

    def objection(self, check: PlannedCheck) -> str:
        """Why a check is left out; empty for one that shall run."""
        if self.checks and not _matched(check.name, self.checks):
            by_name = f"left out by --check {','.join(self.checks)}"
            return self.rerun.why_not(check.name) if self.rerun else by_name
        skip = next((item for item in self.skips if fnmatchcase(check.name, item)), "")
        if skip:
            return f"left out by --skip {skip}"
        labels = {**labels_of(check.entry), "phase": [check.phase]}
        missed = next((item for item in self.labels if not item.holds(labels)), None)
        return f"left out by --label {missed}" if missed else ""


def labels_of(entry: Entry | None) -> Mapping[str, Sequence[str]]:
    """What `--label` can ask about a check."""
    if entry is None:
        return {key: [] for key in KEYS}
    requirement = [entry.requirement] if entry.requirement else []
    return {"phase": [entry.phase], "requirement": requirement, "lock": entry.locks}


def narrow(plan: Plan, wanted: Selection, catalog: Catalog) -> Plan:
    """Leave out what the operator does not want; UsageError for unknown names and for no check."""
    _require_known(plan, wanted, catalog)
    phases = tuple(
        replace(phase, checks=tuple(_narrowed(check, wanted) for check in phase.checks))
        for phase in plan.phases
    )
    narrowed = replace(plan, phases=phases)
    if plan.checks and all(check.skip in LEFT_OUT for check in narrowed.checks):
        raise UsageError(
            f"--check, --skip and --label leave out all {len(plan.checks)} selected checks: "
            "nothing would be tested"
        )
    return narrowed


def _narrowed(check: PlannedCheck, wanted: Selection) -> PlannedCheck:
    why = wanted.objection(check)
    return check.left_out(why, SkipCode.USER_EXCLUDED) if why else check


def _require_known(plan: Plan, wanted: Selection, catalog: Catalog) -> None:
    """Refuse names that mean nothing: a typing error must not change what is tested."""
    selected = [check.name for check in plan.checks]
    known = [*(entry.name for entry in catalog.validators), *selected]
    for flag, patterns in (("--check", wanted.checks), ("--skip", wanted.skips)):
        for pattern in patterns:
            if not _matches(pattern, known):
                raise UsageError(f"{flag} {pattern}: no such check{nearest(pattern, known)}")
    for pattern in wanted.checks:
        if not _matches(pattern, selected):
            phases = ", ".join(phase.phase for phase in plan.phases)
            raise UsageError(
                f"--check {pattern}: the recipe does not select it in {phases}; "
                f"it selects {', '.join(selected)}"
            )
    for label in wanted.labels:
        values = {value for entry in catalog.validators for value in labels_of(entry)[label.key]}
        if not _matches(label.value, values):
            hint = nearest(label.value, values) or f", want one of {', '.join(sorted(values))}"
            raise UsageError(f"--label {label}: no check has this {label.key}{hint}")


def _matched(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _matches(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)

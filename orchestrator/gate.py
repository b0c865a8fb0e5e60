"""`--gate`: what is cheap to ask is asked first, and decides whether the rest is worth its cost."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from helper.check import SkipCode
from helper.depth import Depth
from helper.findings import some
from orchestrator.catalog import Entry
from orchestrator.outcome import Outcome, Status, is_incomplete
from orchestrator.plan import PhasePlan, Plan, PlannedCheck
from orchestrator.result import refused

COSTLY_PHASE = "performance"
TOLD = {
    Status.FAILED: "failed",
    Status.OTHER: "gave no verdict",
    Status.SKIPPED: "was skipped",
    Status.PASSED: "passed without having seen everything",
}


class Gate(StrEnum):
    """Which checks start only when all that is cheaper went well."""

    NONE = "none"
    COSTLY = "costly"


def cost(entry: Entry | None, depth: Depth = Depth.FULL) -> str:
    """What makes a check costly; empty for a cheap one. Nothing else decides which is which.

    Who only looks takes no GPUs and holds no lock.
    """
    if entry is None:
        return ""
    found = []
    if entry.needs and depth is Depth.FULL:
        found.append("needs free GPUs")
    if entry.locks and depth is Depth.FULL:
        found.append(f"holds {', '.join(entry.locks)}")
    if entry.phase == COSTLY_PHASE:
        found.append("measures performance")
    return ", ".join(found)


def cost_in_plan(check: PlannedCheck) -> str:
    """The same of a planned check, or of one that is left out as it would have run."""
    return cost(check.entry, check.depth)


def stages(
    checks: Iterable[PlannedCheck], gate: Gate
) -> tuple[list[PlannedCheck], list[PlannedCheck]]:
    """The checks of a phase that start at once, and those that wait for them."""
    given = list(checks)
    later = [] if gate is Gate.NONE else [check for check in given if cost_in_plan(check)]
    return [check for check in given if check not in later], later


def below(plan: Plan, phase: PhasePlan) -> Sequence[PlannedCheck]:
    """What must be well before a costly check of a phase starts: the cheap ones, and all before."""
    found: list[PlannedCheck] = []
    for earlier in plan.phases:
        if earlier.phase == phase.phase:
            break
        found += earlier.checks
    return [*found, *(check for check in phase.checks if not cost_in_plan(check))]


def hindrance(outcomes: Iterable[Outcome], min_coverage: float) -> str:
    """Why costly checks do not start after these outcomes; empty when they may."""
    found = [
        outcome
        for outcome in outcomes
        if outcome.status in (Status.FAILED, Status.OTHER) or is_incomplete(outcome, min_coverage)
    ]
    if not found:
        return ""
    # What was gated itself only follows from the others.
    causes = [item for item in found if item.facts.get("skip") != SkipCode.GATED] or found
    words = some([f"{item.check} {TOLD[item.status]}" for item in causes])
    return f"not run: {words}; repair that first, or give --gate none to run it all the same"


def foreseen(plan: Plan, gate: Gate) -> Plan:
    """The plan without the costly checks that cannot start, whatever the cluster is like."""
    if gate is Gate.NONE:
        return plan
    return replace(plan, phases=tuple(_foreseen(plan, phase) for phase in plan.phases))


def _foreseen(plan: Plan, phase: PhasePlan) -> PhasePlan:
    known = [refused(check) for check in below(plan, phase) if check.refusal]
    words = hindrance(known, 0.0)
    if not words:
        return phase

    def held_back(check: PlannedCheck) -> PlannedCheck:
        waits = cost_in_plan(check) and not check.refusal
        return check.left_out(words, SkipCode.GATED) if waits else check

    return replace(phase, checks=tuple(map(held_back, phase.checks)))

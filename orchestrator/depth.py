"""`--depth fast`: a run that only looks, and makes nothing but Jobs and identities.

A check that cannot judge without workloads of its own is left out. The others keep their rights to
read and lose those to write, so that the API server holds them to it.
"""

from dataclasses import replace

from helper.check import SkipCode
from helper.depth import Depth
from orchestrator.catalog import Workloads
from orchestrator.errors import UsageError
from orchestrator.outcome import LEFT_OUT
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.rights import read_only

WHY = "left out by --depth fast: it cannot judge without workloads of its own; see --depth full"


def limit(plan: Plan, depth: Depth) -> Plan:
    """Hold a plan to a depth; UsageError when nothing of it is left."""
    if depth is Depth.FULL:
        return plan
    phases = tuple(
        replace(phase, checks=tuple(map(_limited, phase.checks))) for phase in plan.phases
    )
    limited = replace(plan, phases=phases)
    if plan.checks and all(check.skip in LEFT_OUT for check in limited.checks):
        names = ", ".join(check.name for check in limited.checks if check.skip is SkipCode.DEPTH)
        raise UsageError(
            f"--depth fast leaves out {names or 'nothing more'}, so that nothing would be tested: "
            "each makes workloads of its own; give --depth full, or choose other checks"
        )
    return limited


def _limited(check: PlannedCheck) -> PlannedCheck:
    if check.skip or check.entry is None:
        return check
    if check.entry.makes is Workloads.ALWAYS:
        return check.left_out(WHY, SkipCode.DEPTH)
    return looking(check)


def looking(check: PlannedCheck) -> PlannedCheck:
    """The check as one that may only read: it takes no GPUs, and by its depth no lock."""
    return replace(check, depth=Depth.FAST, grants=read_only(check.grants), needs=None)

"""Which checks can run as a process here, by what their catalog entries declare."""

from dataclasses import replace

from helper.check import SkipCode
from helper.models import PHASES
from orchestrator.catalog import Entry, Workloads
from orchestrator.depth import looking
from orchestrator.errors import UsageError
from orchestrator.images import BUILT_IN, LATEST
from orchestrator.plan import PhasePlan, Plan, PlannedCheck

# What our images hold is installed beside this program, as `images.<phase>`.
PACKAGES = {f"{BUILT_IN}validator-{phase}{LATEST}": f"images.{phase}" for phase in PHASES}


def restrict(plan: Plan) -> Plan:
    """The plan without images, at depth fast, and with a refusal at each check that needs more."""
    if any(check.grants.account or check.grants.cluster_role for check in plan.checks):
        raise UsageError("checks that run as processes have their caller's rights and no others")
    return replace(plan, phases=tuple(map(_phase, plan.phases)))


def objection(entry: Entry) -> str:
    """Why a check cannot run as a process; empty when it can."""
    if entry.image not in PACKAGES:
        return f"its image {entry.image} is not one that this program holds itself"
    if entry.dependency_affinity:
        near = ", ".join(item.component_ref for item in entry.dependency_affinity)
        return f"it talks to pods of {near} inside the cluster's network"
    if entry.makes is Workloads.ALWAYS:
        return "it makes workloads of its own, or writes"
    return ""


def _phase(phase: PhasePlan) -> PhasePlan:
    return replace(phase, checks=tuple(map(_check, phase.checks)))


def _check(planned: PlannedCheck) -> PlannedCheck:
    if planned.refusal or planned.entry is None:
        return replace(planned, image="", pull_policy="")
    why = objection(planned.entry)
    if why:
        words = f"cannot run as a local process: {why}; run it as a Job, with --executor job"
        return planned.left_out(words, SkipCode.PRECONDITION)
    return looking(replace(planned, image="", pull_policy="", near=()))

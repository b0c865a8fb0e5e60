"""Which checks can run as a process here, by what their catalog entries declare."""

from dataclasses import replace

from helper.check import SkipCode
from helper.models import PHASES
from orchestrator.catalog import Entry, Rule
from orchestrator.errors import UsageError
from orchestrator.images import BUILT_IN, LATEST
from orchestrator.plan import PhasePlan, Plan, PlannedCheck

# What our images hold is installed beside this program, as `images.<phase>`.
PACKAGES = {f"{BUILT_IN}validator-{phase}{LATEST}": f"images.{phase}" for phase in PHASES}
READING = frozenset({"get", "list", "watch"})
ACTING = frozenset({"attach", "exec", "portforward"})  # to get one of these is to act
REVIEWS = "authorization.k8s.io"  # what is created there is a question, and not kept


def restrict(plan: Plan) -> Plan:
    """The plan without images, and with a refusal at each check that needs the cluster's help."""
    if any(check.grants.account or check.grants.cluster_role for check in plan.checks):
        raise UsageError("checks that run as processes have their caller's rights and no others")
    return replace(plan, phases=tuple(map(_phase, plan.phases)))


def objection(entry: Entry) -> str:
    """Why a check cannot run as a process; empty when it can."""
    if entry.image not in PACKAGES:
        return f"its image {entry.image} is not one that this program holds itself"
    if entry.needs:
        return "it takes GPUs, for workloads of its own"
    if entry.dependency_affinity:
        near = ", ".join(item.component_ref for item in entry.dependency_affinity)
        return f"it talks to pods of {near} inside the cluster's network"
    acts = [what for rule in entry.rbac if (what := _act(rule))]
    return f"it does not only read: it may {acts[0]}" if acts else ""


def _phase(phase: PhasePlan) -> PhasePlan:
    return replace(phase, checks=tuple(map(_check, phase.checks)))


def _check(planned: PlannedCheck) -> PlannedCheck:
    without_image = replace(planned, image="", pull_policy="", near=())
    if planned.refusal or planned.entry is None:
        return without_image
    why = objection(planned.entry)
    if not why:
        return without_image
    words = f"cannot run as a local process: {why}; run it as a Job, with --executor job"
    return replace(without_image, refusal=words, skip=SkipCode.PRECONDITION)


def _act(rule: Rule) -> str:
    """What a rule allows beyond reading; empty for nothing."""
    if rule.derive or (set(rule.verbs) <= {"create"} and set(rule.api_groups) == {REVIEWS}):
        return ""
    verbs = [verb for verb in rule.verbs if verb not in READING]
    acting = [item for item in rule.resources if item.partition("/")[2] in ACTING]
    if not verbs and not acting:
        return ""
    return f"{(verbs or rule.verbs)[0]} {(acting or rule.resources)[0]}"

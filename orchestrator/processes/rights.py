"""Which checks the caller's own rights are enough for, asked before the first one starts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from helper.check import SkipCode
from helper.errors import Forbidden
from helper.kinds import NAMESPACES, NODES, Resource
from helper.kube import Kube
from orchestrator.errors import PermissionsError
from orchestrator.plan import PhasePlan, Plan, PlannedCheck

PARALLEL = 8
ADVICE = "aicr-orch rbac print --executor process --caller prints a role with all of them"
# A snapshot that the run takes itself reads these, beside what `rbac print` adds.
SNAPSHOT = (
    {"apiGroups": [""], "resources": [NODES.plural], "verbs": ["list"]},
    {
        "apiGroups": [""],
        "resources": [NAMESPACES.plural],
        "verbs": ["get"],
        "resourceNames": ["kube-system"],
    },
)


@dataclass(frozen=True)
class Right:
    """One verb on one resource; without a name on all objects, without a namespace everywhere."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f"{what} {self.name}" if self.name else what
        return f"{self.verb} {named} in {self.namespace or 'the whole cluster'}"


def admit(kube: Kube, plan: Plan) -> Plan:
    """Skip the checks that the caller lacks a right for; PermissionsError when none is left."""
    running = [check for check in plan.checks if not check.refusal]
    wanted = {check.object_name: tuple(declared(check)) for check in running}
    lacking = _lacking(kube, {right for rights in wanted.values() for right in rights})
    missing = {key: [item for item in rights if item in lacking] for key, rights in wanted.items()}
    if running and all(missing.values()):
        lines = "".join(f"\n  {right}" for right in sorted(map(str, lacking)))
        raise PermissionsError(
            f"{len(lacking)} rights are missing, so that not one check can run; {ADVICE}:{lines}"
        )
    return replace(plan, phases=tuple(_admitted(phase, missing) for phase in plan.phases))


def rules(plan: Plan) -> Sequence[dict[str, Any]]:
    """All that the checks of a plan may do, as rules of one role."""
    found: list[dict[str, Any]] = list(SNAPSHOT)
    for check in plan.checks:
        if not check.refusal:
            local = [rule for rules in check.grants.by_namespace.values() for rule in rules]
            found += [rule for rule in (*check.grants.cluster, *local) if rule not in found]
    return found


def declared(check: PlannedCheck) -> Iterator[Right]:
    """What a check does, one right after another."""
    places = {"": check.grants.cluster, **check.grants.by_namespace}
    for namespace, granted in places.items():
        for rule in granted:
            yield from _of_rule(rule, namespace)


def _of_rule(rule: Mapping[str, Any], namespace: str) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames") or [""]:
                    yield Right(verb, group, resource, namespace, name)


def _lacking(kube: Kube, rights: Iterable[Right]) -> frozenset[Right]:
    """Ask for all objects of a kind first: who may read all of them may read each."""
    rights = sorted(rights, key=str)
    general = {replace(right, name="") for right in rights}
    with ThreadPoolExecutor(PARALLEL) as pool:
        asked = sorted(general, key=str)
        held = dict(zip(asked, pool.map(lambda right: _holds(kube, right), asked), strict=True))
        named = [right for right in rights if right.name and not held[replace(right, name="")]]
        answers = pool.map(lambda right: _holds(kube, right), named)
        held |= dict(zip(named, answers, strict=True))
    return frozenset(
        right for right in rights if not (held[replace(right, name="")] or held.get(right))
    )


def _holds(kube: Kube, right: Right) -> bool:
    """Ask for one right; who may not even ask cannot be taken to hold it."""
    plural, _, subresource = right.resource.partition("/")
    resource = Resource(right.group, "", plural, "")
    namespace = right.namespace or None
    try:
        return kube.allowed(right.verb, resource, namespace, subresource, right.name)
    except Forbidden:
        return False


def _admitted(phase: PhasePlan, missing: Mapping[str, Sequence[Right]]) -> PhasePlan:
    checks = (_judged(check, missing.get(check.object_name, ())) for check in phase.checks)
    return replace(phase, checks=tuple(checks))


def _judged(check: PlannedCheck, missing: Sequence[Right]) -> PlannedCheck:
    if not missing:
        return check
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    first, *rest = map(str, missing)
    lines = "".join(f"\n  {right}" for right in rest)
    words = f"the caller may not {first}{more}; {ADVICE}{lines}"
    return replace(check, refusal=words, skip=SkipCode.PERMISSION)

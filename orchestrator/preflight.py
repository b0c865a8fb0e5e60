"""May the caller do what the run needs? Asked before anything is created.

An access review does not know the escalation rule: nobody may grant what they do not hold. A dry
run of each role does, because the server applies the same rule to it.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from helper.errors import Conflict, Forbidden, NotFound
from helper.kinds import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    EVENTS,
    JOBS,
    LEASES,
    NAMESPACES,
    NODES,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)
from helper.kube import Kube
from helper.resource import name, namespace, text
from orchestrator import manifests, release
from orchestrator.capacity import RESOURCE_CLAIMS
from orchestrator.converging import WORKLOADS
from orchestrator.errors import PermissionsError
from orchestrator.forwarding import wants_token
from orchestrator.manifests import RunContext
from orchestrator.plan import Plan
from orchestrator.snapshot.read import RESOURCE_SLICES
from orchestrator.sweep import SWEPT, Place

PARALLEL = 8
MADE = ("create", "delete", "list")  # found again by label at the end, hence list
SHOWN = 40


@dataclass(frozen=True)
class Need:
    """One right that the caller needs; without a namespace it is needed in the whole cluster."""

    verb: str
    resource: Resource
    namespace: str | None = None
    subresource: str = ""

    def __str__(self) -> str:
        what = (
            f"{self.resource.title}/{self.subresource}" if self.subresource else self.resource.title
        )
        return f"{self.verb} {what} in {self.namespace or 'the whole cluster'}"


def needs(plan: Plan, *, token: bool = False) -> Sequence[Need]:
    """What a run does under the caller's own identity; `token`: with a Secret for a check."""
    home = plan.namespace
    found = [
        Need("get", NAMESPACES),
        Need("list", NODES),
        *(Need(verb, CONFIG_MAPS, home) for verb in (*MADE, "watch")),
        *(Need(verb, SERVICE_ACCOUNTS, home) for verb in _account_verbs(plan)),
        *(Need(verb, JOBS, home) for verb in (*MADE, "watch")),
        *(Need(verb, PODS, home) for verb in ("list", "watch", "delete")),
        Need("get", PODS, home, "log"),
        Need("list", EVENTS, home),
        Need("list", LEASES, home),  # of a run that is to go on
    ]
    if any(planned.needs for planned in plan.checks):
        found += [Need("list", item) for item in (PODS, RESOURCE_SLICES[0], RESOURCE_CLAIMS[0])]
    started = {place for planned in plan.checks for place in release.places(planned, home)}
    for place in sorted(started, key=str):
        found += [Need("list", item, place) for item in (PODS, RESOURCE_CLAIMS[0])]
    if token:
        found += [Need(verb, SECRETS, home) for verb in MADE]
    if any(planned.locks for planned in plan.checks):
        found += [Need(verb, LEASES, home) for verb in ("get", "create", "update", "delete")]
    if any(planned.grants.cluster for planned in plan.checks):
        found += [Need(verb, CLUSTER_ROLES) for verb in MADE]
    if any(planned.grants.cluster or planned.grants.cluster_role for planned in plan.checks):
        found += [Need(verb, CLUSTER_ROLE_BINDINGS) for verb in MADE]
    inside = {target for planned in plan.checks for target in planned.grants.by_namespace}
    found += [
        Need(verb, kind, target)
        for target in sorted(inside)
        for kind in (ROLES, ROLE_BINDINGS)
        for verb in MADE
    ]
    return found


def places(plan: Plan) -> Iterable[Place]:
    """Where a run makes objects, for each of which its caller must be able to look."""
    return {
        (need.resource, need.namespace)
        for need in needs(plan, token=wants_token(plan))
        if need.verb == "list" and need.resource in SWEPT
    }


def needs_to_wait(places: Iterable[str]) -> Sequence[Need]:
    """What a caller does who waits until these namespaces and all nodes have settled."""
    kinds = (*WORKLOADS.values(), PODS)
    return [
        Need("list", NODES),
        Need("list", RESOURCE_SLICES[0]),
        *(Need("list", kind, place) for place in places for kind in kinds),
    ]


def check_wait(kube: Kube, places: Iterable[str]) -> None:
    """Raise PermissionsError with all that is missing for the wait; it would be in vain."""
    asked = needs_to_wait(places)
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda need: _holds(kube, need), asked))
    missing = [str(need) for need, holds in zip(asked, answers, strict=True) if not holds]
    if missing:
        raise PermissionsError(
            f"{len(missing)} rights to wait for the cluster are missing; leave out --wait-ready, "
            f"or see `aicr-orch rbac print --caller --wait-ready`:{_lines(missing)}"
        )


def check(kube: Kube, plan: Plan, context: RunContext) -> None:
    """Raise PermissionsError with everything that is missing; creates nothing."""
    home = plan.namespace
    asked = list(needs(plan, token=bool(context.forwarded.token)))
    if not _exists(kube, home):
        asked.append(Need("create", NAMESPACES))
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda need: _holds(kube, need), asked))
        missing = [str(need) for need, holds in zip(asked, answers, strict=True) if not holds]
        refused = [
            text
            for text in pool.map(lambda role: _refusal(kube, role), _roles(plan, context))
            if text
        ]
    found = [*missing, *refused, *_missing_accounts(kube, plan)]
    if found:
        raise PermissionsError(
            f"{len(found)} rights are missing, nothing was created; "
            f"`aicr-orch rbac print --caller` prints a role that has them all:{_lines(found)}"
        )


def caller_rules(plan: Plan) -> Sequence[dict[str, Any]]:
    """Rules that let a caller do this run: its own needs, and all that it hands on to checks."""
    own: dict[tuple[str, str], set[str]] = {}
    for need in [*needs(plan, token=wants_token(plan)), Need("create", NAMESPACES)]:
        plural = need.resource.plural + (f"/{need.subresource}" if need.subresource else "")
        own.setdefault((need.resource.group, plural), set()).add(need.verb)
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": [plural], "verbs": sorted(verbs)}
        for (group, plural), verbs in sorted(own.items())
    ]
    bound = sorted({item.grants.cluster_role for item in plan.checks if item.grants.cluster_role})
    if bound:
        group, plural = CLUSTER_ROLES.group, CLUSTER_ROLES.plural
        rule = {"apiGroups": [group], "resources": [plural], "verbs": ["bind"]}
        rules.append({**rule, "resourceNames": bound})
    for planned in plan.checks:
        handed_on = [rule for local in planned.grants.by_namespace.values() for rule in local]
        rules += [rule for rule in (*planned.grants.cluster, *handed_on) if rule not in rules]
    return rules


def _lines(found: Sequence[str]) -> str:
    lines = "".join(f"\n  {item}" for item in found[:SHOWN])
    return lines + (f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else "")


def _account_verbs(plan: Plan) -> Sequence[str]:
    """What is done with accounts: nothing is made where all checks run under existing ones."""
    started = [planned for planned in plan.checks if not planned.refusal]
    return MADE if not all(planned.grants.account for planned in started) else ("get", "list")


def _missing_accounts(kube: Kube, plan: Plan) -> Iterable[str]:
    """Accounts that the operator named and that do not exist."""
    for account in sorted({item.grants.account for item in plan.checks if item.grants.account}):
        if kube.find(SERVICE_ACCOUNTS, account, plan.namespace) is None:
            yield f"ServiceAccount {account} is not in {plan.namespace}; create it, with its roles"


def _exists(kube: Kube, name_of_namespace: str) -> bool:
    try:
        return kube.find(NAMESPACES, name_of_namespace) is not None
    except Forbidden:
        return True  # the right to look is asked for anyway


def _holds(kube: Kube, need: Need) -> bool:
    """Ask for one right; who may not even ask cannot be taken to hold it."""
    try:
        return kube.allowed(need.verb, need.resource, need.namespace, need.subresource)
    except Forbidden:
        return False


def _roles(plan: Plan, context: RunContext) -> Iterable[tuple[Resource, dict[str, Any]]]:
    for planned in plan.checks:
        for resource, body in manifests.identity(context, planned):
            # A binding to a role that exists is refused by the same rule.
            binds = resource is CLUSTER_ROLE_BINDINGS and planned.grants.cluster_role
            if resource in (ROLES, CLUSTER_ROLES) or binds:
                yield resource, body


def _refusal(kube: Kube, role: tuple[Resource, dict[str, Any]]) -> str:
    """Why the server would not let the caller make a role; empty when it would."""
    resource, body = role
    try:
        kube.create(resource, body, namespace(body) or None, dry_run=True)
    except Forbidden as error:
        if error.is_for_ending:
            return ""  # the check itself will say that its namespace is ending
        given = text(body, "roleRef", "name")
        what = f"give it ClusterRole {given}" if given else "grant its rules"
        return f"make {resource.kind} {name(body)} and {what}: {error.message}"
    except (NotFound, Conflict):
        return ""  # the namespace is missing, which the check itself will say
    return ""

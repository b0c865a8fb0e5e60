"""What each check may do: the catalog's rules, made concrete by the recipe."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helper.kinds import builtin_by_kind
from helper.models import ComponentRef, ValidationInput
from orchestrator.catalog import (
    COMMANDING,
    READING,
    ComponentNamespace,
    Derive,
    Entry,
    Rule,
)

PolicyRule = dict[str, Any]

SCOPED, CLUSTER_ADMIN, EXISTING = "scoped", "cluster-admin", "existing"
MODES = (SCOPED, CLUSTER_ADMIN, EXISTING)


@dataclass(frozen=True)
class Rights:
    """How checks come by their rights; by default each has its own account and rules."""

    mode: str = SCOPED
    account: str = ""  # the ServiceAccount of mode `existing`, in the run namespace
    trust_external: bool = False  # cluster-admin for checks of --data, too


@dataclass(frozen=True)
class Grants:
    """The rights of one check; `by_namespace` maps a namespace to the rules that hold in it."""

    cluster: tuple[PolicyRule, ...] = ()
    by_namespace: dict[str, tuple[PolicyRule, ...]] = field(default_factory=dict)
    cluster_role: str = ""  # an existing ClusterRole, in the place of rules
    account: str = ""  # an existing account, in the place of one of its own


def grants(entry: Entry, recipe: ValidationInput, rights: Rights | None = None) -> Grants:
    """What a check may do; rules about components that the recipe lacks are dropped."""
    rights = rights or Rights()
    if rights.mode == EXISTING:
        return Grants(account=rights.account)
    if rights.mode == CLUSTER_ADMIN and (rights.trust_external or not entry.is_external):
        return Grants(cluster_role=CLUSTER_ADMIN)
    return _scoped(entry, recipe)


def read_only(given: Grants) -> Grants:
    """The part of some rights that changes nothing; rights that are not rules stay as they are."""
    local = {place: _reading(rules) for place, rules in given.by_namespace.items()}
    return replace(
        given,
        cluster=_reading(given.cluster),
        by_namespace={place: rules for place, rules in local.items() if rules},
    )


def _reading(rules: Iterable[PolicyRule]) -> tuple[PolicyRule, ...]:
    cut = (
        {
            **rule,
            "resources": [item for item in rule["resources"] if item not in COMMANDING],
            "verbs": [item for item in rule["verbs"] if item in READING],
        }
        for rule in rules
    )
    return tuple(rule for rule in cut if rule["resources"] and rule["verbs"])


def _scoped(entry: Entry, recipe: ValidationInput) -> Grants:
    cluster: list[PolicyRule] = []
    local: dict[str, list[PolicyRule]] = {}
    for rule in entry.rbac:
        for namespace, concrete in _resolve(rule, recipe):
            target = cluster if namespace is None else local.setdefault(namespace, [])
            if concrete not in target:
                target.append(concrete)
    return Grants(
        tuple(cluster), {namespace: tuple(rules) for namespace, rules in sorted(local.items())}
    )


def _resolve(rule: Rule, recipe: ValidationInput) -> Iterable[tuple[str | None, PolicyRule]]:
    if rule.derive:
        return _derived(rule.derive, recipe)
    concrete: PolicyRule = {
        "apiGroups": list(rule.api_groups),
        "resources": list(rule.resources),
        "verbs": list(rule.verbs),
    }
    if rule.resource_names:
        concrete["resourceNames"] = list(rule.resource_names)
    if rule.namespace is None:
        return [(None, concrete)]
    if isinstance(rule.namespace, ComponentNamespace):
        ref = recipe.enabled(rule.namespace.component)
        return [(ref.namespace, concrete)] if ref and ref.namespace else []
    return [(rule.namespace, concrete)]


def _derived(derive: Derive, recipe: ValidationInput) -> Iterable[tuple[str | None, PolicyRule]]:
    enabled = [ref for ref in recipe.component_refs if ref.enabled]
    if derive is Derive.COMPONENT_NAMESPACES:
        return _namespaces(enabled)
    if derive is Derive.EXPECTED_RESOURCES:
        return _expected_resources(enabled)
    return []  # health check files are not read by any check of this version


def _namespaces(enabled: Sequence[ComponentRef]) -> Iterable[tuple[None, PolicyRule]]:
    own = {ref.namespace for ref in enabled}
    expected = {item.namespace for ref in enabled for item in ref.expected_resources}
    names = sorted((own | expected) - {""})
    if names:
        yield (
            None,
            {
                "apiGroups": [""],
                "resources": ["namespaces"],
                "verbs": ["get"],
                "resourceNames": names,
            },
        )


def _expected_resources(
    enabled: Iterable[ComponentRef],
) -> Iterable[tuple[str | None, PolicyRule]]:
    names: dict[tuple[str | None, str, str], set[str]] = {}
    for ref in enabled:
        for expected in ref.expected_resources:
            kind = builtin_by_kind(expected.kind)
            if kind is None:
                continue  # the check says that it cannot look at such a kind
            namespace = (expected.namespace or ref.namespace) if kind.namespaced else None
            if namespace == "":
                continue  # likewise for an object that could be anywhere
            names.setdefault((namespace, kind.group, kind.plural), set()).add(expected.name)
    for (namespace, group, plural), found in sorted(
        names.items(), key=lambda item: (item[0][0] or "", *item[0][1:])
    ):
        rule = {"apiGroups": [group], "resources": [plural], "verbs": ["get"]}
        yield namespace, {**rule, "resourceNames": sorted(found)}

"""What checks may do, right by right."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestrator.catalog import Entry, built_in
from orchestrator.replay import Recorded
from orchestrator.rights import Grants, PolicyRule


@dataclass(frozen=True, order=True)
class Right:
    """To do one thing with one kind of object; without a namespace in the whole cluster."""

    verb: str
    plural: str
    group: str
    namespace: str = ""

    def __str__(self) -> str:
        what = ".".join(filter(None, (self.plural, self.group)))
        return f"{self.verb} {what}" + (f" in {self.namespace}" if self.namespace else "")


def available() -> list[Entry]:
    """The checks that this version has."""
    return [entry for entry in built_in().validators if entry.available]


def declared(given: Grants) -> list[Right]:
    """All rights of a check one by one."""
    places = {"": given.cluster, **given.by_namespace}
    return [
        Right(verb, plural, group, namespace)
        for namespace, rules in places.items()
        for rule in rules
        for group in rule["apiGroups"]
        for plural in rule["resources"]
        for verb in rule["verbs"]
    ]


def without(given: Grants, right: Right) -> Grants:
    """All rights of a check but one."""

    def rest(rules: Iterable[PolicyRule]) -> tuple[PolicyRule, ...]:
        return tuple(
            {**rule, "resources": [plural]}
            for rule in rules
            for plural in rule["resources"]
            if not (
                plural == right.plural
                and rule["apiGroups"] == [right.group]
                and rule["verbs"] == [right.verb]
            )
        )

    if not right.namespace:
        return replace(given, cluster=rest(given.cluster))
    local = {**given.by_namespace, right.namespace: rest(given.by_namespace[right.namespace])}
    return replace(given, by_namespace={key: rules for key, rules in local.items() if rules})


def used(requests: Iterable[Recorded], given: Grants) -> set[Right]:
    """The rights that requests needed; one in the whole cluster stands for all namespaces."""
    everywhere = {right for right in declared(given) if not right.namespace}
    found = set()
    for request in requests:
        action = request.action
        if action.resource:
            right = Right(action.verb, action.title, action.group, action.namespace)
            wide = replace(right, namespace="")
            found.add(wide if wide in everywhere else right)
    return found

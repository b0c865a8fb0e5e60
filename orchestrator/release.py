"""What a check has started and still holds: its locks are for the next one only without that."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from helper import contract
from helper.kinds import PODS
from helper.kube import Kube
from helper.pod_states import OVER
from helper.resource import Json, is_being_deleted, items, labels, name, namespace, text
from orchestrator.capacity import RESOURCE_CLAIMS, served
from orchestrator.plan import PlannedCheck

ASKED_ONLY = frozenset({"authentication.k8s.io", "authorization.k8s.io"})  # reviews leave nothing

Place = str | None  # a namespace; None for the whole cluster
Rule = Mapping[str, Any]  # as RBAC writes it


def places(planned: PlannedCheck, home: str) -> tuple[Place, ...]:
    """Where a check with locks may have started anything; nowhere without the right to create."""
    return tuple(creating(planned, home)) if planned.locks else ()


def creating(planned: PlannedCheck, home: str) -> Mapping[Place, Sequence[Rule]]:
    """The rules by which a check may make objects, by the place where they hold.

    Of one whose rights are unknown, or without bounds, those that it declares.
    """
    given = planned.grants
    if planned.refusal:
        return {}
    entry_rules = planned.entry.rbac if planned.entry else []
    declared = [rule.model_dump(by_alias=True) for rule in entry_rules]
    if given.cluster_role:
        return {None: _that_create(declared)}
    if given.account:
        return _present({home: _that_create(declared)})
    if _that_create(given.cluster):
        local = [rule for rules in given.by_namespace.values() for rule in rules]
        return {None: _that_create([*given.cluster, *local])}
    return _present({where: _that_create(rules) for where, rules in given.by_namespace.items()})


class Remains:
    """Looks for what a check has left; remembers its pods, for their claims outlive them."""

    def __init__(self, kube: Kube, run_id: str, check: str, where: Iterable[Place]) -> None:
        self._kube = kube
        self._run_id = run_id
        self._check = check
        self._places = tuple(where)
        self._uids: set[str] = set()

    def look(self) -> Sequence[str]:
        """Pods that still run or end, and claims that are still allocated; two calls a place."""
        found: list[str] = []
        for place in self._places:
            mine = f"{contract.LABEL_RUN_ID}={self._run_id}"
            pods = [pod for pod in self._kube.list(PODS, place, mine) if self._is_ours(pod)]
            self._uids |= {text(pod, "metadata", "uid") for pod in pods}
            found += [
                _title("pod", pod) for pod in pods if text(pod, "status", "phase") not in OVER
            ]
            claims = served(self._kube, RESOURCE_CLAIMS, place)
            found += [_title("claim", claim) for claim in claims if self._holds(claim)]
        return sorted(found)

    def _holds(self, claim: Json) -> bool:
        """Whether a claim has devices for this check, by its label or through a pod."""
        users = (
            *items(claim, "status", "reservedFor"),
            *items(claim, "metadata", "ownerReferences"),
        )
        is_tied = any(text(user, "uid") in self._uids for user in users)
        is_labelled = labels(claim).get(contract.LABEL_RUN_ID) == self._run_id
        is_allocated = bool(items(claim, "status", "allocation", "devices", "results"))
        return is_allocated and (is_tied or (is_labelled and self._is_ours(claim)))

    def _is_ours(self, obj: Json) -> bool:
        """What a check starts need not carry its name, only that of the run."""
        return labels(obj).get(contract.LABEL_CHECK, self._check) == self._check


def _present(found: Mapping[Place, Sequence[Rule]]) -> Mapping[Place, Sequence[Rule]]:
    return {place: rules for place, rules in found.items() if rules}


def _that_create(rules: Iterable[Rule]) -> Sequence[Rule]:
    return [
        rule
        for rule in rules
        if "create" in rule["verbs"]
        and not ASKED_ONLY.issuperset(rule["apiGroups"])
        and any("/" not in resource for resource in rule["resources"])
    ]


def _title(kind: str, obj: Json) -> str:
    ends = " (Terminating)" if is_being_deleted(obj) else ""
    return f"{kind} {namespace(obj)}/{name(obj)}{ends}"

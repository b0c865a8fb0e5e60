"""Whether a pod may and can run on one node: taints, selectors, and what is left of its room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from helper.quantity import parse_quantity
from orchestrator.replay.objects import Json, labels_of, name_of
from orchestrator.replay.selectors import expression_holds

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_NOT_READY = "node.kubernetes.io/not-ready"
_BLOCKING = frozenset({"NoSchedule", "NoExecute"})
_DEFAULT_PODS = 110


@dataclass(frozen=True)
class Obstacle:
    """Why a pod does not fit on a node."""

    reason: str
    hopeless: bool = True  # evicting other pods would not help


def objection(spec: Json, node: Json) -> Obstacle | None:
    """Give why a pod may not run on a node; the first plugin that objects speaks alone."""
    tolerations = spec.get("tolerations") or []
    cordon = {"key": _UNSCHEDULABLE, "effect": "NoSchedule"}
    if (node.get("spec") or {}).get("unschedulable") and not tolerated(cordon, tolerations):
        return Obstacle("node(s) were unschedulable")
    if any(not tolerated(taint, tolerations) for taint in _taints(node)):
        return Obstacle("node(s) had untolerated taint(s)")
    if not is_wanted(spec, node):
        return Obstacle("node(s) didn't match Pod's node affinity/selector")
    return None


def tolerated(taint: Json, tolerations: Sequence[Json]) -> bool:
    """Whether one of the tolerations covers a taint."""
    for toleration in tolerations:
        if toleration.get("effect") not in (None, "", taint.get("effect")):
            continue
        key = toleration.get("key")
        if not key and toleration.get("operator") == "Exists":
            return True
        if key != taint.get("key"):
            continue
        if toleration.get("operator", "Equal") == "Exists":
            return True
        if (toleration.get("value") or "") == (taint.get("value") or ""):
            return True
    return False


def is_wanted(spec: Json, node: Json) -> bool:
    """Whether node selector and required affinity of a pod allow a node."""
    labels = labels_of(node)
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    terms = node_terms(spec)
    return terms is None or any(term_holds(term, node) for term in terms)


def node_terms(spec: Json) -> list[Json] | None:
    """Give the terms of the required node affinity, None without one."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get(REQUIRED)
    return None if not required else required.get("nodeSelectorTerms") or []


def term_holds(term: Json, node: Json) -> bool:
    """Whether a node selector term matches; an empty one matches nothing."""
    labels, fields = labels_of(node), {"metadata.name": name_of(node)}
    by_label, by_field = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not by_label and not by_field:
        return False
    return all(expression_holds(e, labels) for e in by_label) and all(
        expression_holds(e, fields) for e in by_field
    )


def requests_of(pod: Json) -> dict[str, Decimal]:
    """Give what a pod asks for in all: its containers together, or one before them if larger."""
    total: dict[str, Decimal] = {}
    for container in pod["spec"].get("containers") or []:
        for name, amount in _asked(container).items():
            total[name] = total.get(name, Decimal(0)) + amount
    for container in pod["spec"].get("initContainers") or []:
        for name, amount in _asked(container).items():
            total[name] = max(total.get(name, Decimal(0)), amount)
    return total


def shortages(pod: Json, node: Json, running: Sequence[Json]) -> Iterator[Obstacle]:
    """Give what a node has too little of, with the pods that run in the cluster."""
    status = node.get("status") or {}
    allocatable = status.get("allocatable") or status.get("capacity") or {}
    here = [other for other in running if other["spec"]["nodeName"] == name_of(node)]
    if len(here) >= parse_quantity(allocatable.get("pods", _DEFAULT_PODS)):
        yield Obstacle("Too many pods", hopeless=False)
    used: dict[str, Decimal] = {}
    for other in here:
        for name, amount in requests_of(other).items():
            used[name] = used.get(name, Decimal(0)) + amount
    for name, amount in requests_of(pod).items():
        if amount <= 0:
            continue
        if name in ("cpu", "memory") and name not in allocatable:
            continue  # a node written by hand, without its size
        size = parse_quantity(allocatable.get(name, 0))
        if amount > size - used.get(name, Decimal(0)):
            yield Obstacle(f"Insufficient {name}", hopeless=amount > size)


def _asked(container: Json) -> dict[str, Decimal]:
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: parse_quantity(amount) for name, amount in asked.items()}


def _taints(node: Json) -> Iterator[Json]:
    taints = (node.get("spec") or {}).get("taints") or []
    yield from (
        t for t in taints if t.get("effect") in _BLOCKING and t.get("key") != _UNSCHEDULABLE
    )
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = next((c.get("status") for c in conditions if c.get("type") == "Ready"), "True")
    # The node controller taints such nodes; recordings written by hand leave that out.
    if ready != "True" and all(t.get("key") != _NOT_READY for t in taints):
        yield {"key": _NOT_READY, "effect": "NoSchedule"}

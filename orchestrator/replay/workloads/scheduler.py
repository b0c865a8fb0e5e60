"""Where a pod goes: a pure judgement over nodes and pods, with the scheduler's own words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from helper.quantity import parse_quantity
from orchestrator.replay.objects import Json, labels_of, name_of, namespace_of
from orchestrator.replay.selectors import expression_holds, matches

_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_NOT_READY = "node.kubernetes.io/not-ready"
_HOSTNAME = "kubernetes.io/hostname"
_BLOCKING = frozenset({"NoSchedule", "NoExecute"})
# pkg/scheduler/framework/preemption and plugins/defaultpreemption of v1.36
_UNHELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


@dataclass(frozen=True)
class Placement:
    """The chosen node, or in its absence why there is none."""

    node: str = ""
    message: str = ""


def place(pod: Json, nodes: Sequence[Json], pods: Sequence[Json]) -> Placement:
    """Choose a node for a pod, given all nodes and all pods of the cluster."""
    if not nodes:
        return Placement(message="no nodes available to schedule pods")
    running = [other for other in pods if _occupies(other)]
    found = {name_of(node): list(_obstacles(pod, node, nodes, running)) for node in nodes}
    fitting = [node for node in nodes if not found[name_of(node)]]
    if not fitting:
        return Placement(message=_refusal(list(found.values())))
    best = min(fitting, key=lambda node: _rank(pod, node, nodes, running))
    return Placement(node=name_of(best))


@dataclass(frozen=True)
class _Obstacle:
    reason: str
    hopeless: bool = True  # evicting other pods would not help


def _refusal(found: Sequence[Sequence[_Obstacle]]) -> str:
    total = len(found)
    hopeless = sum(any(obstacle.hopeless for obstacle in node) for node in found)
    start = f"0/{total} nodes are available:"
    counts = Counter(obstacle.reason for node in found for obstacle in node)
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    parts = []
    if total - hopeless:
        parts.append(f"{total - hopeless} {_NO_VICTIMS}")
    if hopeless:
        parts.append(f"{hopeless} {_UNHELPFUL}")
    preemption = f"no new claims to deallocate, preemption: {start} {', '.join(sorted(parts))}."
    return f"{start} {listed}. {preemption}"


def _occupies(pod: Json) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return bool((pod.get("spec") or {}).get("nodeName")) and phase not in ("Succeeded", "Failed")


def _obstacles(
    pod: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> Iterator[_Obstacle]:
    """Give why a pod does not fit on a node; the first plugin that objects speaks alone."""
    spec = pod["spec"]
    tolerations = spec.get("tolerations") or []
    node_spec = node.get("spec") or {}
    if node_spec.get("unschedulable") and not _tolerated(
        {"key": _UNSCHEDULABLE, "effect": "NoSchedule"}, tolerations
    ):
        yield _Obstacle("node(s) were unschedulable")
        return
    if any(not _tolerated(taint, tolerations) for taint in _taints(node)):
        yield _Obstacle("node(s) had untolerated taint(s)")
        return
    if not _wanted_node(spec, node):
        yield _Obstacle("node(s) didn't match Pod's node affinity/selector")
        return
    yield from _shortages(pod, node, running)
    affinity = spec.get("affinity") or {}
    if not _near(pod, affinity.get("podAffinity") or {}, node, nodes, running):
        yield _Obstacle("node(s) didn't match pod affinity rules")
    elif not _apart(pod, affinity.get("podAntiAffinity") or {}, node, nodes, running):
        yield _Obstacle("node(s) didn't match pod anti-affinity rules")


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


def _tolerated(taint: Json, tolerations: Sequence[Json]) -> bool:
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


def _wanted_node(spec: Json, node: Json) -> bool:
    labels = labels_of(node)
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(_term_holds(term, node) for term in required.get("nodeSelectorTerms") or [])


def _term_holds(term: Json, node: Json) -> bool:
    labels, fields = labels_of(node), {"metadata.name": name_of(node)}
    by_label, by_field = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not by_label and not by_field:
        return False
    return all(expression_holds(e, labels) for e in by_label) and all(
        expression_holds(e, fields) for e in by_field
    )


def requests_of(pod: Json) -> dict[str, Decimal]:
    """Give what a pod asks for in all."""
    total: dict[str, Decimal] = {}
    for container in pod["spec"].get("containers") or []:
        resources = container.get("resources") or {}
        asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for name, amount in asked.items():
            total[name] = total.get(name, Decimal(0)) + parse_quantity(amount)
    return total


def _shortages(pod: Json, node: Json, running: Sequence[Json]) -> Iterator[_Obstacle]:
    status = node.get("status") or {}
    allocatable = status.get("allocatable") or status.get("capacity") or {}
    here = [other for other in running if other["spec"]["nodeName"] == name_of(node)]
    if len(here) >= parse_quantity(allocatable.get("pods", 110)):
        yield _Obstacle("Too many pods", hopeless=False)
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
            yield _Obstacle(f"Insufficient {name}", hopeless=amount > size)


def _near(
    pod: Json, affinity: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> bool:
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    return all(_neighbours(pod, term, node, nodes, running) for term in required)


def _apart(
    pod: Json, affinity: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> bool:
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    return not any(_neighbours(pod, term, node, nodes, running) for term in required)


def _neighbours(
    pod: Json, term: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> bool:
    """Whether a pod that the term selects runs in the node's topology domain."""
    key = term.get("topologyKey", _HOSTNAME)
    domain = _domain(node, key)
    if domain is None:
        return False
    inside = {name_of(other) for other in nodes if _domain(other, key) == domain}
    namespaces = term.get("namespaces") or [namespace_of(pod)]
    return any(
        other["spec"]["nodeName"] in inside
        and namespace_of(other) in namespaces
        and matches(term.get("labelSelector"), labels_of(other))
        for other in running
    )


def _domain(node: Json, key: str) -> str | None:
    value = labels_of(node).get(key)
    return value or (name_of(node) if key == _HOSTNAME else None)


def _rank(
    pod: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> tuple[int, int, str]:
    """Sort key of fitting nodes: preferences first, then the emptiest, then by name."""
    affinity = pod["spec"].get("affinity") or {}
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    score = 0
    for wish in (affinity.get("nodeAffinity") or {}).get(preferred) or []:
        score += wish["weight"] * _term_holds(wish["preference"], node)
    for wish in (affinity.get("podAffinity") or {}).get(preferred) or []:
        score += wish["weight"] * _neighbours(pod, wish["podAffinityTerm"], node, nodes, running)
    for wish in (affinity.get("podAntiAffinity") or {}).get(preferred) or []:
        score -= wish["weight"] * _neighbours(pod, wish["podAffinityTerm"], node, nodes, running)
    here = sum(other["spec"]["nodeName"] == name_of(node) for other in running)
    return -score, here, name_of(node)

"""Whether a pod may run near the pods that are there: affinity between pods."""

from collections.abc import Iterator, Sequence

from orchestrator.replay.objects import Json, labels_of, name_of, namespace_of
from orchestrator.replay.selectors import matches
from orchestrator.replay.workloads.nodefit import REQUIRED, Obstacle, term_holds

PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_HOSTNAME = "kubernetes.io/hostname"


def objection(
    pod: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> Obstacle | None:
    """Give why a pod may not run near the others on a node."""
    if not all(
        _has_neighbour(pod, term, node, nodes, running) or _begins(pod, term, node, running)
        for term in _required(pod, "podAffinity")
    ):
        return Obstacle("node(s) didn't match pod affinity rules")
    if any(
        _has_neighbour(pod, term, node, nodes, running)
        for term in _required(pod, "podAntiAffinity")
    ):
        return Obstacle("node(s) didn't match pod anti-affinity rules", hopeless=False)
    if any(
        _selects(other, term, pod) and other["spec"]["nodeName"] in _domain(node, term, nodes)
        for other in running
        for term in _required(other, "podAntiAffinity")
    ):
        return Obstacle("node(s) didn't satisfy existing pods anti-affinity rules", hopeless=False)
    return None


def score(pod: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]) -> int:
    """Give how much a pod prefers a node."""
    affinity = pod["spec"].get("affinity") or {}
    total = 0
    for wish in (affinity.get("nodeAffinity") or {}).get(PREFERRED) or []:
        total += wish["weight"] * term_holds(wish["preference"], node)
    for wish in (affinity.get("podAffinity") or {}).get(PREFERRED) or []:
        near = _has_neighbour(pod, wish["podAffinityTerm"], node, nodes, running)
        total += wish["weight"] * near
    for wish in (affinity.get("podAntiAffinity") or {}).get(PREFERRED) or []:
        near = _has_neighbour(pod, wish["podAffinityTerm"], node, nodes, running)
        total -= wish["weight"] * near
    return total


def _required(pod: Json, kind: str) -> Iterator[Json]:
    affinity = ((pod.get("spec") or {}).get("affinity") or {}).get(kind) or {}
    yield from affinity.get(REQUIRED) or []


def _has_neighbour(
    pod: Json, term: Json, node: Json, nodes: Sequence[Json], running: Sequence[Json]
) -> bool:
    """Whether a pod that the term selects runs in the node's topology domain."""
    inside = _domain(node, term, nodes)
    return any(
        other["spec"]["nodeName"] in inside and _selects(pod, term, other) for other in running
    )


def _begins(pod: Json, term: Json, node: Json, running: Sequence[Json]) -> bool:
    """Whether a pod that wants to be near its like is the first of them."""
    if _value(node, term) is None or not _selects(pod, term, pod):
        return False
    return not any(_selects(pod, term, other) for other in running)


def _selects(pod: Json, term: Json, other: Json) -> bool:
    """Whether a term of one pod means another."""
    namespaces = term.get("namespaces") or [namespace_of(pod)]
    return namespace_of(other) in namespaces and matches(
        term.get("labelSelector"), labels_of(other)
    )


def _domain(node: Json, term: Json, nodes: Sequence[Json]) -> set[str]:
    """Give the names of the nodes in the same topology domain."""
    value = _value(node, term)
    if value is None:
        return set()
    return {name_of(other) for other in nodes if _value(other, term) == value}


def _value(node: Json, term: Json) -> str | None:
    key = term.get("topologyKey", _HOSTNAME)
    value = labels_of(node).get(key)
    return value or (name_of(node) if key == _HOSTNAME else None)

"""Where a pod goes: a pure judgement over nodes, pods and devices, in the scheduler's words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.replay.objects import Json, name_of
from orchestrator.replay.workloads import neighbours, nodefit
from orchestrator.replay.workloads.allocation import ClaimError, Inventory
from orchestrator.replay.workloads.devices import results_of
from orchestrator.replay.workloads.nodefit import Obstacle

# pkg/scheduler/framework/preemption and plugins/defaultpreemption of v1.36
_UNHELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"
_NO_CLAIMS = "no new claims to deallocate"
_CLAIMS_STAY = "still not schedulable"
_NOT_NAMED = Obstacle("node(s) didn't satisfy plugin(s) [NodeAffinity]")
_CANNOT_ALLOCATE = Obstacle("cannot allocate all claims")
_ELSEWHERE = Obstacle("resourceclaim not available on the node")


@dataclass(frozen=True)
class Placement:
    """The chosen node and what the claims get there, or in its absence why there is none."""

    node: str = ""
    message: str = ""
    allocations: Sequence[Json | None] = ()  # for each claim; None for one that has its devices


@dataclass(frozen=True)
class Surroundings:
    """What a pod is placed into."""

    nodes: Sequence[Json]
    running: Sequence[Json]
    inventory: Inventory
    claims: Sequence[Json] = ()  # of the pod

    @property
    def unallocated(self) -> list[Json]:
        """The claims that have no devices yet."""
        return [claim for claim in self.claims if not results_of(claim)]


def place(
    pod: Json,
    nodes: Sequence[Json],
    pods: Sequence[Json],
    claims: Sequence[Json] = (),
    inventory: Inventory | None = None,
) -> Placement:
    """Choose a node for a pod, given all nodes and all pods of the cluster, and its claims."""
    if not nodes:
        return Placement(message="no nodes available to schedule pods")
    inventory = inventory or Inventory([], {}, [])
    running = [other for other in pods if _occupies(other)]
    around = Surroundings(nodes, running, inventory, claims)
    try:
        inventory.check(around.unallocated)
        found = {name_of(node): list(_obstacles(pod, node, around)) for node in nodes}
    except ClaimError as error:
        return Placement(message=_hopeless(len(nodes), str(error)))
    fitting = [node for node in nodes if not found[name_of(node)]]
    if not fitting:
        return Placement(message=refusal(list(found.values()), with_claims=bool(claims)))
    best = min(fitting, key=lambda node: _rank(pod, node, around))
    given = iter(inventory.allocate(around.unallocated, best) or [])
    allocations = [None if results_of(claim) else next(given) for claim in claims]
    return Placement(node=name_of(best), allocations=allocations)


def refusal(found: Sequence[Sequence[Obstacle]], *, with_claims: bool = False) -> str:
    """Say why a pod fits on none of the nodes, by the obstacles on each."""
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
    first = _CLAIMS_STAY if with_claims else _NO_CLAIMS
    return f"{start} {listed}. {first}, preemption: {start} {', '.join(sorted(parts))}."


def _hopeless(total: int, why: str) -> str:
    """Say why a pod fits nowhere for a reason that no node has to do with."""
    start = f"0/{total} nodes are available:"
    return f"{start} {why}. {_NO_CLAIMS}, preemption: {start} {total} {_UNHELPFUL}."


def _occupies(pod: Json) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return bool((pod.get("spec") or {}).get("nodeName")) and phase not in ("Succeeded", "Failed")


def _obstacles(pod: Json, node: Json, around: Surroundings) -> Iterator[Obstacle]:
    """Give why a pod does not fit on a node; the first plugin that objects speaks alone."""
    spec = pod["spec"]
    if name_of(node) not in _named(spec, around.nodes):
        yield _NOT_NAMED
        return
    if objection := nodefit.objection(spec, node):
        yield objection
        return
    short = list(nodefit.shortages(pod, node, around.running))
    yield from short
    if short:
        return
    if objection := neighbours.objection(pod, node, around.nodes, around.running):
        yield objection
    elif not all(_is_reachable(claim, node) for claim in around.claims):
        yield _ELSEWHERE
    elif around.unallocated and around.inventory.allocate(around.unallocated, node) is None:
        yield _CANNOT_ALLOCATE


def _named(spec: Json, nodes: Sequence[Json]) -> set[str]:
    """Give the nodes that a pod is pinned to by name; all of them without that."""
    everywhere = {name_of(node) for node in nodes}
    named: set[str] = set()
    for term in nodefit.node_terms(spec) or [{}]:
        own = [
            set(field.get("values") or [])
            for field in term.get("matchFields") or []
            if (field.get("key"), field.get("operator")) == ("metadata.name", "In")
        ]
        if not own:
            return everywhere
        named |= set.intersection(*own)
    return named


def _is_reachable(claim: Json, node: Json) -> bool:
    """Whether the devices that a claim has already can be used on a node."""
    allocation = (claim.get("status") or {}).get("allocation") or {}
    selector = allocation.get("nodeSelector")
    if not selector:
        return True
    return any(nodefit.term_holds(term, node) for term in selector.get("nodeSelectorTerms") or [])


def _rank(pod: Json, node: Json, around: Surroundings) -> tuple[int, int, str]:
    """Sort key of fitting nodes: preferences first, then the emptiest, then by name."""
    score = neighbours.score(pod, node, around.nodes, around.running)
    here = sum(other["spec"]["nodeName"] == name_of(node) for other in around.running)
    return -score, here, name_of(node)

"""The whole GPUs of each node, and who holds them now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from helper import contract
from helper.errors import NotFound
from helper.findings import some
from helper.kinds import NODES, PODS, Resource
from helper.kube import Kube
from helper.nodes import GPU, gpu_nodes, judged, left_out, parse_node
from helper.pod_states import OVER
from helper.quantity import parse_quantity
from helper.resource import (
    Json,
    is_being_deleted,
    items,
    labels,
    name,
    namespace,
    number,
    part,
    text,
)
from orchestrator.snapshot.read import GPU_DRIVER, RESOURCE_SLICES

RESOURCE_CLAIMS = tuple(
    Resource("resource.k8s.io", item.version, "resourceclaims", "ResourceClaim")
    for item in RESOURCE_SLICES
)

Device = tuple[str, str]  # pool and name


@dataclass(frozen=True)
class Held:
    """GPUs of a node that one pod or claim holds."""

    by: str
    gpus: int
    leaving: str = ""  # why they will soon be free; empty where nothing says so


@dataclass(frozen=True)
class Room:
    """The whole GPUs of one node that can be judged."""

    node: str
    total: int
    held: tuple[Held, ...] = ()

    @property
    def free(self) -> int:
        """How many nobody holds."""
        return max(0, self.total - sum(item.gpus for item in self.held))

    @property
    def soon_free(self) -> int:
        """How many nobody will hold when those have left who are about to."""
        return max(0, self.total - sum(item.gpus for item in self.held if not item.leaving))


@dataclass(frozen=True)
class Capacity:
    """The GPUs of nodes, as far as anybody can judge them now."""

    rooms: Sequence[Room]
    left_out: Mapping[str, str] = field(default_factory=dict)  # GPU nodes not judged, and why


def look(kube: Kube, selector: Mapping[str, str] | None = None) -> Capacity:
    """The GPUs of all nodes that a selector fits, whoever hands them out; KubeError if unseen."""
    nodes = kube.list(NODES, labels=",".join(f"{k}={v}" for k, v in (selector or {}).items()))
    slices, claims = served(kube, RESOURCE_SLICES), served(kube, RESOURCE_CLAIMS)
    # Pods last: then one that a claim names and that is not among them is gone, not new.
    found = rooms(nodes, kube.list(PODS), slices, claims)
    offering = frozenset(node_name for _, node_name in _devices(slices))
    return Capacity(found, left_out(gpu_nodes(map(parse_node, nodes), offering)))


def served(kube: Kube, versions: Iterable[Resource], where: str | None = None) -> Sequence[Json]:
    """All objects in the newest version that is served; none where there is none."""
    for resource in versions:
        try:
            return kube.list(resource, where)
        except NotFound:
            continue
    return []


def rooms(
    nodes: Iterable[Json],
    pods: Sequence[Json],
    slices: Sequence[Json],
    claims: Sequence[Json],
) -> Sequence[Room]:
    """Count GPUs and who holds them; a node that cannot be judged has none for us."""
    devices = dict(_devices(slices))
    offered = Counter(devices.values())
    held: dict[str, list[Held]] = defaultdict(list)
    for node_name, item in (*_by_pods(pods, claims), *_by_claims(devices, claims, pods)):
        held[node_name].append(item)
    found = []
    for node in judged(map(parse_node, nodes)):
        # One GPU may be offered in both ways; either use of it counts.
        total = max(node.devices.get(GPU, 0), offered[node.name])
        if total:
            found.append(Room(node.name, total, tuple(held[node.name])))
    return found


def _by_pods(pods: Iterable[Json], claims: Iterable[Json]) -> Iterator[tuple[str, Held]]:
    """What pods hold through their requests; a claim that backs one is counted as the claim."""
    allocated = {(namespace(claim), name(claim)) for claim in claims if gpus_of(claim)}
    for pod in pods:
        backed_by = text(pod, "status", "extendedResourceClaimStatus", "resourceClaimName")
        count = _requested(pod)
        if _is_over(pod) or not count or (namespace(pod), backed_by) in allocated:
            continue
        held = Held(f"pod {namespace(pod)}/{name(pod)}", count, _leaving(pod))
        yield text(pod, "spec", "nodeName"), held


def _by_claims(
    devices: Mapping[Device, str], claims: Iterable[Json], pods: Iterable[Json]
) -> Iterator[tuple[str, Held]]:
    """What claims hold, by the nodes of their devices."""
    by_uid = {text(pod, "metadata", "uid"): pod for pod in pods}
    for claim in claims:
        keys = ((text(item, "pool"), text(item, "device")) for item in gpus_of(claim))
        for node_name, count in Counter(devices.get(key, "") for key in keys).items():
            who = f"claim {namespace(claim)}/{name(claim)}"
            users = [text(user, "name") for user in items(claim, "status", "reservedFor")]
            who += f" of {some(users, 1)}" if users else ""
            yield node_name, Held(who, count, _released(claim, by_uid))


def _leaving(pod: Json) -> str:
    """Why a pod will soon hold nothing: it is on its way out, or is a check's and so bounded."""
    if is_being_deleted(pod):
        return "Terminating"
    run_id = labels(pod).get(contract.LABEL_RUN_ID)
    return f"of run {run_id}" if run_id else ""


def _released(claim: Json, by_uid: Mapping[str, Json]) -> str:
    """Why a claim will soon hold nothing: nobody uses it any more, or only who is leaving."""
    if is_being_deleted(claim):
        return "being deleted"
    reasons = []
    for consumer in items(claim, "status", "reservedFor"):
        pod = by_uid.get(text(consumer, "uid"))
        reason = "its pod is gone" if pod is None or _is_over(pod) else _leaving(pod)
        if text(consumer, "resource") != "pods" or not reason:
            return ""
        reasons.append(reason)
    return reasons[0] if reasons else "no longer reserved"


def _is_over(pod: Json) -> bool:
    return text(pod, "status", "phase") in OVER


def _requested(pod: Json) -> int:
    """As the scheduler counts: all containers together, or the largest that runs before them."""
    together = sum(_gpus(container) for container in items(pod, "spec", "containers"))
    before = [_gpus(container) for container in items(pod, "spec", "initContainers")]
    return max([together, *before])


def _gpus(container: Json) -> int:
    given = part(container, "resources", "limits").get(GPU, 0)  # equal to its request, always
    try:
        return int(parse_quantity(given))
    except (ValueError, TypeError):
        return 0


def _devices(slices: Sequence[Json]) -> Iterator[tuple[Device, str]]:
    """GPUs that a DRA driver offers now, each with its node."""
    parts = (part(item, "spec") for item in slices)
    specs = [spec for spec in parts if text(spec, "driver") == GPU_DRIVER]
    newest: dict[str, int] = {}
    for spec in specs:
        pool = text(spec, "pool", "name")
        newest[pool] = max(newest.get(pool, 0), number(spec, "pool", "generation") or 0)
    for spec in specs:
        pool = text(spec, "pool", "name")
        if (number(spec, "pool", "generation") or 0) < newest[pool]:
            continue
        for device in items(spec, "devices"):
            attributes = part(device, "attributes") or part(device, "basic", "attributes")
            if text(attributes, "type", "string") == "gpu":
                yield (pool, text(device, "name")), text(spec, "nodeName")


def gpus_of(claim: Json) -> list[Json]:
    """The GPUs that a claim holds; whoever only looks on holds none."""
    return [
        result
        for result in items(claim, "status", "allocation", "devices", "results")
        if text(result, "driver") == GPU_DRIVER and not result.get("adminAccess")
    ]

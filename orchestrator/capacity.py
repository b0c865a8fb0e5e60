"""Are the GPUs free that a check needs? Asked before its Job would wait for them in vain."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from helper.errors import NotFound
from helper.kinds import NODES, PODS, Resource
from helper.kube import Kube
from helper.nodes import GPU, judged, parse_node
from helper.quantity import parse_quantity
from helper.resource import Json, items, number, part, text
from orchestrator.catalog import Needs
from orchestrator.snapshot.read import GPU_DRIVER, RESOURCE_SLICES

RESOURCE_CLAIMS = tuple(
    Resource("resource.k8s.io", item.version, "resourceclaims", "ResourceClaim")
    for item in RESOURCE_SLICES
)
SHOWN = 8

Device = tuple[str, str]  # pool and name


@dataclass(frozen=True)
class Room:
    """The whole GPUs of one node that can be judged."""

    node: str
    total: int
    used: int

    @property
    def free(self) -> int:
        """How many nobody holds."""
        return max(0, self.total - self.used)


def shortage(kube: Kube, needs: Needs | None) -> str:
    """What a check lacks now; empty when all is there. KubeError when one may not look."""
    return lacking(needs, look(kube)) if needs else ""


def look(kube: Kube) -> Sequence[Room]:
    """The GPUs of all nodes, whether a device plugin or a DRA driver hands them out."""
    nodes, pods = kube.list(NODES), kube.list(PODS)
    return rooms(nodes, pods, _served(kube, RESOURCE_SLICES), _served(kube, RESOURCE_CLAIMS))


def lacking(needs: Needs, found: Sequence[Room]) -> str:
    """Why needs cannot be met; empty when they can."""
    enough = [room for room in found if room.free >= needs.gpus]
    if len(enough) >= needs.nodes:
        return ""
    wanted = f"{needs.gpus} free GPUs on each of {needs.nodes} nodes"
    if not found:
        return f"it needs {wanted}, and no node that can be judged has a GPU"
    ordered = sorted(found, key=lambda room: (-room.free, room.node))
    told = ", ".join(f"{room.node} {room.free} of {room.total}" for room in ordered[:SHOWN])
    more = f" and {len(found) - SHOWN} more nodes" if len(found) > SHOWN else ""
    return (
        f"it needs {wanted}, and {len(enough)} have as many (free: {told}{more}); "
        "free some, or leave it out with --skip"
    )


def rooms(
    nodes: Iterable[Json], pods: Iterable[Json], slices: Iterable[Json], claims: Iterable[Json]
) -> Sequence[Room]:
    """Count GPUs and who holds them; a node that cannot be judged has none for us."""
    devices = dict(_devices(slices))
    offered, claimed = Counter(devices.values()), Counter(_holders(devices, claims))
    requested: Counter[str] = Counter()
    for pod in pods:
        if text(pod, "status", "phase") not in ("Succeeded", "Failed"):
            requested[text(pod, "spec", "nodeName")] += _requested(pod)
    found = []
    for node in judged(map(parse_node, nodes)):
        # One GPU may be offered in both ways; either use of it counts.
        total = max(node.devices.get(GPU, 0), offered[node.name])
        used = requested[node.name] + claimed[node.name]
        if total:
            found.append(Room(node.name, total, used))
    return found


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


def _devices(slices: Iterable[Json]) -> Iterator[tuple[Device, str]]:
    """GPUs that a DRA driver offers now, each with its node."""
    specs = [spec for item in slices if text(spec := part(item, "spec"), "driver") == GPU_DRIVER]
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


def _holders(devices: Mapping[Device, str], claims: Iterable[Json]) -> Iterator[str]:
    """The node of each device that a claim holds; whoever only looks on holds none."""
    for claim in claims:
        for result in items(claim, "status", "allocation", "devices", "results"):
            key = (text(result, "pool"), text(result, "device"))
            if text(result, "driver") == GPU_DRIVER and not result.get("adminAccess"):
                yield devices.get(key, "")


def _served(kube: Kube, versions: Iterable[Resource]) -> Sequence[Json]:
    """All objects in the newest version that is served; none where there is none."""
    for resource in versions:
        try:
            return kube.list(resource)
        except NotFound:
            continue
    return []

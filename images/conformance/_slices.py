"""ResourceSlices: which devices a DRA driver really offers, and on which nodes.

A pool counts only when it is complete: all slices of its newest generation are there and agree.
The device layout differs by API version: v1beta1 keeps details under `basic`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from helper.nodes import Node
from helper.resource import Json, items, name, number, part, text
from helper.scheduling import KEEPS_PODS_OFF, matches_terms

WHOLE_GPU = "gpu"  # the other types are mig and vfio, and channel and daemon of compute domains


@dataclass(frozen=True)
class Reach:
    """The nodes from which a device can be used."""

    node: str = ""
    all_nodes: bool = False
    selector: Json | None = None

    def admits(self, node: Node) -> bool:
        """Whether a node can use a device that is not local to one node."""
        return self.all_nodes or (self.selector is not None and matches_terms(self.selector, node))


@dataclass(frozen=True)
class Device:
    """One device of a slice."""

    name: str
    type: str
    is_tainted: bool
    reach: Reach


@dataclass(frozen=True)
class Slice:
    """The parts of a ResourceSlice that decide whether its devices count."""

    name: str
    driver: str
    pool: str
    generation: int
    pool_size: int  # slices that the pool consists of when complete
    node: str  # empty for slices that are not local to a node
    devices: tuple[Device, ...] = ()


def parse_slice(obj: Json) -> Slice:
    """What we need of a ResourceSlice of any served version."""
    spec = part(obj, "spec")
    driver = text(spec, "driver")
    reach = None if spec.get("perDeviceNodeSelection") is True else _reach(spec)
    return Slice(
        name=name(obj),
        driver=driver,
        pool=text(spec, "pool", "name"),
        generation=number(spec, "pool", "generation") or 0,
        pool_size=number(spec, "pool", "resourceSliceCount") or 0,
        node=text(spec, "nodeName"),
        devices=tuple(_device(item, driver, reach) for item in items(spec, "devices")),
    )


def pool_problems(slices: Iterable[Slice]) -> dict[tuple[str, str], str]:
    """The pools, by driver and name, that count for nothing, and why."""
    problems = {}
    for key, members in _pools(slices).items():
        newest = _newest(members)
        sizes = {member.pool_size for member in newest}
        names = Counter(device.name for member in newest for device in member.devices)
        generation = newest[0].generation
        if len(sizes) > 1 or min(sizes) <= 0:
            stated = ", ".join(map(str, sorted(sizes)))
            problems[key] = f"slices of generation {generation} disagree on their number: {stated}"
        elif len(newest) < min(sizes):
            problems[key] = (
                f"incomplete: {len(newest)} of {min(sizes)} slices of generation {generation}"
            )
        elif len(newest) > min(sizes):
            stated = f"but each states {min(sizes)}"
            problems[key] = f"has {len(newest)} slices of generation {generation}, {stated}"
        elif repeated := sorted(item for item, count in names.items() if count > 1):
            problems[key] = f"device names are not unique: {', '.join(repeated[:3])}"
    return problems


def current(slices: Iterable[Slice]) -> list[Slice]:
    """The slices of each pool's newest generation; all others are leftovers."""
    return [item for members in _pools(slices).values() for item in _newest(members)]


def usable_devices(
    slices: Sequence[Slice], nodes: Iterable[Node], driver: str, device_type: str = ""
) -> dict[str, int]:
    """Devices of a driver by node: untainted, in a complete pool, on a node that can be judged.

    Without a type, devices of all types count.
    """
    mine = [item for item in slices if item.driver == driver]
    broken = pool_problems(mine)
    offered = [
        device
        for key, members in _pools(mine).items()
        if key not in broken
        for member in _newest(members)
        for device in member.devices
        if not device.is_tainted and device_type in ("", device.type)
    ]
    local = Counter(device.reach.node for device in offered if device.reach.node)
    wide = [device.reach for device in offered if not device.reach.node]
    usable = {
        node.name: local[node.name] + sum(reach.admits(node) for reach in wide)
        for node in nodes
        if not node.left_out
    }
    return {node_name: count for node_name, count in usable.items() if count}


def _pools(slices: Iterable[Slice]) -> Mapping[tuple[str, str], list[Slice]]:
    pools: dict[tuple[str, str], list[Slice]] = defaultdict(list)
    for item in slices:
        pools[item.driver, item.pool].append(item)
    return pools


def _newest(members: Sequence[Slice]) -> list[Slice]:
    newest = max(member.generation for member in members)
    return [member for member in members if member.generation == newest]


def _device(obj: Json, driver: str, reach: Reach | None) -> Device:
    detail = part(obj, "basic") or obj
    attributes = part(detail, "attributes")
    kind = part(attributes, "type") or part(attributes, f"{driver}/type")
    return Device(
        name=text(obj, "name"),
        type=text(kind, "string"),
        is_tainted=_is_tainted(detail),
        reach=_reach(detail) if reach is None else reach,
    )


def _is_tainted(detail: Json) -> bool:
    """Whether a taint keeps pods from the device; one that cannot be read does."""
    taints = detail.get("taints") or []
    known = items(detail, "taints")
    readable = isinstance(taints, list) and len(known) == len(taints)
    return not readable or any(
        not text(taint, "effect") or text(taint, "effect") in KEEPS_PODS_OFF for taint in known
    )


def _reach(spec: Json) -> Reach:
    selector = part(spec, "nodeSelector")
    return Reach(
        node=text(spec, "nodeName"),
        all_nodes=spec.get("allNodes") is True,
        selector=selector or None,
    )

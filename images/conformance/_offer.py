"""What the NVIDIA DRA drivers of a cluster offer, node by node."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from helper.check import Fail, Skip, SkipCode, Unsettled
from helper.context import Context
from helper.findings import excerpt, some
from helper.kinds import Resource
from helper.nodes import Node, gpu_nodes, judged, left_out, record_each
from helper.resource import Json, is_being_deleted
from helper.scheduling import refused_taints, selects, unmatched_labels
from images.conformance._allocation import DRIVERS, GPU_DRIVER, VENDOR_SUFFIX
from images.conformance._slices import Slice, current, parse_slice, pool_problems, usable_devices

ROWS_SHOWN = 40  # evidence is read by people; the worst comes first


@dataclass(frozen=True)
class Offer:
    """The devices of all NVIDIA drivers, and where they can be used."""

    slices: Sequence[Slice]
    nodes: Sequence[Node]  # GPU nodes that the driver should serve
    devices: Mapping[str, Mapping[str, int]]  # by driver and node, usable ones only
    pool_problems: Mapping[tuple[str, str], str]
    plugin: Json  # the kubelet plugin's DaemonSet

    @property
    def served(self) -> set[str]:
        """Nodes with a usable device of any driver."""
        return {node for per_node in self.devices.values() for node in per_node}

    @property
    def drivers(self) -> list[str]:
        """The drivers that have something to offer."""
        return sorted(name for name, per_node in self.devices.items() if per_node)

    @property
    def kinds(self) -> set[tuple[str, str]]:
        """Drivers and types of the devices that can be used."""
        return {
            (item.driver, device.type)
            for item in current(self.slices)
            for device in item.devices
            if item.driver in self.drivers and not device.is_tainted
        }

    @property
    def summary(self) -> str:
        """As the operator reads it."""
        counts = [
            f"{sum(per_node.values())} devices of {name} on {len(per_node)} nodes"
            for name, per_node in sorted(self.devices.items())
        ]
        return ", ".join(counts) or "no NVIDIA device"

    def gaps(self) -> dict[str, str]:
        """Nodes that cannot be judged or that somebody took out of service, and why."""
        gaps = left_out(self.nodes)
        for node in judged(self.nodes):
            mine = self._slices_of(node)
            if node.name not in self.served:
                if not selects(self.plugin, node) and not mine:
                    gaps[node.name] = "the kubelet plugin's node selector or affinity leaves it out"
                    continue
                if taints := refused_taints(self.plugin, node):
                    gaps[node.name] = f"the kubelet plugin does not tolerate taint {taints[0].key}"
                    continue
            if tainted := self._tainted(node):
                gaps[node.name] = f"all devices of {', '.join(tainted)} are tainted"
        return gaps

    def defects(self) -> dict[str, str]:
        """Nodes that should offer devices and do not, or not all of them, and why."""
        gaps = self.gaps()
        defects = {}
        for node in judged(self.nodes):
            mine = self._slices_of(node)
            if node.name in gaps:
                continue
            if broken := self._broken_pools(mine):
                defects[node.name] = broken[0]
            elif missing := self._unserved(node):
                defects[node.name] = "; ".join(_empty(mine, driver) for driver in missing)
        return defects

    def is_being_published(self) -> bool:
        """Whether every defect is a pool that may have slices still to come."""
        broken = {
            node.name for node in judged(self.nodes) if self._broken_pools(self._slices_of(node))
        }
        return self.defects().keys() <= broken

    def _unserved(self, node: Node) -> list[str]:
        """The drivers that offer a node nothing, of those that serve others or own slices."""
        drivers = self.drivers or sorted({item.driver for item in self.slices}) or [VENDOR_SUFFIX]
        return [item for item in drivers if node.name not in self.devices.get(item, {})]

    def _tainted(self, node: Node) -> list[str]:
        """The drivers that have devices on a node, and none that pods are let to."""
        mine = [item for item in self._slices_of(node) if item.devices]
        if self._broken_pools(mine):
            return []
        unserved = self._unserved(node)
        return sorted({item.driver for item in mine if item.driver in unserved})

    def _slices_of(self, node: Node) -> list[Slice]:
        return [item for item in current(self.slices) if item.node == node.name]

    def _broken_pools(self, slices: Sequence[Slice]) -> list[str]:
        """What is wrong with the pools of some slices, each driver apart."""
        pools = {(item.driver, item.pool) for item in slices}
        return [
            f"pool {pool} of {driver} {self.pool_problems[driver, pool]}"
            for driver, pool in sorted(pools)
            if (driver, pool) in self.pool_problems
        ]


def _empty(slices: Sequence[Slice], driver: str) -> str:
    """Why a node whose pools are complete offers nothing of a driver."""
    mine = [item for item in slices if item.driver == driver]
    if not mine:
        return f"no ResourceSlice of {driver} in the newest generation"
    pool = f"pool {mine[0].pool} of {driver}"
    return f"{pool} has no device in its newest generation {mine[0].generation}"


def read_offer(ctx: Context, api: Resource, nodes: Sequence[Node], plugin: Json) -> Offer:
    """All NVIDIA devices, and as coverage the GPU nodes that could be judged."""
    found = [item for item in ctx.kube.list(api) if not is_being_deleted(item)]
    slices = own_slices(map(parse_slice, found))
    at = frozenset(item.node for item in slices if item.node)
    drivers = {item.driver for item in slices}
    with_gpus = gpu_nodes(nodes, at)
    chosen = [item for item in with_gpus if item.name in at or not unmatched_labels(plugin, item)]
    outside = [item.name for item in with_gpus if item not in chosen]
    if chosen and outside:
        note = f"{len(outside)}, left out by the kubelet plugin's node selector: {some(outside)}"
        ctx.evidence.text("GPU nodes out of scope", note)
    offer = Offer(
        slices=slices,
        nodes=chosen or with_gpus,  # a plugin that wants no GPU node at all is a defect
        devices={name: usable_devices(slices, nodes, name) for name in drivers},
        pool_problems=pool_problems(slices),
        plugin=plugin,
    )
    known = {node.name for node in nodes}
    rows = sorted((slice_row(item, offer, known) for item in slices), key=lambda row: not row.note)
    title = excerpt("ResourceSlices", ROWS_SHOWN, len(rows))
    ctx.evidence.table(title, rows[:ROWS_SHOWN], shell="kubectl get resourceslices")
    no_gpu = "" if GPU_DRIVER in offer.drivers else "\nnone of them is a GPU"
    ctx.evidence.text("Usable devices", offer.summary + no_gpu)
    gaps = offer.gaps()
    total = len(offer.nodes)
    ctx.evidence.coverage(total - len(gaps), total, "GPU nodes", gaps)
    defects = offer.defects()
    record_each(ctx.evidence, offer.nodes, defects, gaps)
    for node, why in sorted(defects.items()):
        ctx.evidence.result(f"{node}: {why}")
    return offer


def own_slices(slices: Iterable[Slice]) -> list[Slice]:
    """Slices of the DRA driver; of any driver of the vendor where those names are not there.

    NVIDIA has drivers of other devices, network cards for example, that need not be everywhere.
    """
    vendor = [item for item in slices if item.driver.endswith(VENDOR_SUFFIX)]
    return [item for item in vendor if item.driver in DRIVERS] or vendor


@dataclass(frozen=True)
class SliceRow:
    """A ResourceSlice as evidence shows it."""

    slice: str
    driver: str
    pool: str
    generation: int
    node: str
    devices: int
    tainted: int
    note: str


def slice_row(item: Slice, offer: Offer, known: set[str]) -> SliceRow:
    """Show a slice, and why it does not count if it does not."""
    note = offer.pool_problems.get((item.driver, item.pool), "")
    newest = max(
        other.generation
        for other in offer.slices
        if (other.driver, other.pool) == (item.driver, item.pool)
    )
    if item.generation < newest:
        note = f"stale: the pool is at generation {newest}"
    if item.node and item.node not in known:
        note = "its node is gone"
    tainted = sum(device.is_tainted for device in item.devices)
    return SliceRow(
        slice=item.name,
        driver=item.driver,
        pool=item.pool,
        generation=item.generation,
        node=item.node,
        devices=len(item.devices),
        tainted=tainted,
        note=note,
    )


def require_devices(offer: Offer) -> None:
    """Fail when a judged node lacks what it should offer, Skip when there is none to judge."""
    gaps, defects = offer.gaps(), offer.defects()
    shown = "; ".join(f"{node}: {why}" for node, why in sorted({**gaps, **defects}.items())[:5])
    wanted = (
        "want a complete pool of the newest generation with an untainted device on every Ready "
        "GPU node; see the kubelet plugin's logs"
    )
    if not judged(offer.nodes):
        reason = (
            f"no GPU node can be judged ({shown or 'there is none'}); the driver itself is sound"
        )
        raise Skip(reason, SkipCode.CAPACITY)
    if not offer.slices:
        raise Fail(
            f"no ResourceSlice of a *{VENDOR_SUFFIX} driver (want one a GPU node, of "
            f"{len(judged(offer.nodes))}); see the kubelet plugin's logs; {shown}"
        )
    if not offer.served:
        count = len(offer.slices)
        kind = Unsettled if defects and offer.is_being_published() else Fail
        raise kind(f"{count} NVIDIA ResourceSlices but no usable device: {shown}; {wanted}")
    if defects:
        kind = Unsettled if offer.is_being_published() else Fail
        share = f"{len(defects)} of {len(judged(offer.nodes))} GPU nodes"
        raise kind(f"{share} lack usable devices: {shown}; {wanted}")

"""Nodes: which of them carry GPUs, and which of them can be judged at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helper.findings import excerpt
from helper.quantity import parse_quantity
from helper.resource import Json, annotations, condition, is_being_deleted, items, labels, part
from helper.resource import name as name_of

if TYPE_CHECKING:
    from helper.evidence import Evidence

FAKE_NODE = "kwok.x-k8s.io/node"  # annotation of nodes without a kubelet; KWOK plays their life
GPU_LABELS = (
    "nvidia.com/gpu.present",  # GPU operator
    "nvidia.com/gpu.product",  # GPU feature discovery
    "nvidia.com/gpu.count",  # the same
    "feature.node.kubernetes.io/pci-10de.present",  # node feature discovery, vendor NVIDIA
    "feature.node.kubernetes.io/pci-0300_10de.present",  # the same with PCI class, VGA
    "feature.node.kubernetes.io/pci-0302_10de.present",  # and 3D controller
)
ABSENT = frozenset({"", "false", "0"})  # values of such a label that deny it
VENDOR = "nvidia.com/"
GPU = "nvidia.com/gpu"
SHARED_GPU = "nvidia.com/gpu.shared"  # time slicing with renamed resources
MIG_PREFIX = "nvidia.com/mig-"  # MIG strategy `mixed`
ROWS_SHOWN = 40  # evidence is read by people
DEPARTING_TAINTS = frozenset(
    {"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted", "karpenter.sh/disruption"}
)


@dataclass(frozen=True)
class Taint:
    """What keeps pods off a node."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True)
class Node:
    """The parts of a node that decide whether and how it is judged."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    devices: Mapping[str, int] = field(default_factory=dict)  # allocatable extended resources
    capacity: Mapping[str, int] = field(default_factory=dict)  # the same, unhealthy ones included
    left_out: str = ""  # why the node cannot be judged; empty when it can
    is_fake: bool = False

    @property
    def gpus(self) -> int:
        """Allocatable devices of any NVIDIA GPU resource: whole, shared or MIG."""
        return _gpus(self.devices)

    @property
    def gpus_installed(self) -> int:
        """The same with those that are unhealthy to who hands them out."""
        return max(_gpus(self.capacity), self.gpus)

    @property
    def lacks_gpus(self) -> bool:
        """Whether fewer GPUs are allocatable than the node has."""
        return self.gpus_installed > self.gpus

    @property
    def gpus_shown(self) -> str:
        """Allocatable GPUs, of how many where that is more."""
        return f"{self.gpus} of {self.gpus_installed}" if self.lacks_gpus else str(self.gpus)


@dataclass(frozen=True)
class Row:
    """A node as evidence shows it."""

    node: str
    product: str
    gpus: str
    judged: str


def parse_node(obj: Json) -> Node:
    """What we need of a node, whatever else stands in the object."""
    taints = tuple(
        Taint(str(item.get("key", "")), str(item.get("value") or ""), str(item.get("effect", "")))
        for item in items(obj, "spec", "taints")
    )
    return Node(
        name=name_of(obj),
        labels=labels(obj),
        taints=taints,
        devices=_devices(part(obj, "status", "allocatable")),
        capacity=_devices(part(obj, "status", "capacity")),
        left_out=_left_out(obj, taints),
        is_fake=FAKE_NODE in annotations(obj),
    )


def is_gpu_resource(resource: str) -> bool:
    """Whether an extended resource stands for NVIDIA GPUs or parts of them."""
    return resource in (GPU, SHARED_GPU) or resource.startswith(MIG_PREFIX)


def is_gpu_node(node: Node, with_slices: frozenset[str] = frozenset()) -> bool:
    """Whether a node carries NVIDIA GPUs, usable or not.

    `with_slices` are the nodes that ResourceSlices of the GPU driver name.
    """
    labelled = any(node.labels.get(key, "") not in ABSENT for key in GPU_LABELS)
    # Capacity too: what is not allocatable at all was lost, or was never registered.
    resources = node.devices.keys() | node.capacity.keys()
    return labelled or any(key.startswith(VENDOR) for key in resources) or node.name in with_slices


def gpu_nodes(nodes: Iterable[Node], with_slices: frozenset[str] = frozenset()) -> list[Node]:
    """The nodes that carry GPUs, by name; fake ones are no nodes."""
    found = (node for node in nodes if is_gpu_node(node, with_slices) and not node.is_fake)
    return sorted(found, key=lambda node: node.name)


def judged(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that can be judged."""
    return [node for node in nodes if not node.left_out]


def left_out(nodes: Iterable[Node]) -> dict[str, str]:
    """The nodes that cannot be judged, and why; fake ones are no nodes and not among them."""
    return {node.name: node.left_out for node in nodes if node.left_out and not node.is_fake}


def record(evidence: "Evidence", nodes: Sequence[Node], title: str = "GPU nodes") -> None:
    """Show nodes as evidence, those that are left out first."""
    ordered = sorted(nodes, key=lambda node: (not node.left_out, node.name))
    rows = [
        Row(
            node.name,
            node.labels.get("nvidia.com/gpu.product", ""),
            node.gpus_shown,
            f"no: {node.left_out}" if node.left_out else "yes",
        )
        for node in ordered[:ROWS_SHOWN]
    ]
    evidence.table(excerpt(title, len(rows), len(nodes)), rows, shell="kubectl get nodes")


def record_each(
    evidence: "Evidence", nodes: Iterable[Node], defects: Mapping[str, str], gaps: Mapping[str, str]
) -> None:
    """State of every node whether it is well; `gaps` are those that could not be judged."""
    for node in nodes:
        defect, gap = defects.get(node.name, ""), gaps.get(node.name, "")
        evidence.item(
            node.name,
            passed=False if defect else None if gap else True,
            message=defect or gap,
            product=node.labels.get("nvidia.com/gpu.product", ""),
            GPUs=node.gpus_shown,
        )


def _gpus(resources: Mapping[str, int]) -> int:
    return sum(count for key, count in resources.items() if is_gpu_resource(key))


def _left_out(obj: Json, taints: Iterable[Taint]) -> str:
    if FAKE_NODE in annotations(obj):
        return f"fake node (annotation {FAKE_NODE})"
    if is_being_deleted(obj):
        return "being deleted"
    ready = condition(obj, "Ready")
    if ready is None:
        return "NotReady: kubelet has not reported yet"
    if ready.get("status") != "True":
        reason = ready.get("reason") or f"Ready is {ready.get('status')}"
        return f"NotReady: {reason}"
    if part(obj, "spec").get("unschedulable") is True:
        return "cordoned"
    departing = next((taint.key for taint in taints if taint.key in DEPARTING_TAINTS), "")
    return f"about to be removed (taint {departing})" if departing else ""


def _devices(resources: Json) -> dict[str, int]:
    """Extended resources only; their names have a domain, and their numbers are whole."""
    found = {}
    for key, value in resources.items():
        if "/" not in key:
            continue
        try:
            found[key] = int(parse_quantity(value))
        except (ValueError, TypeError):
            found[key] = 0
    return found

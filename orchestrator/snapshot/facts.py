"""What was read of a cluster, before anything is concluded from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from helper.nodes import Node, gpu_nodes, parse_node
from helper.resource import Json, condition_is, part, text

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Gap:
    """Something that the snapshot lacks or that needs care; `path` as constraints write it."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {' '.join(self.why.split())}"  # one line, whatever a server says


@dataclass(frozen=True)
class NodeFacts:
    """A node with what its kubelet reports of the machine."""

    node: Node
    os_image: str = ""
    kernel: str = ""
    kubelet: str = ""
    runtime: str = ""  # containerd://2.1.5
    operating_system: str = ""
    provider_id: str = ""
    gpu_capacity: int = 0
    is_ready: bool = False
    is_schedulable: bool = True

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name


@dataclass(frozen=True)
class Facts:
    """Everything that a snapshot is made of; None stands for what could not be read."""

    server: Mapping[str, str] | None = None  # gitVersion, platform, goVersion
    cluster_uid: str = ""
    nodes: tuple[NodeFacts, ...] | None = None  # fake ones are no nodes
    nodes_with_slices: frozenset[str] | None = None  # named by slices of the GPU driver
    images: frozenset[str] | None = None
    policies: tuple[Json, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def gpu_nodes(self) -> list[NodeFacts]:
        """The nodes that carry GPUs, by name, whether they can be judged or not."""
        found = gpu_nodes((item.node for item in self.nodes or ()), self.nodes_with_slices or NONE)
        names = {node.name for node in found}
        return [item for item in self.nodes or () if item.name in names]


def parse(obj: Json) -> NodeFacts:
    """What we need of a node, whatever else stands in the object."""
    info = part(obj, "status", "nodeInfo")
    # The same reading of device numbers, of what is there instead of what may be handed out.
    capacity = parse_node({"status": {"allocatable": part(obj, "status", "capacity")}})
    return NodeFacts(
        node=parse_node(obj),
        os_image=text(info, "osImage"),
        kernel=text(info, "kernelVersion"),
        kubelet=text(info, "kubeletVersion"),
        runtime=text(info, "containerRuntimeVersion"),
        operating_system=text(info, "operatingSystem"),
        provider_id=text(obj, "spec", "providerID"),
        gpu_capacity=capacity.gpus,
        is_ready=condition_is(obj, "Ready"),
        is_schedulable=part(obj, "spec").get("unschedulable") is not True,
    )

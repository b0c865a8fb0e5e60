"""What a cloud's fabric needs on the chosen nodes before a benchmark makes sense."""

from collections.abc import Sequence

from helper.check import Fail
from helper.context import Context
from helper.nodes import Node
from helper.resource import is_being_deleted, name

EFA = "vpc.amazonaws.com/efa"
HCA = "rdma/hca_shared_devices_a"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
GKE_ACCELERATOR = "cloud.google.com/gke-accelerator"
GKE_GROUP = "networking.gke.io"
GKE_GPU_NETWORKS = 8  # an a3-megagpu-8g node has eight GPU network interfaces
WITHOUT_RDMA = "NCCL would use TCP, and the sweep would end at 4 GB instead of 16 GB"


def require_fabric(ctx: Context, service: str, nodes: Sequence[Node]) -> None:
    """Fail on what would make the benchmark measure the wrong thing; warn of slow paths."""
    if service == "eks":
        _require_label(ctx, nodes, INSTANCE_TYPE)
        _warn_without(ctx, nodes, EFA)
    elif service == "aks":
        _warn_without(ctx, nodes, HCA)
    elif service == "gke":
        _require_label(ctx, nodes, GKE_ACCELERATOR)
        _require_gpu_networks(ctx)


def _require_label(ctx: Context, nodes: Sequence[Node], label: str) -> None:
    """The workers are placed by this label, unless the operator placed them."""
    if ctx.node_selector is not None:
        return
    values = {node.name: node.labels.get(label, "") for node in nodes}
    if len(set(values.values())) != 1 or not all(values.values()):
        shown = ", ".join(f"{node}: {value or 'none'}" for node, value in values.items())
        raise Fail(
            f"label {label} does not name one kind of node ({shown}); "
            "label the nodes, or choose them with --node-selector"
        )


def _warn_without(ctx: Context, nodes: Sequence[Node], resource: str) -> None:
    counts = {node.name: node.devices.get(resource, 0) for node in nodes}
    shown = ", ".join(f"{node}: {count}" for node, count in counts.items())
    ctx.evidence.text("Fabric devices", f"{resource}: {shown}")
    if not all(counts.values()):
        ctx.evidence.result(f"warning: no allocatable {resource} on the nodes; {WITHOUT_RDMA}")


def _require_gpu_networks(ctx: Context) -> None:
    networks = ctx.kube.resource(GKE_GROUP, "networks")
    listed = ctx.kube.list(networks) if networks else []
    found = [name(item) for item in listed if not is_being_deleted(item)]
    gpu_networks = sorted(item for item in found if "gpu-nic" in item)
    shell = f"kubectl get networks.{GKE_GROUP}"
    ctx.evidence.text("GPU networks", ", ".join(gpu_networks) or "none", shell=shell)
    if len(gpu_networks) < GKE_GPU_NETWORKS:
        served = "" if networks else f" ({GKE_GROUP} is not served)"
        raise Fail(
            f"{len(gpu_networks)} networks named gpu-nic (want {GKE_GPU_NETWORKS}){served}; "
            "create one Network for each GPU network interface, GPUDirect-TCPXO needs them"
        )

"""The nodes that a multi-node benchmark runs on: alike, whole, allowed and free."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from helper import nodes as node_facts
from helper.check import Fail, Skip, SkipCode
from helper.context import Context
from helper.nodes import GPU, Node
from helper.products import PRODUCT_LABEL, is_divided, is_product
from helper.scheduling import untolerated
from images.performance._gpu_holders import read_claims, read_holders

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
HOLDERS_SHOWN = 3
NICS = ("vpc.amazonaws.com/efa", "rdma/hca_shared_devices_a")  # EKS; AKS


@dataclass(frozen=True)
class Cohort:
    """Nodes that could take part, in groups of equal ones, the largest first."""

    groups: Sequence[Sequence[Node]]
    left_out: dict[str, str]
    total: int


def find_cohort(ctx: Context, nodes: Iterable[Node], service: str, accelerator: str) -> Cohort:
    """Narrow all GPU nodes down; Fail when the selector or the accelerator fits none."""
    found = node_facts.gpu_nodes(nodes)
    node_facts.record(ctx.evidence, found)
    if not found:
        raise Fail(
            "no GPU node (want at least two); check that the GPU operator runs and labels nodes, "
            "see kubectl get nodes -L nvidia.com/gpu.present"
        )
    if ctx.node_selector is not None:
        wanted = by_selector(found, ctx.node_selector)
    else:
        wanted = by_accelerator(found, accelerator)
    tolerations = None if ctx.tolerations is None else [item.as_json() for item in ctx.tolerations]
    left_out = {node.name: why for node in wanted if (why := reason_against(node, tolerations))}
    usable = [node for node in wanted if node.name not in left_out]
    if wanted and not usable and all(not node.left_out and not node.gpus for node in wanted):
        raise Fail(
            f"none of {len(wanted)} GPU nodes has allocatable {GPU} (want whole GPUs from the "
            "device plugin); check its pods, or whether GPUs are handed out by claims only"
        )
    groups = equal_groups(usable, by_type=service == "eks" and ctx.node_selector is None)
    return Cohort(groups, left_out, len(wanted))


def by_selector(nodes: Sequence[Node], selector: dict[str, str]) -> list[Node]:
    """The nodes that the operator chose."""
    found = [
        node
        for node in nodes
        if all(node.labels.get(key) == value for key, value in selector.items())
    ]
    if not found:
        text = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        raise Fail(
            f"node selector {text} fits none of {len(nodes)} GPU nodes; correct --node-selector"
        )
    return found


def by_accelerator(nodes: Sequence[Node], accelerator: str) -> list[Node]:
    """The nodes with the recipe's accelerator; all of them where no node tells its product."""
    products = {product for node in nodes if (product := node.labels.get(PRODUCT_LABEL))}
    if not products:
        return list(nodes)
    found = [node for node in nodes if is_product(node.labels.get(PRODUCT_LABEL, ""), accelerator)]
    if not found:
        raise Fail(
            f"no GPU node has accelerator {accelerator} of the recipe (products seen: "
            f"{', '.join(sorted(products))}); correct the recipe's criteria or add such nodes"
        )
    return found


def reason_against(node: Node, tolerations: Sequence[dict[str, str]] | None) -> str:
    """Why a node cannot take part; empty when it can. Without tolerations all are tolerated."""
    if node.left_out:
        return node.left_out
    if is_divided(node):
        return "GPUs are divided by MIG or time slicing"
    if not node.devices.get(GPU):
        return f"no allocatable {GPU}"
    taints = [] if tolerations is None else untolerated(node.taints, list(tolerations))
    return f"taint {taints[0].key} is not tolerated" if taints else ""


def equal_groups(nodes: Iterable[Node], *, by_type: bool) -> list[list[Node]]:
    """Nodes with the same GPU and NIC counts, and instance type where it matters."""
    groups: dict[tuple[object, ...], list[Node]] = defaultdict(list)
    for node in nodes:
        shape = (node.labels.get(PRODUCT_LABEL), node.devices[GPU])
        nics = tuple(node.devices.get(nic, 0) for nic in NICS)
        groups[*shape, *nics, node.labels.get(INSTANCE_TYPE) if by_type else ""].append(node)
    return sorted(groups.values(), key=lambda group: (-len(group), group[0].name))


def choose_nodes(ctx: Context, cohort: Cohort, count: int) -> list[Node]:
    """The first free nodes of the largest group that has enough of them.

    Raises Skip with what stands in the way: a benchmark never waits for somebody else's GPUs.
    """
    left_out = dict(cohort.left_out)
    chosen: list[Node] = []
    claims = read_claims(ctx.kube) if cohort.groups else None
    for group in cohort.groups:
        free: list[Node] = []
        for node in group:
            if claims is None or len(free) == count:
                break
            held = read_holders(ctx.kube, node.name, claims)
            if held:
                left_out[node.name] = busy_text(node, held)
            else:
                free.append(node)
        if len(free) == count:
            chosen = free
            break
        left_out |= {node.name: f"free, but {len(free)} of {count} equal nodes" for node in free}
    node_facts.record(ctx.evidence, chosen, "Chosen nodes")
    ctx.evidence.coverage(cohort.total - len(left_out), cohort.total, "GPU nodes", left_out)
    if not chosen:
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(left_out.items())[:8])
        raise Skip(
            f"fewer than {count} equal and free GPU nodes of {cohort.total}: "
            f"{reasons or 'one node cannot test the fabric between nodes'}",
            SkipCode.CAPACITY,
        )
    return chosen


def busy_text(node: Node, held: dict[str, int]) -> str:
    """Who holds the GPUs of a node."""
    names = ", ".join(sorted(held)[:HOLDERS_SHOWN])
    names += " and others" if len(held) > HOLDERS_SHOWN else ""
    return f"busy: {sum(held.values())} of {node.devices[GPU]} GPUs held by {names}"

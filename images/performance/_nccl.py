"""NCCL all-reduce: where it can be measured, on which nodes, and against which threshold.

The three checks differ in their variant only. What is here ends before the first object would be
created: the benchmark itself is not built yet.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from helper.check import Fail, Skip, SkipCode, Unbuilt
from helper.context import Context
from helper.kinds import NODES
from helper.nodes import GPU, parse_node
from images.performance._fabric import require_fabric
from images.performance._nccl_nodes import choose_nodes, find_cohort

TOLERANCE = 0.9  # a measurement within 10 % of the threshold passes
MIN_NODES = 2  # one node says nothing about the fabric between nodes
NODES_VARIABLE = "AICR_NCCL_NODES"
FABRIC_VARIABLE = "AICR_NCCL_FABRIC"
# nccl-tests prints bus bandwidth in decimal gigabytes; a number without an operator means >= too.
THRESHOLD = re.compile(r"\s*(?:>=)?\s*(\d+\.?\d*|\.\d+)(?:\s+GB/s)?\s*")


class Variant(StrEnum):
    """Which path between the nodes is measured; the value is check and constraint name."""

    DEFAULT = "nccl-all-reduce-bw"  # whatever NCCL picks
    NET = "nccl-all-reduce-bw-net"  # NVLink between nodes off
    NVLS = "nccl-all-reduce-bw-nvls"  # NVLink between nodes


class Fabric(StrEnum):
    """The network under variant NET."""

    EFA = "efa"
    ROCE = "roce"


# Combinations with a workload of their own; everything else is not measured.
SUPPORTED = frozenset(
    {
        (Variant.DEFAULT, "eks", "h100"),
        (Variant.DEFAULT, "eks", "h200"),
        (Variant.DEFAULT, "gke", "h100"),
        (Variant.DEFAULT, "aks", "h100"),
        (Variant.DEFAULT, "any", "b200"),
        (Variant.DEFAULT, "any", "gb200"),
        (Variant.NET, "eks", "gb200"),
        (Variant.NVLS, "eks", "gb200"),
        (Variant.NVLS, "oke", "gb200"),
    }
)


@dataclass(frozen=True)
class Wanted:
    """What recipe and operator ask for, valid before the cluster is looked at."""

    variant: Variant
    service: str
    accelerator: str
    fabric: Fabric
    threshold_gb_per_s: float
    node_count: int


def measure(ctx: Context, variant: Variant) -> None:
    """Do everything up to the benchmark itself."""
    wanted = read_wanted(ctx, variant)
    limit = wanted.threshold_gb_per_s * TOLERANCE
    body = (
        f"variant: {wanted.variant}\nservice: {wanted.service}\naccelerator: {wanted.accelerator}\n"
        f"nodes: {wanted.node_count}\nthreshold: {wanted.threshold_gb_per_s:g} GB/s bus bandwidth, "
        f"passes from {limit:g} GB/s"
    )
    ctx.evidence.text("Benchmark", body)
    nodes = [parse_node(item) for item in ctx.kube.list(NODES)]
    cohort = find_cohort(ctx, nodes, wanted.service, wanted.accelerator)
    chosen = choose_nodes(ctx, cohort, wanted.node_count)
    require_fabric(ctx, wanted.service, chosen)
    names = ", ".join(node.name for node in chosen)
    raise Unbuilt(
        f"the all-reduce benchmark; its preconditions hold: {len(chosen)} free nodes with "
        f"{chosen[0].devices[GPU]} GPUs each ({names})"
    )


def read_wanted(ctx: Context, variant: Variant) -> Wanted:
    """Validate what is asked for; Skip when nothing is, or when it cannot be measured."""
    constraint = ctx.recipe.constraint("performance", variant)
    if constraint is None:
        code = SkipCode.PRECONDITION if ctx.recipe.is_empty else SkipCode.NOT_APPLICABLE
        raise Skip(f"no {variant} constraint in the recipe: no threshold to measure against", code)
    service, accelerator = ctx.recipe.criteria.service, ctx.recipe.criteria.accelerator
    try:
        fabric = Fabric.EFA
        if variant == Variant.NET:  # the other variants do not choose
            fabric = parse_fabric(ctx.env.get(FABRIC_VARIABLE, ""))
        if not is_supported(variant, service, accelerator, fabric):
            where = f"service {service or 'unset'} and accelerator {accelerator or 'unset'}"
            reason = f"not measured: {variant} has no workload for {where}"
            raise Skip(reason, SkipCode.PRECONDITION)
        threshold = parse_threshold(constraint.value)
        node_count = parse_node_count(ctx.env.get(NODES_VARIABLE, ""))
    except ValueError as error:
        raise Fail(str(error)) from error
    if service == "any" and not ctx.node_selector:
        raise Fail(
            "service any does not say which nodes belong together (want a node selector); "
            "pass --node-selector, for example nvidia.com/gpu.present=true"
        )
    return Wanted(variant, service, accelerator, fabric, threshold, node_count)


def is_supported(variant: Variant, service: str, accelerator: str, fabric: Fabric) -> bool:
    """Whether there is a workload for a combination."""
    if variant == Variant.NET and fabric == Fabric.ROCE:
        return service == "eks"
    return (variant, service, accelerator) in SUPPORTED


def parse_fabric(text: str) -> Fabric:
    """Read the fabric; ValueError for anything that is neither, never silently EFA."""
    name = text.strip().lower() or Fabric.EFA
    if name not in set(Fabric):
        raise ValueError(f"{FABRIC_VARIABLE}={text!r} (want efa or roce)")
    return Fabric(name)


def parse_threshold(text: str) -> float:
    """Read `>= 300`, `300` or `>= 300 GB/s`; ValueError for every other comparison or unit."""
    match = THRESHOLD.fullmatch(text)
    if not match or float(match[1]) <= 0:
        raise ValueError(
            f"threshold {text!r} is not usable (want >= NUMBER above 0, in GB/s); "
            "correct the constraint in the recipe"
        )
    return float(match[1])


def parse_node_count(text: str) -> int:
    """Read how many nodes take part; two unless told otherwise, the pair that floors are for."""
    if not text.strip():
        return MIN_NODES
    if not text.strip().isdecimal() or int(text) < MIN_NODES:
        raise ValueError(f"{NODES_VARIABLE}={text!r} (want a number from {MIN_NODES})")
    return int(text)

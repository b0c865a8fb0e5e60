"""GPU product names, as node labels and NVML write them, against a recipe's accelerator."""

import re

from helper.nodes import Node

PRODUCT_LABEL = "nvidia.com/gpu.product"
REPLICAS_LABEL = "nvidia.com/gpu.replicas"
# Whole words in a row, so that GH200, H20, A800 or RTX 6000 Ada are never taken for another.
WORDS = {
    "gb300": ("GB300",),
    "gb200": ("GB200",),
    "b200": ("B200",),
    "h200": ("H200",),
    "h100": ("H100",),
    "a100": ("A100",),
    "l40s": ("L40S",),
    "l40": ("L40",),
    "rtx-pro-6000": ("RTX", "PRO", "6000"),
}


def is_product(product: str, accelerator: str) -> bool:
    """Whether a product name means this accelerator; unknown accelerators match nothing."""
    wanted = WORDS.get(accelerator, ())
    words = tuple(re.split(r"[\s-]+", product.upper()))
    starts = range(len(words) - len(wanted) + 1)
    return bool(wanted) and any(words[at : at + len(wanted)] == wanted for at in starts)


def accelerator_of(product: str) -> str:
    """The accelerator that a product name means, as recipes write it; empty for unknown ones."""
    return next((accelerator for accelerator in WORDS if is_product(product, accelerator)), "")


def is_divided(node: Node) -> bool:
    """Whether a node's GPUs are MIG instances or shared in time, so that none is a whole one."""
    product = node.labels.get(PRODUCT_LABEL, "").upper()
    replicas = node.labels.get(REPLICAS_LABEL, "1")
    shared = replicas.isdecimal() and int(replicas) > 1
    return shared or product.endswith("-SHARED") or "MIG" in product.split("-")

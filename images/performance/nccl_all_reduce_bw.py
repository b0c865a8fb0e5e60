"""NCCL all-reduce bandwidth between nodes, over whatever path NCCL picks.

Reads         nodes; pods and, where served, ResourceClaims and ResourceSlices, to know which GPUs
              are free; on GKE the GPU networks
Creates       nothing yet: past its preconditions it ends as not implemented
Fails when    the threshold cannot be read; no GPU node, or none with the recipe's accelerator or
              with whole GPUs; the node selector fits none
Skips when    the recipe has no threshold for it, or no workload exists for the recipe's service
              and accelerator; when fewer than two suitable GPU nodes are free
What to do    free GPUs on two equal nodes (the message names who holds them), or choose nodes with
              --node-selector; correct the recipe's criteria where they name other hardware
"""

from helper.check import check
from helper.context import Context
from images.performance._nccl import Variant, measure


@check()
def nccl_all_reduce_bw(ctx: Context) -> None:
    """All-reduce bus bandwidth between GPU nodes meets the recipe's threshold."""
    measure(ctx, Variant.DEFAULT)

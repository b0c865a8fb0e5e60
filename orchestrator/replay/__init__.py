"""A recorded cluster, served as a Kubernetes API on localhost.

    cluster = ReplayCluster.load(Path("examples/eks-h100-inference"))
    with cluster.serve() as server:
        server.write_kubeconfig(path)

It lists, watches and changes objects, judges access by RBAC, and runs Jobs whose image it knows
as local processes. What it does not emulate answers 501 and names the request.
"""

from orchestrator.replay.access import Action
from orchestrator.replay.cluster import ReplayCluster, ReplayServer
from orchestrator.replay.faults import Fault, Recorded
from orchestrator.replay.models import (
    Outcome,
    PodMatch,
    PodOutcome,
    ReplayError,
    Reply,
    ReplyRequest,
    ReplyResponse,
    Waiting,
)

__all__ = [
    "Action",
    "Fault",
    "Outcome",
    "PodMatch",
    "PodOutcome",
    "Recorded",
    "ReplayCluster",
    "ReplayError",
    "ReplayServer",
    "Reply",
    "ReplyRequest",
    "ReplyResponse",
    "Waiting",
]

"""A thousand nodes and five thousand pods beside the real ones: objects only, which nobody runs.

The nodes are marked as fake and as unreachable from the start, and the pods tolerate that: the
cluster's controllers find nothing to do about them, and nothing of ours lands there or judges them.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from helper.kinds import NODES, PODS
from helper.kube import Kube
from helper.nodes import FAKE_NODE
from helper.resource import Json, name, namespace

NODE_COUNT, POD_COUNT = 1000, 5000
LABEL = "aicr.run/bench-crowd"
PARALLEL = 8
TAINTS = [
    {"key": FAKE_NODE, "value": "fake", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"},
]
CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
NO_POD_CIDR = "192.0.2.0/24"  # of documents: no range of the cluster's own is used up


@contextmanager
def crowded(kube: Kube, home: str, run_id: str) -> Iterator[None]:
    """Have all of them for a while, the pods in a namespace; they go whatever happens."""
    remove(kube)  # what a measurement left that was killed
    try:
        names = [f"aicr-{run_id}-{number}" for number in range(NODE_COUNT)]
        _all(names, lambda node: _create_node(kube, node))
        spots = [(f"crowd-{number}", names[number % NODE_COUNT]) for number in range(POD_COUNT)]
        _all(spots, lambda spot: kube.create(PODS, _pod(*spot), home))
        yield
    finally:
        remove(kube)


def remove(kube: Kube) -> None:
    """Delete the crowd of this and of all earlier measurements, pods first."""
    pods = kube.list(PODS, labels=LABEL)
    _all(pods, lambda pod: kube.delete(PODS, name(pod), namespace(pod), grace_s=0))
    _all(kube.list(NODES, labels=LABEL), lambda node: kube.delete(NODES, name(node)))


def _all(things: Iterable[Any], work: Callable[[Any], object]) -> None:
    """Work on all things, several at a time; an interruption waits for none but those."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        for _ in pool.map(work, things):
            pass


def _create_node(kube: Kube, node: str) -> None:
    room = {"cpu": "64", "memory": "256Gi", "pods": "110"}
    unknown = [{"type": kind, "status": "Unknown", "reason": "Bench"} for kind in CONDITIONS]
    labels = {LABEL: "", "kubernetes.io/hostname": node}
    body = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node, "labels": labels, "annotations": {FAKE_NODE: "fake"}},
        "spec": {"taints": TAINTS, "podCIDR": NO_POD_CIDR, "podCIDRs": [NO_POD_CIDR]},
        "status": {"capacity": room, "allocatable": room, "conditions": unknown},
    }
    kube.create(NODES, body)
    kube.patch(NODES, node, {"spec": {"taints": TAINTS}})  # admission has added one for new nodes


def _pod(pod: str, node: str) -> Json:
    spec = {"nodeName": node, "containers": [{"name": "none", "image": "none"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod, "labels": {LABEL: ""}},
        "spec": {**spec, "tolerations": [{"operator": "Exists"}]},
    }

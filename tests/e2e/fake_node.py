"""A node of KWOK's, which no container ever runs on, and the one pod that leads checks to it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from helper.deadline import Deadline
from helper.errors import DeadlineError
from helper.kinds import NODES, PODS
from helper.kube import Kube
from helper.nodes import GPU
from helper.resource import Json, condition_is
from tests.e2e.apply_example import KWOK_LABEL
from tests.e2e.real_cluster import APPEARS_S
from tests.needs import missing

ANCHOR = {"app": "anchor"}
# Tolerated by checks, as every taint that is found on a node, and by nobody else.
TAINT = {"key": "aicr.run/e2e", "value": "fake", "effect": "NoSchedule"}
# What leads a check to the anchor's node: https://kubernetes.io/docs/concepts/scheduling-eviction
NEAR_ANCHOR = [
    {"componentRef": "anchor", "podLabelSelector": ANCHOR, "requirement": "required"},
]


@contextmanager
def fake_node(kube: Kube, namespace: str, gpus: int = 0) -> Iterator[str]:
    """Have such a node, with the anchor in a namespace; its name."""
    node = f"aicr-e2e-{secrets.token_hex(4)}"
    kube.create(NODES, _node(node, gpus))
    try:
        _wait_for_kwok(kube, node)
        kube.create(PODS, _anchor(node), namespace)
        yield node
    finally:
        kube.delete(PODS, "anchor", namespace, grace_s=0)
        kube.delete(NODES, node)


def recipe(namespace: str) -> Json:
    """A recipe whose one component is the anchor."""
    return {"componentRefs": [{"name": "anchor", "namespace": namespace}]}


def _wait_for_kwok(kube: Kube, node: str) -> None:
    def is_ready() -> bool | None:
        return condition_is(kube.get(NODES, node), "Ready") or None

    try:
        Deadline.after(APPEARS_S).poll("KWOK", is_ready, 0.1)
    except DeadlineError:
        missing("nobody plays nodes with the label type=kwok here")


def _node(node: str, gpus: int) -> Json:
    room = {"cpu": "8", "memory": "16Gi", "pods": "10"}
    if gpus:  # to be counted, not to be landed on: a check asks for some CPU
        room |= {"cpu": "0", GPU: str(gpus)}
    labels = {**KWOK_LABEL, "kubernetes.io/hostname": node}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node, "labels": labels},
        "spec": {"taints": [TAINT]},
        "status": {"capacity": room, "allocatable": room},
    }


def _anchor(node: str) -> Json:
    """A pod that is put there without the scheduler."""
    spec = {"nodeName": node, "containers": [{"name": "anchor", "image": "none"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "anchor", "labels": ANCHOR},
        "spec": {**spec, "tolerations": [{"operator": "Exists"}]},
    }

"""Nodes and facts as a healthy cluster gives them; tests replace what they are about."""

from typing import Any

from helper import documents
from helper.models import Snapshot
from orchestrator.recipe import parse_snapshot
from orchestrator.snapshot.document import Built, build
from orchestrator.snapshot.facts import Facts, NodeFacts, parse
from tests.fakes import objects as kube

Json = dict[str, Any]

INFO = {
    "osImage": "Ubuntu 24.04.3 LTS",
    "kernelVersion": "6.14.0-1018-aws",
    "kubeletVersion": "v1.36.2-eks-4f1c2ab",
    "containerRuntimeVersion": "containerd://2.1.5",
    "operatingSystem": "linux",
}
SERVER = {"gitVersion": "v1.36.2-eks-4f1c2ab", "platform": "linux/amd64", "goVersion": "go1.26.1"}


def with_info(obj: Json, **changes: str) -> Json:
    """A node whose kubelet reports the machine."""
    obj = kube.put(obj, "status.nodeInfo", INFO | changes)
    obj = kube.put(obj, "status.capacity", obj["status"]["allocatable"])
    return kube.put(obj, "spec.providerID", f"aws:///us-east-1c/i-{obj['metadata']['name']}")


def gpu_node(name: str, **info: str) -> Json:
    """A node of eight H100 with its labels."""
    obj = with_info(kube.gpu_node(name), **info)
    return kube.put(
        obj, "metadata.labels", obj["metadata"]["labels"] | {"nvidia.com/gpu.count": "8"}
    )


def parsed(*nodes: Json) -> tuple[NodeFacts, ...]:
    return tuple(parse(obj) for obj in nodes)


def facts(*nodes: Json, **changes: Any) -> Facts:
    """A cluster of these nodes of which everything could be read."""
    given: Json = {
        "server": SERVER,
        "cluster_uid": "5b0c9f52",
        "nodes": parsed(*nodes),
        "nodes_with_slices": frozenset(),
        "images": frozenset({"registry.example/team/app:v1"}),
    }
    return Facts(**(given | changes))


def built(given: Facts) -> Built:
    return build(given, taken="2026-01-02T03:04:05Z", version="v1.2.3")


def data(found: Built, path: str) -> Json:
    """The common readings of a subtype; empty when it is not there."""
    kind, _, name = path.partition(".")
    return next(
        (
            subtype.get("data", {})
            for measurement in found.document["measurements"]
            if measurement["type"] == kind
            for subtype in measurement["subtypes"]
            if subtype["subtype"] == name
        ),
        {},
    )


def as_read(found: Built) -> Snapshot:
    """The snapshot as a check or the gate reads it."""
    return parse_snapshot(documents.dump(found.document), "snapshot.yaml")

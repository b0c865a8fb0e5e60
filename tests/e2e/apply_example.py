"""Puts the objects of a replay folder on a real cluster, so that both can be asked the same.

A real cluster has controllers, which write ReplicaSets, pods and statuses of their own. We let
them: nodes become KWOK's (label `type=kwok`), KWOK plays their pods, and the statuses of all
workloads are honest ones. Only nodes' capacity and custom resources' statuses are taken over.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from helper.deadline import Deadline, NotYet
from helper.errors import Conflict
from helper.kinds import BUILTIN, CRDS, NAMESPACES, NODES, PODS, Resource
from helper.kube import Kube
from helper.nodes import parse_node
from helper.resource import Json, condition_is, name
from helper.workloads import health_of

TIMEOUT_S = 120.0
KWOK_LABEL = {"type": "kwok"}  # what our test clusters start KWOK with
KWOK_TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
KWOK_TOLERATION = {"key": KWOK_TAINT["key"], "operator": "Exists"}
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")

# Made by controllers, scheduler and kubelets from what we create.
MADE_BY_OTHERS = frozenset(
    {"Pod", "ReplicaSet", "EndpointSlice", "PersistentVolume", "PersistentVolumeClaim", "Lease"}
)
# Point at servers that KWOK does not run. An unreachable APIService spoils discovery and keeps
# namespaces from being deleted; an unreachable webhook refuses every object it is asked about.
NEEDS_A_SERVER = frozenset({"APIService", "ValidatingWebhookConfiguration"})
# Created in this order and removed in the opposite one; what is not listed comes last but one.
ORDER = ("CustomResourceDefinition", "Node", "Namespace", "ServiceAccount", "RuntimeClass")


@dataclass(frozen=True)
class Created:
    """An object that we made and have to remove again."""

    resource: Resource
    name: str
    namespace: str | None


@contextmanager
def applied(
    kube: Kube, objects: Sequence[Json], timeout_s: float = TIMEOUT_S
) -> Iterator[list[Created]]:
    """Have the objects on the cluster for a while, all workloads ready."""
    created: list[Created] = []
    try:
        apply_objects(kube, objects, created, timeout_s)
        yield created
    finally:
        remove_objects(kube, created, timeout_s)


def apply_objects(
    kube: Kube, objects: Sequence[Json], created: list[Created], timeout_s: float = TIMEOUT_S
) -> None:
    """Create the objects and wait until they work; `created` grows as they come into being."""
    deadline = Deadline.after(timeout_s)
    definitions = [obj for obj in objects if obj["kind"] == CRDS.kind]
    for definition in definitions:
        _create(kube, CRDS, definition, created)
    deadline.poll("the definitions", lambda: _all_established(kube, created), 0.1)
    custom = dict(map(_served, definitions))
    for obj in sorted(objects, key=_rank):
        kind = (obj["apiVersion"], obj["kind"])
        if obj["kind"] in MADE_BY_OTHERS | NEEDS_A_SERVER or obj["kind"] == CRDS.kind:
            continue
        resource = custom.get(kind) or BUILTIN.get(kind) or kube.resource_of_kind(*kind)
        assert resource, f"the cluster does not serve {kind}"
        _create(kube, resource, obj, created)
        if kind in custom and "status" in obj:
            where = obj["metadata"].get("namespace")
            kube.patch(resource, name(obj), {"status": obj["status"]}, where, "status")
    _wait_until_ready(kube, created, deadline)


def remove_objects(kube: Kube, created: Sequence[Created], timeout_s: float = TIMEOUT_S) -> None:
    """Delete what was created; nodes go last, for KWOK ends a pod only while its node exists."""
    deadline = Deadline.after(timeout_s)
    late = [item for item in created if item.resource in (NODES, CRDS)]
    early = [item for item in created if item not in late]
    for item in reversed(early):
        kube.delete(item.resource, item.name, item.namespace)
    nodes = {item.name for item in late if item.resource == NODES}
    deadline.poll("our namespaces and pods to go", lambda: _all_gone(kube, early, nodes))
    for item in reversed(late):
        kube.delete(item.resource, item.name)
    # A definition goes after the objects of its kind; the next test may want to create it again.
    deadline.poll("our definitions to go", lambda: _all_gone(kube, late, nodes), 0.2)


def fitted(obj: Json) -> Json:
    """What we send of an object: without identity and status, and at home on KWOK's nodes."""
    dropped = {"uid", "creationTimestamp", "generation", "ownerReferences"}
    meta = {key: value for key, value in obj["metadata"].items() if key not in dropped}
    result = {**obj, "metadata": meta}
    status = result.pop("status", None)
    if obj["kind"] == "Node":
        return _kwok_node(result, status or {})
    if obj["kind"] == "Service":
        # The address range is the cluster's own; a headless Service stays one.
        spec = obj["spec"]
        result["spec"] = {k: v for k, v in spec.items() if k != "clusterIP" or v == "None"}
    if obj["kind"] in WORKLOADS:
        result["spec"] = _on_kwok_nodes(obj["spec"])
    return result


def _kwok_node(node: Json, status: Json) -> Json:
    """A node whose heartbeat and conditions KWOK writes; capacity and system stay as recorded."""
    labels = {**node["metadata"]["labels"], **KWOK_LABEL}
    taints = [*node["spec"].get("taints", []), KWOK_TAINT]
    kept = ("addresses", "allocatable", "capacity", "nodeInfo")
    return {
        **node,
        "metadata": {**node["metadata"], "labels": labels},
        "spec": {**node["spec"], "taints": taints},
        "status": {key: status[key] for key in kept},
    }


def _on_kwok_nodes(spec: Json) -> Json:
    """A workload's spec whose pods run on KWOK's nodes and nowhere else, without volumes."""
    pod = spec["template"]["spec"]
    pod = {
        **pod,
        "nodeSelector": {**pod.get("nodeSelector", {}), **KWOK_LABEL},
        "tolerations": [*pod.get("tolerations", []), KWOK_TOLERATION],
    }
    # Nobody would provision the volumes, and their pods would wait for them for ever.
    kept = {key: value for key, value in spec.items() if key != "volumeClaimTemplates"}
    return {**kept, "template": {**spec["template"], "spec": pod}}


def _rank(obj: Json) -> int:
    if obj["kind"] in WORKLOADS:
        return len(ORDER) + 1
    return ORDER.index(obj["kind"]) if obj["kind"] in ORDER else len(ORDER)


def _served(definition: Json) -> tuple[tuple[str, str], Resource]:
    spec = definition["spec"]
    names, version = spec["names"], spec["versions"][0]["name"]
    namespaced = spec["scope"] == "Namespaced"
    resource = Resource(spec["group"], version, names["plural"], names["kind"], namespaced)
    return (resource.api_version, resource.kind), resource


def _create(kube: Kube, resource: Resource, obj: Json, created: list[Created]) -> None:
    """Create one object; those that every cluster has already stay as they are."""
    namespace = obj["metadata"].get("namespace")
    try:
        kube.create(resource, fitted(obj), namespace)
    except Conflict:
        return
    created.append(Created(resource, name(obj), namespace))


def _all_established(kube: Kube, created: Sequence[Created]) -> bool | None:
    ours = {item.name for item in created if item.resource == CRDS}
    found = [obj for obj in kube.list(CRDS) if name(obj) in ours]
    return all(condition_is(obj, "Established") for obj in found) or None


def _wait_until_ready(kube: Kube, created: Sequence[Created], deadline: Deadline) -> None:
    ours = {item.name for item in created if item.resource == NODES}

    def not_ready() -> list[str]:
        nodes = [node for obj in kube.list(NODES) if (node := parse_node(obj)).name in ours]
        waiting = [node.name for node in nodes if node.left_out]
        for item in created:
            kind = item.resource.kind
            if kind in WORKLOADS:
                health = health_of(kind, kube.get(item.resource, item.name, item.namespace), nodes)
                waiting += [] if health.ready else [f"{kind} {item.name}: {health.observed}"]
        return waiting

    def probe() -> bool:
        if waiting := not_ready():
            raise NotYet(f"{len(waiting)} not ready: {'; '.join(waiting[:3])}")
        return True

    deadline.poll("the example's nodes and workloads", probe)


def _all_gone(kube: Kube, created: Sequence[Created], nodes: set[str]) -> bool:
    """Whether namespaces, definitions and pods have ended; all else goes at once."""
    slow = [item for item in created if item.resource in (NAMESPACES, CRDS)]
    left = [item.name for item in slow if kube.find(item.resource, item.name)]
    left += [name(obj) for obj in kube.list(PODS) if obj["spec"].get("nodeName") in nodes]
    if left:
        raise NotYet(f"{len(left)} left: {', '.join(left[:3])}")
    return True

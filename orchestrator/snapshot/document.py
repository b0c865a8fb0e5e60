"""From facts to the Snapshot document, without any I/O; equal facts give equal bytes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from helper.nodes import GPU, is_gpu_node
from helper.products import PRODUCT_LABEL, accelerator_of, is_divided
from helper.resource import part, text
from orchestrator.recipe import API_VERSION
from orchestrator.snapshot import naming, topology
from orchestrator.snapshot.facts import Facts, Gap, NodeFacts
from orchestrator.snapshot.fingerprint import fingerprint
from orchestrator.snapshot.fleet import Fleet, Reading, agree

Json = dict[str, Any]

COUNT_LABEL = "nvidia.com/gpu.count"  # GPU feature discovery
OSRELEASE = "/proc/sys/kernel/osrelease"
FROM_NODE_INFO = {"source": "kubernetes-node-info"}
NO_GPU: dict[str, Reading] = {"gpu-present": False, "gpu-count": 0}
NAMES_SHOWN = 3
SECRETIVE = frozenset({"env"})  # of a policy; values may hold passwords


@dataclass(frozen=True)
class Built:
    """A snapshot and what its reader should know of it."""

    document: Json
    gaps: tuple[Gap, ...]  # not there at all
    cautions: tuple[Gap, ...]  # not the same on all nodes, or not of all nodes

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that needs care, a sentence each."""
        return tuple(str(gap) for gap in (*self.gaps, *self.cautions))


def build(facts: Facts, *, taken: str, version: str) -> Built:
    """Make the document; `taken` and `version` only stand in its metadata."""
    if facts.nodes is not None:
        facts = replace(facts, nodes=tuple(sorted(facts.nodes, key=lambda item: item.name)))
    judged, gaps = _judged(facts)
    fleets = _fleets(facts, judged)
    cautions = (*_not_judged(facts, judged), *_differing(fleets))
    subtypes = {**_of_cluster(facts), **{path: _subtype(path, fleets[path]) for path in fleets}}
    gaps = (*facts.gaps, *gaps, *_unknown(facts, judged))
    metadata = {
        "timestamp": taken,
        "version": version,
        "source": "api",
        "source-node": judged[0].name if judged else "",
        "incomplete": ",".join(sorted({gap.path for gap in gaps})),
        "warnings": "\n".join(str(gap) for gap in (*gaps, *cautions)),
    }
    document = {
        "apiVersion": API_VERSION,
        "kind": "Snapshot",
        "metadata": {key: value for key, value in metadata.items() if value},
        "fingerprint": fingerprint(_plain(subtypes), facts),
        "measurements": _measurements(subtypes, facts, judged),
    }
    return Built(document, gaps, cautions)


def _judged(facts: Facts) -> tuple[Sequence[NodeFacts], tuple[Gap, ...]]:
    """The nodes whose readings stand for the cluster: GPU nodes, or all where there are none."""
    candidates = facts.gpu_nodes or list(facts.nodes or ())
    judged = [item for item in candidates if not item.node.left_out]
    if judged:
        return judged, ()
    why = "nodes were not read"
    if facts.nodes is not None:
        kind = "GPU nodes" if facts.gpu_nodes else "nodes"
        reasons = sorted({item.node.left_out for item in candidates})
        why = f"none of {len(candidates)} {kind} can be judged: {'; '.join(reasons)}"
        why = why if candidates else "the cluster lists no node, or only fake ones"
    return (), tuple(Gap(path, why) for path in ("K8s.node", "OS", "GPU.hardware"))


def _not_judged(facts: Facts, judged: Sequence[NodeFacts]) -> Iterable[Gap]:
    left_out = [item for item in facts.gpu_nodes if item.node.left_out]
    if judged and left_out:
        reasons = "; ".join(f"{item.name}: {item.node.left_out}" for item in left_out[:NAMES_SHOWN])
        counts = f"{len(left_out)} of {len(facts.gpu_nodes)} GPU nodes give no readings"
        yield Gap("NodeTopology.nodes", f"{counts}: {reasons}")


def _differing(fleets: Mapping[str, Fleet]) -> Iterable[Gap]:
    for path, fleet in fleets.items():
        for key, why in fleet.differing.items():
            yield Gap(f"{path}.{key}", why)


def _unknown(facts: Facts, judged: Sequence[NodeFacts]) -> Iterable[Gap]:
    """What was read and says nothing that can be used."""
    systems = {item.os_image for item in judged if "ID" not in naming.os_release(item.os_image)}
    if systems:
        known = ", ".join(repr(name) for name in sorted(systems)[:NAMES_SHOWN])
        yield Gap("OS.release.ID", f"unknown operating system {known}")
    if len(_in_force(facts.policies)) > 1:
        yield Gap("K8s.policy", "several ClusterPolicies, and none is ignored by the operator")


def _fleets(facts: Facts, judged: Sequence[NodeFacts]) -> dict[str, Fleet]:
    """The readings of nodes, by path of their subtype."""
    if not judged:
        return {}
    first = judged[0]
    node = agree({item.name: _node(item) for item in judged})
    own = _present({"source-node": first.name, "provider-id": first.provider_id})
    found = {
        "K8s.node": replace(node, data=node.data | own),
        "OS.release": agree({item.name: naming.os_release(item.os_image) for item in judged}),
        "OS.sysctl": agree({item.name: _present({OSRELEASE: item.kernel}) for item in judged}),
    }
    if facts.gpu_nodes:
        found["GPU.hardware"] = agree({item.name: _hardware(item) for item in judged})
    elif facts.nodes_with_slices is not None:
        found["GPU.hardware"] = Fleet({**NO_GPU, "detection-source": "node-labels"})
    return {path: fleet for path, fleet in found.items() if fleet.data or fleet.items}


def _node(facts: NodeFacts) -> dict[str, Reading]:
    runtime, separator, runtime_version = facts.runtime.partition("://")
    return _present(
        {
            "provider": naming.provider(facts),
            "container-runtime-id": facts.runtime,
            "container-runtime-name": runtime if separator else "",
            "container-runtime-version": runtime_version,
            "kubelet-version": facts.kubelet,
            "kernel-version": facts.kernel,
            "operating-system": facts.operating_system,
            "os-image": facts.os_image,
        }
    )


def _hardware(facts: NodeFacts) -> dict[str, Reading]:
    labels = facts.node.labels
    source = "node-labels" if is_gpu_node(facts.node) else "resource-slices"
    found: dict[str, Reading] = {"gpu-present": True, "detection-source": source}
    if model := accelerator_of(labels.get(PRODUCT_LABEL, "")):
        found["model"] = model
    count = labels.get(COUNT_LABEL, "")
    # Where GPUs are divided, the label counts parts and so does the kubelet.
    if not is_divided(facts.node) and (count.isdecimal() or facts.node.devices.get(GPU)):
        found["gpu-count"] = int(count) if count.isdecimal() else facts.gpu_capacity
    return found


def _present(readings: Mapping[str, Reading]) -> dict[str, Reading]:
    return {key: value for key, value in readings.items() if value != ""}


def _subtype(path: str, fleet: Fleet) -> Json:
    found: Json = {"data": dict(fleet.data), "items": fleet.items}
    if path.startswith("OS."):
        found["context"] = FROM_NODE_INFO
    return {key: value for key, value in found.items() if value}


def _of_cluster(facts: Facts) -> dict[str, Json]:
    """The readings that no node gives."""
    keys = {"gitVersion": "version"}
    server = {keys.get(key, key): value for key, value in (facts.server or {}).items()}
    found: dict[str, Mapping[str, Any]] = {
        "K8s.cluster": _present({"uid": facts.cluster_uid}),
        "K8s.image": naming.image_tags(facts.images or ()),
        "K8s.policy": _policy(facts.policies),
        "K8s.server": server,
    }
    return {path: {"data": dict(data)} for path, data in found.items() if data}


def _policy(policies: Iterable[Json]) -> dict[str, str]:
    """The one policy in force; the operator ignores all but one, and says so."""
    in_force = _in_force(policies)
    return dict(_flat(part(in_force[0], "spec"))) if len(in_force) == 1 else {}


def _in_force(policies: Iterable[Json]) -> list[Json]:
    return [item for item in policies if text(item, "status", "state") != "ignored"]


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, item in value.items():
        if key in SECRETIVE or item is None or item in ([], {}):
            continue
        if isinstance(item, Mapping):
            yield from _flat(item, f"{prefix}{key}.")
        elif isinstance(item, list):
            yield f"{prefix}{key}", json.dumps(item, separators=(",", ":"), ensure_ascii=False)
        else:
            yield f"{prefix}{key}", str(item).lower() if isinstance(item, bool) else str(item)


def _plain(subtypes: Mapping[str, Json]) -> dict[str, Json]:
    return {path: subtype.get("data", {}) for path, subtype in subtypes.items()}


def _measurements(
    subtypes: Mapping[str, Json], facts: Facts, judged: Sequence[NodeFacts]
) -> list[Json]:
    found: dict[str, list[Json]] = {"K8s": [], "GPU": [], "OS": [], "NodeTopology": []}
    for path, subtype in sorted(subtypes.items()):
        kind, _, name = path.partition(".")
        found[kind].append({"subtype": name, **subtype})
    if facts.nodes is not None:
        found["NodeTopology"] = topology.subtypes(facts, judged)
    return [{"type": kind, "subtypes": listed} for kind, listed in found.items() if listed]

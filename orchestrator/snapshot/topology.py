"""NodeTopology: labels, taints and nodes of the whole cluster, and figures about all of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from helper.constraint import ConstraintError, parse_version
from helper.products import PRODUCT_LABEL
from orchestrator.snapshot.facts import Facts, NodeFacts
from orchestrator.snapshot.fleet import named

Json = dict[str, Any]

HOSTNAME_LABEL = "kubernetes.io/hostname"
MAX_VALUES = 64  # a label with more values names nodes instead of describing them
NODES_LISTED = 1000  # a snapshot must fit into a ConfigMap, packed, and into memory
CONTEXT_LABELS = {
    "instance-type": "node.kubernetes.io/instance-type",
    "zone": "topology.kubernetes.io/zone",
    "gpu-product": PRODUCT_LABEL,
}


def subtypes(facts: Facts, judged: Sequence[NodeFacts]) -> list[Json]:
    """All subtypes of the measurement; without nodes there are only the figures."""
    nodes = facts.nodes or ()
    labels, taints = _labels(nodes), _taints(nodes)
    found: list[Json] = [
        {"subtype": "label", "data": labels},
        {"subtype": "nodes", "items": [_item(item) for item in _listed(facts)]},
        {"subtype": "summary", "data": _summary(facts, judged, len(labels), len(taints))},
        {"subtype": "taint", "data": taints},
    ]
    return [subtype for subtype in found if subtype.get("data") or subtype.get("items")]


def _listed(facts: Facts) -> list[NodeFacts]:
    """GPU nodes come first where not all nodes are listed."""
    nodes = list(facts.nodes or ())
    gpu_names = {item.name for item in facts.gpu_nodes}
    kept = sorted(nodes, key=lambda item: (item.name not in gpu_names, item.name))[:NODES_LISTED]
    return sorted(kept, key=lambda item: item.name)


def _item(facts: NodeFacts) -> Json:
    context = {
        "name": facts.name,
        "os-image": facts.os_image,
        "kernel-version": facts.kernel,
        "kubelet-version": facts.kubelet,
        "container-runtime": facts.runtime,
        "left-out": facts.node.left_out,
        **{key: facts.node.labels.get(label, "") for key, label in CONTEXT_LABELS.items()},
    }
    data = {
        "gpu-allocatable": facts.node.gpus,
        "gpu-capacity": facts.gpu_capacity,
        "ready": facts.is_ready,
        "schedulable": facts.is_schedulable,
    }
    return {"context": {key: value for key, value in context.items() if value}, "data": data}


def _summary(facts: Facts, judged: Sequence[NodeFacts], labels: int, taints: int) -> Json:
    products = {item.node.labels.get(PRODUCT_LABEL, "") for item in facts.gpu_nodes}
    found: Json = {
        "node-count": len(facts.nodes or ()),
        "label-count": labels,
        "taint-count": taints,
        "gpu-node-count": len(facts.gpu_nodes),
        "gpu-products": ",".join(sorted(filter(None, products))),
        "kubelet-version-min": _lowest(item.kubelet for item in judged),
        "kernel-version-min": _lowest(item.kernel for item in judged),
    }
    return {key: value for key, value in found.items() if value != ""}


def _lowest(versions: Iterable[str]) -> str:
    """The lowest of some versions; empty when one of them is none."""
    try:
        ranked = [(parse_version(text), text) for text in versions]
    except ConstraintError:
        return ""
    return (
        min(ranked, key=lambda item: (item[0].filled, item[0].rank, item[1]))[1] if ranked else ""
    )


def _labels(nodes: Iterable[NodeFacts]) -> dict[str, str]:
    """Each label with the nodes that have it; one entry a value where there are several."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in nodes:
        for key, value in item.node.labels.items():
            found[key][value].append(item.name)
    packed = {}
    for key, values in found.items():
        if key == HOSTNAME_LABEL or len(values) > MAX_VALUES:
            continue
        for value, names in values.items():
            entry = key if len(values) == 1 else f"{key}.{value}"
            packed[entry] = f"{value}|{named(names)}"
    return packed


def _taints(nodes: Iterable[NodeFacts]) -> dict[str, str]:
    """Each taint with the nodes that have it; one entry an effect where there are several."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for item in nodes:
        for taint in item.node.taints:
            of_effect = found.setdefault(taint.key, {}).setdefault(taint.effect, {})
            of_effect.setdefault(taint.value, []).append(item.name)
    packed = {}
    for key, effects in found.items():
        several = len(effects) > 1
        for effect, values in effects.items():
            rest = f"{','.join(sorted(values))}|{named(_all(values))}"
            packed[f"{key}.{effect}" if several else key] = rest if several else f"{effect}|{rest}"
    return packed


def _all(values: Mapping[str, Iterable[str]]) -> set[str]:
    return {name for names in values.values() for name in names}

"""The fingerprint: what kind of cluster this is, in the words of recipes; advisory."""

from collections.abc import Mapping
from typing import Any

from helper.products import PRODUCT_LABEL, accelerator_of
from orchestrator.snapshot.facts import Facts

Json = dict[str, Any]
Readings = Mapping[str, Mapping[str, Any]]  # by `K8s.server`, what all nodes agree on

SERVICES = frozenset({"aks", "bcm", "eks", "gke", "kind", "lke", "metal3", "ocp", "oke"})
SYSTEMS = {
    "amzn": "amazonlinux",
    "cos": "cos",
    "ol": "ol",
    "rhel": "rhel",
    "talos": "talos",
    "ubuntu": "ubuntu",
}
REGION_LABEL = "topology.kubernetes.io/region"


def fingerprint(readings: Readings, facts: Facts) -> Json:
    """Each dimension with its value and source; what is not known is left out."""
    found = {
        "service": _service(readings),
        "accelerator": _accelerator(facts),
        "gpuModel": _copied(readings, "GPU.hardware", "model"),
        "os": _os(readings),
        "k8sVersion": _version(readings),
        "region": _region(facts),
        **_counts(facts),
    }
    return {name: dimension for name, dimension in found.items() if dimension}


def _service(readings: Readings) -> Json:
    found = _copied(readings, "K8s.node", "provider")
    return found if found.get("value") in SERVICES else {}


def _copied(readings: Readings, subtype: str, key: str) -> Json:
    value = readings.get(subtype, {}).get(key)
    return {"value": value, "source": _source(f"{subtype}.{key}")} if value else {}


def _os(readings: Readings) -> Json:
    release = readings.get("OS.release", {})
    system = SYSTEMS.get(str(release.get("ID", "")))
    if not system:
        return {}
    version = release.get("VERSION_ID")
    found = {"value": system, "source": "os.release"}
    return {**found, "version": version} if version else found


def _version(readings: Readings) -> Json:
    found = _copied(readings, "K8s.server", "version")
    return {**found, "value": found["value"].removeprefix("v")} if found else {}


def _accelerator(facts: Facts) -> Json:
    products = {item.node.labels.get(PRODUCT_LABEL, "") for item in facts.gpu_nodes} - {""}
    source = f"nodeTopology.label.{PRODUCT_LABEL}"
    if len(products) > 1:
        return {"value": "", "note": "multi-gpu", "source": source}
    known = [accelerator_of(product) for product in products]
    if not known:
        return {}
    found = {"value": known[0], "source": source}
    return found if known[0] else {**found, "note": "unknown-sku"}


def _region(facts: Facts) -> Json:
    regions = {item.node.labels.get(REGION_LABEL, "") for item in facts.nodes or ()} - {""}
    source = f"nodeTopology.label.{REGION_LABEL}"
    if len(regions) > 1:
        return {"value": "", "note": "multi-region", "source": source}
    return {"value": regions.pop(), "source": source} if regions else {}


def _counts(facts: Facts) -> Json:
    if facts.nodes is None:
        return {}
    summary = "nodeTopology.summary"
    return {
        "nodeCount": {"value": len(facts.nodes), "source": f"{summary}.node-count"},
        "gpuNodeCount": {"value": len(facts.gpu_nodes), "source": f"{summary}.gpu-node-count"},
    }


def _source(path: str) -> str:
    """A path as the reference writes it in fingerprints."""
    return {"K8s": "k8s", "GPU": "gpu"}[path.partition(".")[0]] + path[3:]

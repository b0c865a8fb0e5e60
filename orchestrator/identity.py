"""Which cluster a run was about, for whoever reads the report a year later.

Two requests a run. What may not be looked at, or gave no answer, is named instead of left out.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from helper.errors import CannotTell
from helper.kinds import NAMESPACES, NODES
from helper.kube import Kube
from helper.nodes import Node, gpu_nodes, judged, parse_node
from helper.products import PRODUCT_LABEL
from helper.resource import text

Json = dict[str, Any]

PATIENCE_S = 30.0  # for the UID: a run that goes on is known by it
OLDEST = "kube-system"  # made with the cluster and never again: its UID is the cluster's own
DRIVER_LABEL = "nvidia.com/cuda.driver-version.full"  # of GPU feature discovery


def read(kube: Kube) -> Json:
    """The cluster's own UID, its nodes and its GPUs."""
    unknown: dict[str, str] = {}
    oldest = kube.patient(PATIENCE_S)

    def tried(name: str, look: Callable[[], Json]) -> Json:
        try:
            return look()
        except CannotTell as error:
            unknown[name] = str(error).split("\n", 1)[0]
            return {}

    found = {
        "server": kube.server,
        "context": kube.context,
        **tried("uid", lambda: {"uid": text(oldest.get(NAMESPACES, OLDEST), "metadata", "uid")}),
        **tried("nodes", lambda: inventory([parse_node(item) for item in kube.list(NODES)])),
        "unknown": unknown,
    }
    return {key: value for key, value in found.items() if value}


def inventory(nodes: list[Node]) -> Json:
    """Nodes and GPUs in numbers; those without a kubelet are none."""
    real = [node for node in nodes if not node.is_fake]
    with_gpus = gpu_nodes(real)
    gpus: Counter[str] = Counter()
    installed: Counter[str] = Counter()
    drivers: Counter[str] = Counter()
    for node in with_gpus:
        product = node.labels.get(PRODUCT_LABEL) or "unnamed product"
        gpus[product] += node.gpus
        installed[product] += node.gpus_installed
        drivers[node.labels.get(DRIVER_LABEL) or "untold version"] += 1
    return {
        "nodes": {"total": len(real), "judged": len(judged(real)), "withGpus": len(with_gpus)},
        "gpus": dict(sorted(gpus.items())),
        "gpusInstalled": dict(sorted(installed.items())),
        "nodesByDriver": dict(sorted(drivers.items())),
    }

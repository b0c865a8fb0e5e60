"""Where well-known components live when a recipe does not say it."""

from collections.abc import Sequence
from typing import Any

# Where the reference's registry installs each component. Others have no place that could be known.
# https://github.com/NVIDIA/aicr/blob/main/recipes/registry.yaml
NAMESPACES = {
    "agentgateway": "agentgateway-system",
    "agentgateway-crds": "agentgateway-system",
    "cert-manager": "cert-manager",
    "dynamo-platform": "dynamo-system",
    "gpu-operator": "gpu-operator",
    "gpu-operator-ocp": "nvidia-gpu-operator",
    "grove": "dynamo-system",
    "k8s-nim-operator": "nvidia-nim",
    "kai-scheduler": "kai-scheduler",
    "kube-prometheus-stack": "monitoring",
    "kubeflow-trainer": "kubeflow",
    "kueue": "kueue-system",
    "nfd": "node-feature-discovery",
    "nvidia-dra-driver-gpu": "nvidia-dra-driver",
    "prometheus-adapter": "monitoring",
    "slinky-slurm": "slurm",
}


def placed(components: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Components with a namespace where one is known, and a note for each that was added.

    Checks, their rights and the namespaces that they run near are all made from one document, so
    it must say where each component is.
    """
    found: list[Any] = []
    notes: list[str] = []
    for item in components:
        known = NAMESPACES.get(str(item.get("name"))) if isinstance(item, dict) else None
        if known and not item.get("namespace"):
            item = {**item, "namespace": known}  # noqa: PLW2901 - the same component, completed
            notes.append(f"component {item['name']} has no namespace, {known} is taken")
        found.append(item)
    return found, notes

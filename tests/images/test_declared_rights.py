"""Each check uses no right that it does not declare, and each that it declares in some situation.

A real API server is asked in the end-to-end tests; here are the situations it is hard to bring to.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from helper.models import ValidationInput
from orchestrator.catalog import Entry
from orchestrator.replay import ReplayCluster
from orchestrator.rights import grants
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.rights import available, declared, used

Json = dict[str, Any]


@dataclass(frozen=True)
class Situation:
    """A cluster and a recipe that bring a check to use some of its rights."""

    check: str
    title: str
    cluster: list[Json]
    recipe: Json = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.check}-{self.title}"


def operator(namespace: str = "gpu-operator") -> list[Json]:
    """A GPU operator whose own pod, and one of an operand, are not ready."""
    cluster = [*clusters.gpu_operator(namespace=namespace), kube.GPU_CLUSTERS]
    exporter = clusters.find(cluster, "DaemonSet", "nvidia-dcgm-exporter")
    pod = clusters.find(cluster, "Pod", "gpu-operator-1")
    return clusters.replace(cluster, kube.missing_pods(exporter), kube.waiting(pod))


def driver_of_operator() -> list[Json]:
    """A DRA driver that the GPU operator runs."""
    labels = {
        "app.kubernetes.io/name": "nvidia-dra-driver",
        "app.kubernetes.io/component": "nvidia-dra-driver-kubelet-plugin",
    }
    plugin = kube.daemon_set("nvidia-dra-driver-kubelet-plugin", "gpu-operator", labels=labels)
    nodes = ("gpu-1", "gpu-2")
    return [
        kube.namespace("gpu-operator"),
        *map(kube.gpu_node, nodes),
        plugin,
        *map(kube.resource_slice, nodes),
    ]


def gke() -> list[Json]:
    """A cluster with GPU networks, and with GPUs that are held through a claim."""
    nodes = [kube.gpu_node(f"gpu-{index}") for index in (1, 2, 3)]
    for node in nodes:
        node["metadata"]["labels"]["cloud.google.com/gke-accelerator"] = "nvidia-h100-mega-80gb"
    claim = kube.resource_claim("train", "team", "gpu-3")
    return [*nodes, kube.GKE_NETWORKS, kube.resource_slice("gpu-3"), claim]


TAINT_RULES = kube.custom_resource_definition(
    "resource.k8s.io", "v1beta2", "devicetaintrules", "DeviceTaintRule"
)
NEW_NAME, OLD_NAME = "dra-driver-nvidia-gpu", "nvidia-dra-driver-gpu"
DEVICE_PLUGIN = {"gpuAllocationPolicy": "device-plugin-extended-resource"}
MANAGED = clusters.component("gpu-operator", overrides={"gpuCluster": {"enabled": True}})
EXPECTED = [
    {"kind": "Deployment", "name": "gpu-operator"},
    {"kind": "DaemonSet", "name": "nvidia-dcgm-exporter"},
]
BANDWIDTH = [{"name": "nccl-all-reduce-bw", "value": ">= 300"}]
OPERATORS = ("gpu-operator", "gpu-operator-ocp")
SITUATIONS = [
    *(
        Situation(check, name, operator(name), clusters.recipe(clusters.component(name)))
        for check in ("operator-health", "gpu-operator-health")
        for name in OPERATORS
    ),
    *(
        Situation(
            "dra-support",
            name,
            [*clusters.dra(namespace=name), TAINT_RULES],
            clusters.recipe(clusters.component(name), **DEVICE_PLUGIN),
        )
        for name in (OLD_NAME, NEW_NAME)
    ),
    Situation(
        "dra-support",
        "managed-by-the-operator",
        driver_of_operator(),
        clusters.recipe(MANAGED, **DEVICE_PLUGIN),
    ),
    Situation(
        "nccl-all-reduce-bw",
        "gke",
        gke(),
        clusters.recipe(
            criteria={"service": "gke", "accelerator": "h100"},
            config={"performance": {"constraints": BANDWIDTH}},
        ),
    ),
    Situation(
        "platform-health",
        "missing-pods",
        operator(),
        clusters.recipe(clusters.component("gpu-operator", expectedResources=EXPECTED)),
    ),
]


@pytest.mark.parametrize("entry", available(), ids=lambda entry: entry.name)
def test_a_check_uses_exactly_the_rights_that_it_declares(
    run_check: RunCheck, entry: Entry
) -> None:
    never_used = set(range(len(entry.rbac)))
    situations = [item for item in SITUATIONS if item.check == entry.name]
    for item in situations:
        recipe = ValidationInput.model_validate(item.recipe)
        cluster = ReplayCluster(objects=item.cluster)
        run_check(f"images.{entry.phase}", entry.name, cluster=cluster, recipe=item.recipe)
        given = grants(entry, recipe)
        found = used(cluster.requests, given)
        assert found - set(declared(given)) == set(), f"undeclared in {item}"
        for number, rule in enumerate(entry.rbac):
            alone = declared(grants(entry.model_copy(update={"rbac": [rule]}), recipe))
            if alone and set(alone) <= found:
                never_used.discard(number)

    assert [entry.rbac[number] for number in never_used] == []

"""A GPU operator from 26.7 on, which a GPUCluster asks for DRA instead of a device plugin."""

from typing import Any

import pytest

from images.conformance.gpu_operator_health import gpu_operator_health
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

NAMESPACE = "gpu-operator"
RECIPE = clusters.recipe(clusters.component("gpu-operator"))
OPERATOR = clusters.find(clusters.gpu_operator(), "Deployment", "gpu-operator")


def gpu_cluster_objects() -> list[Json]:
    """What operator 26.7 runs when a GPUCluster asks for DRA instead of a device plugin."""
    plugin = kube.daemon_set("nvidia-dra-driver-kubelet-plugin", NAMESPACE)
    exporter = kube.daemon_set("nvidia-dcgm-exporter-dra", NAMESPACE)
    return [
        kube.namespace(NAMESPACE),
        kube.gpu_node("gpu-1"),
        kube.gpu_node("gpu-2"),
        kube.GPU_CLUSTERS,
        kube.gpu_cluster(),
        OPERATOR,
        kube.deployment("nvidia-dra-driver-controller", NAMESPACE),
        plugin,
        exporter,
    ]


def test_accepts_a_gpu_cluster_in_place_of_a_cluster_policy(judge: Judge) -> None:
    assert judge(gpu_operator_health, gpu_cluster_objects(), RECIPE).error is None


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("DaemonSet", "nvidia-dra-driver-kubelet-plugin", "operand draDriver"),
        ("DaemonSet", "nvidia-dcgm-exporter-dra", "operand dcgmExporter"),
        ("Deployment", "nvidia-dra-driver-controller", "no Deployment of the compute-domain"),
    ],
)
def test_a_gpu_cluster_needs_its_own_operands(
    judge: Judge, kind: str, name: str, message: str
) -> None:
    outcome = judge(
        gpu_operator_health, clusters.without(gpu_cluster_objects(), kind, name), RECIPE
    )

    assert outcome.message.startswith(message)

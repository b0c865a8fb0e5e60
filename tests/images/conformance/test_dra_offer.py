"""What the driver offers: each judged GPU node has a usable device, or the check says why not."""

from typing import Any

import pytest

from helper.check import Fail, Skip, SkipCode
from images.conformance.dra_support import dra_support
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

CLUSTER = clusters.dra()
DRIVER = clusters.component("nvidia-dra-driver-gpu", "nvidia-dra-driver")
RECIPE = clusters.recipe(DRIVER, gpuAllocationPolicy="device-plugin-extended-resource")
PLUGIN = clusters.dra_plugin()
POD = clusters.find(CLUSTER, "Pod", "plugin-gpu-2")
SLICE = kube.resource_slice("gpu-2", "compute-domain.nvidia.com", 2, "channel")
STALE = kube.put(SLICE, "metadata.name", "stale")
NEWER = kube.put(SLICE, "spec.pool.generation", 2)
TAINT = {"key": "gpu.nvidia.com/unhealthy", "effect": "NoExecute"}
NODE_TAINT = {"key": "team", "value": "a", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("changed", "gap"),
    [
        pytest.param(
            [
                kube.not_ready(kube.gpu_node("gpu-2")),
                kube.missing_pods(PLUGIN),
                kube.unready(POD),
            ],
            "gpu-2: NotReady: NodeStatusUnknown",
            id="dead-node",
        ),
        pytest.param([kube.cordoned(kube.gpu_node("gpu-2"))], "gpu-2: cordoned", id="cordoned"),
        pytest.param(
            [
                kube.put(kube.gpu_node("gpu-2"), "spec.taints", [NODE_TAINT]),
                kube.put(SLICE, "spec.devices", []),
            ],
            "gpu-2: the kubelet plugin does not tolerate taint team",
            id="node-tainted",
        ),
        pytest.param(
            [
                kube.resource_slice("gpu-1"),
                kube.put(kube.resource_slice("gpu-2", devices=1), "spec.devices.0.taints", [TAINT]),
                kube.device_class(),
            ],
            "gpu-2: all devices of gpu.nvidia.com are tainted",
            id="one-of-two-drivers-tainted",
        ),
    ],
)
def test_a_node_that_cannot_be_judged_is_listed_as_not_covered(
    judge: Judge, changed: list[Json], gap: str
) -> None:
    outcome = judge(dra_support, clusters.replace(CLUSTER, *changed), RECIPE)

    assert outcome.error is None
    assert f"not covered: {gap}" in outcome.evidence
    assert "looked at 1 of 2 GPU nodes" in outcome.evidence


@pytest.mark.parametrize(
    ("changed", "defect"),
    [
        pytest.param(
            [kube.put(SLICE, "spec.pool.resourceSliceCount", 2)],
            "gpu-2: pool gpu-2 of {driver} incomplete: 1 of 2 slices of generation 1",
            id="pool-incomplete",
        ),
        pytest.param(
            [kube.put(SLICE, "spec.devices", [])],
            "gpu-2: pool gpu-2 of {driver} has no device in its newest generation 1",
            id="slice-empty",
        ),
        pytest.param(
            [STALE, kube.put(NEWER, "spec.devices", [])],
            "gpu-2: pool gpu-2 of {driver} has no device in its newest generation 2",
            id="newest-generation-empty",
        ),
        pytest.param(
            [STALE, kube.put(NEWER, "spec.pool.resourceSliceCount", 3)],
            "gpu-2: pool gpu-2 of {driver} incomplete: 1 of 3 slices of generation 2",
            id="newest-generation-incomplete",
        ),
        pytest.param(
            [
                STALE,
                kube.put(NEWER, "spec.pool.resourceSliceCount", 2),
                kube.put(NEWER, "metadata.name", "third"),
            ],
            "gpu-2: pool gpu-2 of {driver} slices of generation 2 disagree on their number: 1, 2",
            id="newest-generation-disagrees",
        ),
        pytest.param(
            [SLICE, kube.put(SLICE, "metadata.name", "second")],
            "gpu-2: pool gpu-2 of {driver} has 2 slices of generation 1, but each states 1",
            id="more-slices-than-stated",
        ),
        pytest.param(
            [kube.put(SLICE, "metadata.deletionTimestamp", kube.TIME)],
            "gpu-2: no ResourceSlice of {driver} in the newest generation",
            id="slice-ending",
        ),
        pytest.param(
            [kube.resource_slice("gpu-1"), kube.device_class()],
            "gpu-2: no ResourceSlice of gpu.nvidia.com in the newest generation",
            id="one-of-two-drivers-on-one-node-only",
        ),
        pytest.param(
            [
                kube.resource_slice("gpu-1"),
                kube.resource_slice("gpu-2", devices=0),
                kube.device_class(),
            ],
            "gpu-2: pool gpu-2 of gpu.nvidia.com has no device in its newest generation 1",
            id="one-of-two-drivers-empty-on-one-node",
        ),
    ],
)
def test_a_sound_node_that_offers_nothing_usable_is_a_failure_that_names_it(
    judge: Judge, changed: list[Json], defect: str
) -> None:
    outcome = judge(dra_support, clusters.replace(CLUSTER, *changed), RECIPE)

    assert isinstance(outcome.error, Fail)
    assert "1 of 2 GPU nodes lack usable devices" in str(outcome.error)
    assert defect.format(driver=SLICE["spec"]["driver"]) in str(outcome.error)
    assert "looked at 2 of 2 GPU nodes" in outcome.evidence


UNLABELLED = kube.put(
    kube.gpu_node("gpu-2"), "metadata.labels", {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
)
BY_LABEL = {"matchExpressions": [{"key": "nvidia.com/gpu.present", "operator": "Exists"}]}
REQUIRED = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"


def test_a_gpu_node_that_the_plugins_affinity_misses_is_not_covered(judge: Judge) -> None:
    plugin = kube.put(clusters.dra_plugin(1), REQUIRED, {"nodeSelectorTerms": [BY_LABEL]})
    cluster = clusters.without(CLUSTER, "ResourceSlice", SLICE["metadata"]["name"])

    outcome = judge(dra_support, clusters.replace(cluster, plugin, UNLABELLED), RECIPE)

    assert outcome.error is None
    assert "not covered: gpu-2: the kubelet plugin's node selector or affinity" in outcome.evidence
    assert "looked at 1 of 2 GPU nodes" in outcome.evidence


def test_a_gpu_node_that_somebody_selected_out_is_out_of_scope_and_shown(judge: Judge) -> None:
    plugin = kube.put(clusters.dra_plugin(1), "spec.template.spec.nodeSelector", {"dra": "yes"})
    chosen = kube.labelled(kube.gpu_node("gpu-1"), {"dra": "yes"})
    cluster = clusters.without(CLUSTER, "ResourceSlice", SLICE["metadata"]["name"])

    outcome = judge(dra_support, clusters.replace(cluster, plugin, chosen), RECIPE)

    assert outcome.error is None
    assert "--- GPU nodes out of scope ---\n1, left out by" in outcome.evidence
    assert "looked at 1 of 1 GPU nodes" in outcome.evidence


def test_stale_slices_and_those_of_lost_nodes_are_pointed_out(judge: Judge) -> None:
    old = kube.put(SLICE, "metadata.name", "old")
    new = kube.put(SLICE, "spec.pool.generation", 2)
    lost = kube.resource_slice("gpu-9", "compute-domain.nvidia.com", 2, "channel")

    outcome = judge(dra_support, clusters.replace(CLUSTER, old, new, lost), RECIPE)

    assert "stale: the pool is at generation 2" in outcome.evidence
    assert "its node is gone" in outcome.evidence


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([], id="no-node"),
        pytest.param([kube.cordoned(kube.gpu_node("gpu-1"))], id="all-cordoned"),
        pytest.param([kube.fake(kube.gpu_node("gpu-1"))], id="fake-only"),
    ],
)
def test_without_a_node_to_judge_nothing_is_proven(judge: Judge, nodes: list[Json]) -> None:
    cluster = clusters.without(clusters.without(CLUSTER, "ResourceSlice"), "Node")
    cluster = clusters.replace(cluster, clusters.dra_plugin(0), *nodes)

    outcome = judge(dra_support, cluster, RECIPE)

    assert isinstance(outcome.error, Skip)
    assert outcome.error.code == SkipCode.CAPACITY


def test_another_driver_of_the_vendor_need_not_be_everywhere(judge: Judge) -> None:
    card = kube.resource_slice("gpu-1", "network.nvidia.com", 1, "vf")

    outcome = judge(dra_support, [*CLUSTER, card], RECIPE)

    assert outcome.error is None
    assert "network.nvidia.com" not in outcome.evidence

"""A node must offer all GPUs that it has, divided and shared as its labels say."""

from typing import Any

import pytest

from helper.check import Fail, Unsettled
from helper.contract import ExitCode
from images.conformance.gpu_operator_health import gpu_operator_health
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

CLUSTER = clusters.gpu_operator()
RECIPE = clusters.recipe(clusters.component("gpu-operator"))
COUNT, REPLICAS = "nvidia.com/gpu.count", "nvidia.com/gpu.replicas"
STRATEGY, CONFIG = "nvidia.com/mig.strategy", "nvidia.com/mig.config"
GPU, SHARED, MIG = "nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb"


def node(allocatable: Json, capacity: Json | None = None, **labels: Any) -> Json:
    """A GPU node with these resources; labels without their domain, `.` as `_`."""
    found = kube.gpu_node("gpu-2")
    whole = {key: item for key, item in found["status"]["allocatable"].items() if key != GPU}
    found["status"]["allocatable"] = {**whole, **allocatable}
    found["status"]["capacity"] = {**whole, **(allocatable if capacity is None else capacity)}
    return kube.labelled(
        found, {f"nvidia.com/{key.replace('_', '.')}": value for key, value in labels.items()}
    )


def test_fewer_allocatable_gpus_than_the_node_has_fail_with_their_numbers(
    run_check: RunCheck,
) -> None:
    cluster = clusters.replace(CLUSTER, node({GPU: "5"}, {GPU: "8"}, gpu_count="8"))

    run = run_check("images.conformance", "gpu-operator-health", cluster=cluster, recipe=RECIPE)

    assert run.code == ExitCode.FAIL
    assert run.message == (
        "node gpu-2: 5 of 8 nvidia.com/gpu allocatable (want all); the rest is unhealthy to the "
        "device plugin: look for Xid errors in the device plugin's log on that node (kubectl get "
        "pods -n gpu-operator -o wide) and in dmesg"
    )
    assert "gpu-2  NVIDIA-H100-80GB-HBM3  5 of 8  yes" in run.stdout


MPS: Json = {"gpu_sharing-strategy": "mps"}
FAILED: Json = {"mig_config.state": "failed"}
FOURFOLD: Json = {"gpu_replicas": "4"}
PENDING: Json = {"mig_config.state": "pending"}
MIG_LABELS: Json = {
    "mig_strategy": "mixed",
    "mig-1g.10gb_count": "14",
    "mig-1g.10gb_replicas": "1",
    "gpu_count": "8",
}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        pytest.param(node({GPU: "8"}, gpu_count="8"), "", id="all"),
        pytest.param(node({GPU: "8"}), "", id="no-label-tells"),
        pytest.param(
            node({GPU: "16"}, {GPU: "8"}), "16 of 8 nvidia.com/gpu allocatable", id="too-many"
        ),
        pytest.param(node({GPU: "0"}, {GPU: "8"}), "0 of 8 nvidia.com/gpu allocatable", id="none"),
        pytest.param(
            node({}, {}, gpu_count="8"), "offers 0 of 8 nvidia.com/gpu by its labels", id="absent"
        ),
        pytest.param(node({}, {}), "offers 0 of 1 nvidia.com/gpu", id="absent-without-labels"),
        pytest.param(
            node({GPU: "7"}, gpu_count="8"), "offers 7 of 8 nvidia.com/gpu by its labels", id="lost"
        ),
        pytest.param(
            node({GPU: "32"}, gpu_count="8", gpu_replicas="4", **MPS),
            "",
            id="shared",
        ),
        pytest.param(
            node({GPU: "28"}, gpu_count="8", gpu_replicas="4"),
            "offers 28 of 32 nvidia.com/gpu",
            id="shared-and-one-lost",
        ),
        pytest.param(
            node({SHARED: "32"}, gpu_count="8", gpu_replicas="4"), "", id="shared-and-renamed"
        ),
        pytest.param(
            node({SHARED: "28"}, {SHARED: "32"}, gpu_count="8", gpu_replicas="4"),
            "28 of 32 nvidia.com/gpu.shared allocatable",
            id="renamed-and-unhealthy",
        ),
        pytest.param(
            node({"nvidia.com/slice": "32"}, gpu_count="8", gpu_replicas="4"),
            "",
            id="renamed-by-somebody",
        ),
        pytest.param(
            node({"nvidia.com/slice": "28"}, {"nvidia.com/slice": "32"}, gpu_count="8", **FOURFOLD),
            "28 of 32 nvidia.com/slice allocatable",
            id="renamed-by-somebody-and-unhealthy",
        ),
        pytest.param(
            node({"nvidia.com/hostdev": "8"}, gpu_count="8"),
            "offers 0 of 8 nvidia.com/gpu",
            id="network-cards-are-no-gpus",
        ),
        pytest.param(node({GPU: "56"}, mig_strategy="single", gpu_count="56"), "", id="mig-single"),
        pytest.param(
            node({GPU: "49"}, mig_strategy="single", gpu_count="56"),
            "offers 49 of 56 nvidia.com/gpu",
            id="mig-single-lost",
        ),
        pytest.param(node({GPU: "6", MIG: "14"}, **MIG_LABELS), "", id="mig-mixed"),
        pytest.param(
            node({GPU: "6", MIG: "7"}, **MIG_LABELS),
            "offers 7 of 14 nvidia.com/mig-1g.10gb",
            id="mig-mixed-lost",
        ),
        pytest.param(
            node({GPU: "0"}, gpu_count="0", mig_strategy="single"),
            "offers 0 of 1 nvidia.com/gpu",
            id="mig-single-invalid",
        ),
        pytest.param(
            node({}, {}, mig_strategy="mixed"), "offers 0 of 1 nvidia.com/gpu", id="mig-mixed-none"
        ),
        pytest.param(
            node({GPU: "8"}, mig_config="all-1g.10gb", **FAILED),
            "its GPUs could not be divided as label nvidia.com/mig.config=all-1g.10gb asks",
            id="mig-failed",
        ),
        pytest.param(node({GPU: "8"}, gpu_count="many"), "", id="count-unreadable"),
        pytest.param(node({GPU: "8"}, gpu_count="8", gpu_replicas="0"), "", id="no-replicas"),
        pytest.param(node({GPU: "9"}, gpu_count="8"), "", id="more-than-labelled"),
    ],
)
def test_counts_are_held_against_capacity_and_labels(
    judge: Judge, found: Json, message: str
) -> None:
    outcome = judge(gpu_operator_health, clusters.replace(CLUSTER, found), RECIPE)

    assert isinstance(outcome.error, Fail) is bool(message), outcome.message
    assert message in outcome.message


def test_a_node_that_is_being_divided_may_settle(judge: Judge) -> None:
    dividing = node({GPU: "0"}, {GPU: "8"}, **PENDING)

    outcome = judge(gpu_operator_health, clusters.replace(CLUSTER, dividing), RECIPE)

    assert isinstance(outcome.error, Unsettled)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(
            [kube.put(kube.cluster_policy(), "spec.devicePlugin.enabled", False)], id="off"
        ),
        pytest.param([kube.cordoned(node({GPU: "5"}, {GPU: "8"}))], id="not-judged"),
    ],
)
def test_nodes_without_a_device_plugin_to_judge_are_not_counted(
    judge: Judge, changed: list[Json]
) -> None:
    cluster = clusters.replace(CLUSTER, node({GPU: "5"}, {GPU: "8"}))
    cluster = clusters.replace(cluster, *changed)

    assert judge(gpu_operator_health, cluster, RECIPE).error is None

from typing import Any

import pytest

from helper.check import Fail, Skip, SkipCode, Unbuilt
from helper.contract import ExitCode
from helper.errors import CannotTell
from images.performance.nccl_all_reduce_bw import nccl_all_reduce_bw
from orchestrator.replay import Fault
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

CLUSTER = [kube.node("cpu-1"), kube.gpu_node("gpu-1"), kube.gpu_node("gpu-2")]
THREE = [*CLUSTER, kube.gpu_node("gpu-3")]
BUSY = kube.pod("train", "team", "gpu-1")
BUSY["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "8"}}


def recipe(service: str = "eks", accelerator: str = "h100", threshold: str = ">= 300") -> Json:
    constraints = [{"name": "nccl-all-reduce-bw", "value": threshold}]
    return clusters.recipe(
        clusters.component("gpu-operator"),
        criteria={"service": service, "accelerator": accelerator},
        config={"performance": {"constraints": constraints}},
    )


RECIPE = recipe()


def test_ends_as_not_implemented_once_all_preconditions_hold(run_check: RunCheck) -> None:
    run = run_check("images.performance", "nccl-all-reduce-bw", cluster=CLUSTER, recipe=RECIPE)

    assert run.code == ExitCode.OTHER
    assert run.message == (
        "not implemented in this version: the all-reduce benchmark; its preconditions hold: "
        "2 free nodes with 8 GPUs each (gpu-1, gpu-2)"
    )
    assert "passes from 270 GB/s" in run.stdout


def test_fails_with_the_nodes_as_evidence(run_check: RunCheck) -> None:
    wanted = recipe(accelerator="h200")

    run = run_check("images.performance", "nccl-all-reduce-bw", cluster=CLUSTER, recipe=wanted)

    assert run.code == ExitCode.FAIL
    assert run.message.startswith(
        "no GPU node has accelerator h200 of the recipe (products seen: NVIDIA-H100-80GB-HBM3)"
    )
    assert "gpu-1  NVIDIA-H100-80GB-HBM3  8     yes" in run.stdout


def test_skips_when_other_work_holds_the_gpus(run_check: RunCheck) -> None:
    cluster = [*CLUSTER, BUSY]

    run = run_check("images.performance", "nccl-all-reduce-bw", cluster=cluster, recipe=RECIPE)

    assert (run.code, run.facts["skip"]) == (ExitCode.SKIP, "no-capacity")
    assert "gpu-1: busy: 8 of 8 GPUs held by pod team/train" in run.message


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        pytest.param(None, SkipCode.PRECONDITION, id="no-recipe"),
        pytest.param(
            clusters.recipe(clusters.component("gpu-operator")),
            SkipCode.NOT_APPLICABLE,
            id="no-threshold",
        ),
        pytest.param(recipe("gke", "b200"), SkipCode.PRECONDITION, id="no-workload"),
        pytest.param(recipe("", ""), SkipCode.PRECONDITION, id="no-criteria"),
    ],
)
def test_skips_before_it_looks_at_the_cluster(
    judge: Judge, wanted: Json | None, code: SkipCode
) -> None:
    outcome = judge(nccl_all_reduce_bw, CLUSTER, wanted)

    assert isinstance(outcome.error, Skip)
    assert (outcome.error.code, outcome.requests) == (code, [])


@pytest.mark.parametrize(
    ("wanted", "env", "message"),
    [
        (recipe(threshold="<= 300"), {}, "threshold '<= 300' is not usable"),
        (RECIPE, {"AICR_NCCL_NODES": "1"}, "AICR_NCCL_NODES='1'"),
        (recipe("any", "b200"), {}, "service any does not say which nodes belong together"),
    ],
    ids=["threshold", "node-count", "no-selector"],
)
def test_refuses_bad_input_before_it_looks_at_the_cluster(
    judge: Judge, wanted: Json, env: dict[str, str], message: str
) -> None:
    outcome = judge(nccl_all_reduce_bw, CLUSTER, wanted, env=env)

    assert isinstance(outcome.error, Fail)
    assert outcome.message.startswith(message)
    assert outcome.requests == []


@pytest.mark.parametrize(
    ("cluster", "selector", "message"),
    [
        pytest.param([kube.node("cpu-1")], "", "no GPU node (want at least two)", id="no-gpus"),
        pytest.param(
            [kube.fake(kube.gpu_node("gpu-1")), kube.fake(kube.gpu_node("gpu-2"))],
            "",
            "no GPU node",
            id="fake-nodes-only",
        ),
        pytest.param(
            CLUSTER, "pool=x", "node selector pool=x fits none of 2 GPU nodes", id="selector"
        ),
        pytest.param(
            [kube.gpu_node(name, gpus=0) for name in ("gpu-1", "gpu-2")],
            "",
            "none of 2 GPU nodes has allocatable nvidia.com/gpu",
            id="device-plugin-down",
        ),
        pytest.param(
            [
                kube.put(item, "metadata.labels", {"nvidia.com/gpu.present": "true"})
                for item in CLUSTER[1:]
            ],
            "",
            "label node.kubernetes.io/instance-type does not name one kind of node",
            id="no-instance-type",
        ),
    ],
)
def test_fails_with_what_it_saw(
    judge: Judge, cluster: list[Json], selector: str, message: str
) -> None:
    outcome = judge(nccl_all_reduce_bw, cluster, RECIPE, selector=selector)

    assert isinstance(outcome.error, Fail)
    assert outcome.message.startswith(message)


TAINTED = kube.put(
    CLUSTER[2], "spec.taints", [{"key": "team", "value": "a", "effect": "NoSchedule"}]
)
OTHER_TYPE = kube.gpu_node("gpu-2")
OTHER_TYPE["metadata"]["labels"]["node.kubernetes.io/instance-type"] = "p5.4xlarge"


@pytest.mark.parametrize(
    ("cluster", "reason"),
    [
        pytest.param(CLUSTER[:2], "gpu-1: free, but 1 of 2 equal nodes", id="one-node"),
        pytest.param(
            clusters.replace(CLUSTER, kube.not_ready(CLUSTER[2])),
            "gpu-2: NotReady: NodeStatusUnknown",
            id="not-ready",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.cordoned(CLUSTER[2])), "gpu-2: cordoned", id="cordoned"
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.gpu_node("gpu-2", product="NVIDIA-H100-SHARED")),
            "gpu-2: GPUs are divided by MIG or time slicing",
            id="time-sliced",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.gpu_node("gpu-2", gpus=4)),
            "gpu-1: free, but 1 of 2 equal nodes",
            id="unequal-gpus",
        ),
        pytest.param(
            clusters.replace(CLUSTER, OTHER_TYPE),
            "gpu-1: free, but 1 of 2 equal nodes",
            id="unequal-instance-types",
        ),
    ],
)
def test_skips_without_a_pair_of_equal_free_nodes(
    judge: Judge, cluster: list[Json], reason: str
) -> None:
    outcome = judge(nccl_all_reduce_bw, cluster, RECIPE)

    assert isinstance(outcome.error, Skip)
    assert outcome.error.code == SkipCode.CAPACITY
    assert reason in outcome.message


def test_tolerations_limit_the_nodes_only_when_given(judge: Judge) -> None:
    cluster = clusters.replace(CLUSTER, TAINTED)

    strict = judge(nccl_all_reduce_bw, cluster, RECIPE, tolerations="nvidia.com/gpu:NoSchedule")

    assert "gpu-2: taint team is not tolerated" in strict.message
    assert isinstance(judge(nccl_all_reduce_bw, cluster, RECIPE).error, Unbuilt)


def test_goes_on_to_free_nodes_beside_busy_ones(judge: Judge) -> None:
    outcome = judge(nccl_all_reduce_bw, [*THREE, BUSY], RECIPE)

    assert isinstance(outcome.error, Unbuilt)
    assert "(gpu-2, gpu-3)" in outcome.message
    assert "not covered: gpu-1: busy: 8 of 8 GPUs held by pod team/train" in outcome.evidence


def test_gpus_held_through_claims_are_not_free(judge: Judge) -> None:
    claim = kube.resource_claim("train", "team", "gpu-1")
    cluster = [*CLUSTER, kube.resource_slice("gpu-1"), claim]

    outcome = judge(nccl_all_reduce_bw, cluster, RECIPE)

    assert isinstance(outcome.error, Skip)
    assert "gpu-1: busy: 1 of 8 GPUs held by claim team/train" in outcome.message


def test_a_missing_fabric_device_is_a_warning(judge: Judge) -> None:
    slow = [kube.put(item, "status.allocatable.nvidia.com/gpu", "8") for item in CLUSTER[1:]]
    for item in slow:
        item["status"]["allocatable"] = {"nvidia.com/gpu": "8"}

    outcome = judge(nccl_all_reduce_bw, slow, RECIPE)

    assert isinstance(outcome.error, Unbuilt)
    assert "RESULT: warning: no allocatable vpc.amazonaws.com/efa" in outcome.evidence


NETWORKS = [
    {
        "apiVersion": "networking.gke.io/v1",
        "kind": "Network",
        "metadata": {"name": f"vpc-gpu-nic{index}"},
    }
    for index in range(8)
]


def gke(networks: list[Json]) -> list[Json]:
    nodes = [kube.gpu_node(name) for name in ("gpu-1", "gpu-2")]
    for item in nodes:
        item["metadata"]["labels"]["cloud.google.com/gke-accelerator"] = "nvidia-h100-mega-80gb"
    return [*nodes, kube.GKE_NETWORKS, *networks]


def test_gke_needs_a_network_for_each_gpu_interface(judge: Judge) -> None:
    complete = judge(nccl_all_reduce_bw, gke(NETWORKS), recipe("gke"))
    short = judge(nccl_all_reduce_bw, gke(NETWORKS[:3]), recipe("gke"))

    assert isinstance(complete.error, Unbuilt)
    assert isinstance(short.error, Fail)
    assert short.message.startswith("3 networks named gpu-nic (want 8)")


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize(
    "resource", ["nodes", "pods", "resourceclaims", "resourceslices", "networks"]
)
def test_an_error_answer_is_never_taken_for_free_gpus(
    judge: Judge, resource: str, status: int
) -> None:
    claim = kube.resource_claim("train", "team", "gpu-3")
    third = kube.labelled(kube.gpu_node("gpu-3"), {"cloud.google.com/gke-accelerator": "other"})
    cluster = [*gke(NETWORKS), third, kube.resource_slice("gpu-3"), claim]

    outcome = judge(
        nccl_all_reduce_bw, cluster, recipe("gke"), faults=[Fault(resource=resource, status=status)]
    )

    assert isinstance(outcome.error, CannotTell)
    assert (resource in outcome.message, str(status) in outcome.message) == (True, True)

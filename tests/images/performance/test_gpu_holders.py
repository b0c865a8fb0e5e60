from typing import Any

import pytest

from helper.errors import CannotTell
from images.performance._gpu_holders import claims_by_node, gpu_request, holders
from tests.fakes import objects as kube

Json = dict[str, Any]

POD = kube.pod("train", "team", "gpu-1")


def container(gpus: int | str, **fields: Any) -> Json:
    return {"name": "c", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}, **fields}


@pytest.mark.parametrize(
    ("spec", "gpus"),
    [
        pytest.param({"containers": [{"name": "c"}]}, 0, id="none"),
        pytest.param({"containers": [container(4), container(2)]}, 6, id="sum-of-containers"),
        pytest.param(
            {"containers": [container(4)], "initContainers": [container(8)]}, 8, id="init-peak"
        ),
        pytest.param(
            {
                "containers": [container(4)],
                "initContainers": [container(1, restartPolicy="Always")],
            },
            5,
            id="sidecar-stays",
        ),
        pytest.param(
            {
                "containers": [container(1)],
                "initContainers": [container(2, restartPolicy="Always"), container(4)],
            },
            6,
            id="init-beside-a-sidecar",
        ),
        pytest.param(
            {"containers": [container(1)], "overhead": {"nvidia.com/gpu": "1"}}, 2, id="overhead"
        ),
        pytest.param(
            {
                "containers": [
                    {"resources": {"requests": {"nvidia.com/mig-1g.10gb": "2"}, "limits": None}}
                ]
            },
            2,
            id="mig-request",
        ),
        pytest.param({"containers": [container("all")]}, 1, id="unreadable-is-not-nothing"),
        pytest.param({"containers": None}, 0, id="containers-null"),
    ],
)
def test_counts_what_the_scheduler_reserves(spec: Json, gpus: int) -> None:
    assert gpu_request({"spec": spec}) == gpus


HOLDING = kube.put(POD, "spec.containers", [container(8)])


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(HOLDING, {"pod team/train": 8}, id="running"),
        pytest.param(kube.leaving(HOLDING), {"pod team/train": 8}, id="terminating-still-holds"),
        pytest.param(kube.put(HOLDING, "status.phase", "Succeeded"), {}, id="completed"),
        pytest.param(POD, {}, id="without-gpus"),
    ],
)
def test_pods_hold_gpus_until_they_are_gone(pod: Json, expected: dict[str, int]) -> None:
    assert holders([pod], {}) == expected


def test_a_pod_whose_gpus_come_through_a_claim_counts_once() -> None:
    backed = {"resourceClaimName": "train-gpu"}
    pod = kube.put(HOLDING, "status.extendedResourceClaimStatus", backed)

    assert holders([pod], {"claim team/train-gpu": 8}) == {"claim team/train-gpu": 8}


CLAIM = kube.resource_claim("c", "team", "pool-1")
SLICES = [kube.put(kube.resource_slice("gpu-1"), "spec.pool.name", "pool-1")]


def test_claims_are_attributed_to_the_node_that_publishes_the_pool() -> None:
    assert claims_by_node([CLAIM], SLICES).by_node == {"gpu-1": {"claim team/c": 1}}


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(kube.drop(CLAIM, "status"), id="not-allocated"),
        pytest.param(
            kube.put(CLAIM, "status.allocation.devices.results.0.adminAccess", True),
            id="admin-access",
        ),
        pytest.param(
            kube.put(
                CLAIM, "status.allocation.devices.results.0.driver", "compute-domain.nvidia.com"
            ),
            id="compute-domain",
        ),
    ],
)
def test_claims_that_take_no_gpu_do_not_count(claim: Json) -> None:
    assert claims_by_node([claim], SLICES).by_node == {}


def test_a_claim_on_an_unknown_pool_leaves_open_what_is_free() -> None:
    with pytest.raises(CannotTell, match="claim team/c holds one of unknown pool pool-1"):
        claims_by_node([CLAIM], [])

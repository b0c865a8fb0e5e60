from typing import Any

import pytest

from helper.pod_states import parse_pod, rows
from tests.fakes import objects as kube

Json = dict[str, Any]
GOOD = kube.pod("p", "ns")
OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
PENDING = kube.put(kube.put(GOOD, "status", {"phase": "Pending"}), "spec.nodeName", "")
INIT = [{"name": "init", "state": {"waiting": {"reason": "ErrImagePull", "message": "denied"}}}]


@pytest.mark.parametrize(
    ("obj", "trouble"),
    [
        pytest.param(GOOD, "", id="ready"),
        pytest.param(
            kube.waiting(GOOD),
            "container main: CrashLoopBackOff: CrashLoopBackOff of main",
            id="crash-loop",
        ),
        pytest.param(
            kube.put(kube.waiting(GOOD), "status.containerStatuses.0.lastState", OOM),
            "container main: CrashLoopBackOff: CrashLoopBackOff of main, last exit 137 OOMKilled",
            id="out-of-memory",
        ),
        pytest.param(
            kube.unready(GOOD),
            "ContainersNotReady: containers not ready: [main]",
            id="running-but-not-ready",
        ),
        pytest.param(kube.leaving(GOOD), f"being deleted since {kube.TIME}", id="terminating"),
        pytest.param(
            kube.put(PENDING, "status.initContainerStatuses", INIT),
            "container init: ErrImagePull: denied",
            id="init-container",
        ),
        pytest.param(
            kube.put(
                PENDING,
                "status.conditions",
                [kube.condition("PodScheduled", "False", "Unschedulable", "0/3 nodes fit")],
            ),
            "Unschedulable: 0/3 nodes fit",
            id="unschedulable",
        ),
        pytest.param(
            kube.put(GOOD, "status.containerStatuses.0.ready", False),
            "containers are not ready, although condition Ready is True",
            id="condition-contradicts-containers",
        ),
        pytest.param(PENDING, "phase Pending without a status from kubelet", id="just-created"),
        pytest.param(
            kube.put(GOOD, "status", None), "phase Unknown without a status from kubelet", id="null"
        ),
        pytest.param(
            kube.put(
                kube.unready(GOOD),
                "status.containerStatuses.0.state",
                {"terminated": {"exitCode": 2, "reason": "Error"}},
            ),
            "container main: exited 2 Error",
            id="exited",
        ),
        pytest.param(
            kube.put(
                kube.waiting(GOOD, "ContainerCreating"), "status.conditions", [kube.condition("x")]
            ),
            "phase Running without a status from kubelet",
            id="still-being-created",
        ),
    ],
)
def test_says_what_stands_in_a_pods_way(obj: Json, trouble: str) -> None:
    state = parse_pod(obj)

    assert state.trouble == trouble
    assert state.is_ready is (trouble == "")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_is_over_is_neither_ready_nor_in_trouble(phase: str) -> None:
    state = parse_pod(kube.put(kube.unready(GOOD), "status.phase", phase))

    assert (state.is_over, state.is_ready, state.trouble) == (True, False, "")


def test_counts_containers_and_restarts_as_kubectl_does() -> None:
    row = rows([parse_pod(kube.waiting(GOOD, restarts=12))])[0]

    assert (row.ready, row.restarts, row.node) == ("0/1", 12, "node-1")


def test_long_messages_are_cut() -> None:
    obj = kube.waiting(GOOD)
    obj["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "x" * 1000

    assert len(parse_pod(obj).trouble) < 250

import io
from typing import Any

import pytest

from helper.evidence import Evidence
from helper.nodes import Node, gpu_nodes, is_gpu_node, judged, left_out, parse_node, record
from tests.fakes import objects as kube

Json = dict[str, Any]
GOOD = kube.gpu_node("gpu-1")


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        pytest.param(GOOD, "", id="ready"),
        pytest.param(kube.not_ready(GOOD), "NotReady: NodeStatusUnknown", id="kubelet-silent"),
        pytest.param(
            kube.put(GOOD, "status.conditions", [kube.condition("Ready", "False")]),
            "NotReady: Ready is False",
            id="not-ready-without-reason",
        ),
        pytest.param(
            kube.put(GOOD, "status.conditions", None),
            "NotReady: kubelet has not reported yet",
            id="conditions-null",
        ),
        pytest.param(
            kube.put(GOOD, "status", "gone"),
            "NotReady: kubelet has not reported yet",
            id="status-of-a-wrong-type",
        ),
        pytest.param(kube.cordoned(GOOD), "cordoned", id="cordoned"),
        pytest.param(
            kube.fake(GOOD), "fake node (annotation kwok.x-k8s.io/node)", id="fake-but-ready"
        ),
        pytest.param(
            kube.put(GOOD, "metadata.labels.type", "kwok"),
            "",
            id="labelled-kwok-is-treated-as-real",
        ),
        pytest.param(
            kube.put(GOOD, "metadata.deletionTimestamp", kube.TIME), "being deleted", id="deleted"
        ),
        pytest.param(
            kube.put(
                GOOD,
                "spec.taints",
                [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}],
            ),
            "about to be removed (taint ToBeDeletedByClusterAutoscaler)",
            id="scaled-down",
        ),
        pytest.param(
            kube.put(GOOD, "spec.taints", [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]),
            "",
            id="tainted-for-gpu-pods-only",
        ),
    ],
)
def test_says_why_a_node_cannot_be_judged(obj: Json, reason: str) -> None:
    assert parse_node(obj).left_out == reason


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(kube.node("n", **{"nvidia.com/gpu.present": "true"}), True, id="operator"),
        pytest.param(kube.node("n", **{"nvidia.com/gpu.present": "false"}), False, id="said-no"),
        pytest.param(kube.node("n", **{"nvidia.com/gpu.product": "L40S"}), True, id="discovery"),
        pytest.param(
            kube.node("n", **{"feature.node.kubernetes.io/pci-10de.present": "true"}),
            True,
            id="node-feature-discovery",
        ),
        pytest.param(
            kube.put(kube.node("n"), "status.allocatable", {"nvidia.com/gpu": "0"}),
            True,
            id="device-plugin-down",
        ),
        pytest.param(
            kube.put(kube.node("n"), "status.allocatable", {"nvidia.com/mig-1g.10gb": "7"}),
            True,
            id="mig",
        ),
        pytest.param(
            kube.put(kube.node("n"), "status.capacity", {"nvidia.com/gpu": "8"}),
            True,
            id="nothing-allocatable",
        ),
        pytest.param(kube.node("n", **{"nvidia.com/gpu.count": "8"}), True, id="counted"),
        pytest.param(kube.node("n", **{"nvidia.com/gpu.count": "0"}), False, id="counted-none"),
        pytest.param(kube.node("n"), False, id="cpu-node"),
        pytest.param(kube.node("sliced"), True, id="resource-slice"),
    ],
)
def test_knows_a_gpu_node_by_any_of_its_signs(obj: Json, expected: bool) -> None:
    assert is_gpu_node(parse_node(obj), frozenset({"sliced"})) is expected


@pytest.mark.parametrize(
    ("allocatable", "gpus"),
    [
        pytest.param({"nvidia.com/gpu": "8"}, 8, id="whole"),
        pytest.param({"nvidia.com/gpu.shared": "16"}, 16, id="time-sliced"),
        pytest.param({"nvidia.com/mig-1g.10gb": "7", "nvidia.com/gpu": "1"}, 8, id="mig-mixed"),
        pytest.param({"nvidia.com/gpu": "1k"}, 1000, id="quantity-suffix"),
        pytest.param({"nvidia.com/gpu": "many"}, 0, id="unreadable"),
        pytest.param({"nvidia.com/gpu": None}, 0, id="null"),
        pytest.param({"nvidia.com/hostdev": "8"}, 0, id="network-device"),
        pytest.param(None, 0, id="nothing-allocatable"),
    ],
)
def test_counts_gpus_of_every_kind(allocatable: Json | None, gpus: int) -> None:
    assert parse_node(kube.put(GOOD, "status.allocatable", allocatable)).gpus == gpus


def test_fake_nodes_are_no_gpu_nodes_and_not_listed_as_left_out() -> None:
    nodes = [
        parse_node(item)
        for item in (
            kube.gpu_node("gpu-2"),
            kube.cordoned(GOOD),
            kube.fake(kube.gpu_node("fake-1")),
            kube.node("cpu-1"),
        )
    ]

    found = gpu_nodes(nodes)

    assert [node.name for node in found] == ["gpu-1", "gpu-2"]
    assert [node.name for node in judged(found)] == ["gpu-2"]
    assert left_out(nodes) == {"gpu-1": "cordoned"}


def test_evidence_shows_the_nodes_that_are_left_out_first() -> None:
    out = io.StringIO()

    record(
        Evidence(out), [Node("a", devices={"nvidia.com/gpu": 8}), Node("b", left_out="cordoned")]
    )

    lines = out.getvalue().splitlines()
    assert lines[0] == "--- GPU nodes ---"
    assert [line.split() for line in lines[4:6]] == [
        ["b", "-", "0", "no:", "cordoned"],
        ["a", "-", "8", "yes"],
    ]


@pytest.mark.parametrize(
    ("capacity", "shown"),
    [
        pytest.param({}, "5", id="unknown"),
        pytest.param({"nvidia.com/gpu": 5}, "5", id="all"),
        pytest.param(
            {"nvidia.com/gpu": 8, "vpc.amazonaws.com/efa": 32}, "5 of 8", id="some-unhealthy"
        ),
    ],
)
def test_gpus_that_are_not_handed_out_are_shown(capacity: dict[str, int], shown: str) -> None:
    node = Node("a", devices={"nvidia.com/gpu": 5}, capacity=capacity)

    assert node.gpus_shown == shown


def test_evidence_of_many_nodes_stays_readable() -> None:
    out = io.StringIO()

    record(Evidence(out), [Node(f"gpu-{index}") for index in range(500)])

    assert "--- GPU nodes (40 of 500) ---" in out.getvalue()
    assert len(out.getvalue().splitlines()) < 60

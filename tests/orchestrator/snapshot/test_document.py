import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helper import documents
from helper.models import ValidationInput
from orchestrator.readiness import Result, extract, gate
from orchestrator.snapshot.facts import Facts, Gap
from tests.fakes import objects as kube
from tests.orchestrator.snapshot.samples import as_read, built, data, facts, gpu_node, with_info

Json = dict[str, Any]

MIXED = (gpu_node("gpu-1"), gpu_node("gpu-2", osImage="Ubuntu 22.04.5 LTS"), gpu_node("gpu-3"))


def judged(cluster: Facts, name: str, value: str, severity: str = "error") -> tuple[Result, str]:
    """What the gate says of one constraint."""
    constraint = {"name": name, "value": value, "severity": severity}
    recipe = ValidationInput.model_validate({"constraints": [constraint]})
    finding = gate(recipe, as_read(built(cluster)))[0]
    return finding.result, str(finding)


def test_a_snapshot_of_healthy_gpu_nodes_has_every_reading_and_no_note() -> None:
    found = built(facts(gpu_node("gpu-1"), gpu_node("gpu-2"), with_info(kube.node("cpu-1"))))
    expected = {
        "K8s.server.version": "v1.36.2-eks-4f1c2ab",
        "K8s.cluster.uid": "5b0c9f52",
        "K8s.image.app": "v1",
        "K8s.node.source-node": "gpu-1",
        "K8s.node.provider": "eks",
        "K8s.node.provider-id": "aws:///us-east-1c/i-gpu-1",
        "K8s.node.kubelet-version": "v1.36.2-eks-4f1c2ab",
        "K8s.node.container-runtime-name": "containerd",
        "K8s.node.container-runtime-version": "2.1.5",
        "GPU.hardware.gpu-present": "true",
        "GPU.hardware.gpu-count": "8",
        "GPU.hardware.model": "h100",
        "GPU.hardware.detection-source": "node-labels",
        "OS.release.ID": "ubuntu",
        "OS.release.VERSION_ID": "24.04",
        "OS.sysctl./proc/sys/kernel/osrelease": "6.14.0-1018-aws",
        "NodeTopology.nodes[name=gpu-2].kernel-version": "6.14.0-1018-aws",
    }

    snapshot = as_read(found)
    assert {path: extract(snapshot, path) for path in expected} == expected
    assert found.notes == ()
    assert "incomplete" not in found.document["metadata"]


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_equal_facts_give_equal_bytes_in_whatever_order_they_came(order: random.Random) -> None:
    workers = [with_info(kube.node(f"cpu-{zone}", zone=zone)) for zone in ("a", "b")]
    nodes = [*MIXED, *workers]
    images = [f"registry.example/{name}:v{at}" for at in (1, 2) for name in ("a", "b", "c")]

    shuffled = facts(
        *order.sample(nodes, len(nodes)), images=frozenset(order.sample(images, len(images)))
    )

    expected = facts(*nodes, images=frozenset(images))
    assert documents.dump(built(shuffled).document) == documents.dump(built(expected).document)


def test_only_gpu_nodes_speak_for_a_gpu_cluster() -> None:
    other = with_info(kube.node("cpu-1"), osImage="Amazon Linux 2023.6", kernelVersion="5.10.0")

    found = built(facts(gpu_node("gpu-1"), other))

    assert data(found, "OS.release")["ID"] == "ubuntu"
    assert found.notes == ()


def test_without_gpu_nodes_all_nodes_speak() -> None:
    found = built(facts(with_info(kube.node("cpu-1")), with_info(kube.node("cpu-2"))))

    assert data(found, "OS.release")["VERSION_ID"] == "24.04"
    assert data(found, "GPU.hardware")["gpu-present"] is False


def test_a_node_that_only_a_slice_names_is_a_gpu_node_of_unknown_kind() -> None:
    found = built(facts(with_info(kube.node("a")), nodes_with_slices=frozenset({"a"})))

    assert data(found, "GPU.hardware") == {
        "gpu-present": True,
        "detection-source": "resource-slices",
    }


def test_no_gpu_is_not_claimed_when_slices_could_not_be_read() -> None:
    found = built(facts(with_info(kube.node("a")), nodes_with_slices=None))

    assert data(found, "GPU.hardware") == {}


@pytest.mark.parametrize(
    "leave_out", [kube.not_ready, kube.cordoned], ids=["not-ready", "cordoned"]
)
def test_a_node_that_cannot_be_judged_gives_no_reading_and_is_named(leave_out: Any) -> None:
    odd = leave_out(gpu_node("gpu-2", osImage="Ubuntu 22.04.5 LTS"))

    found = built(facts(gpu_node("gpu-1"), odd))

    assert data(found, "OS.release")["VERSION_ID"] == "24.04"
    assert len(found.notes) == 1
    assert found.notes[0].startswith("NodeTopology.nodes: 1 of 2 GPU nodes give no readings: gpu-2")
    assert found.gaps == ()


def test_when_no_gpu_node_can_be_judged_the_gate_says_why_it_cannot_tell() -> None:
    cluster = facts(kube.not_ready(gpu_node("gpu-1")), with_info(kube.node("cpu-1")))

    result, text = judged(cluster, "OS.release.ID", "ubuntu")

    assert result is Result.UNEVALUABLE
    assert "none of 1 GPU nodes can be judged: NotReady: NodeStatusUnknown" in text


def test_a_cluster_that_lists_no_node_is_said_to_have_none() -> None:
    _, text = judged(facts(), "OS.release.ID", "ubuntu")

    assert "the cluster lists no node, or only fake ones" in text


def test_differing_readings_are_noted_and_none_of_them_is_the_clusters() -> None:
    found = built(facts(*MIXED))

    assert "VERSION_ID" not in data(found, "OS.release")
    assert data(found, "OS.release")["ID"] == "ubuntu"
    assert (
        "OS.release.VERSION_ID: nodes differ: 24.04 on gpu-1,gpu-3; 22.04 on gpu-2" in found.notes
    )
    assert "OS.release.VERSION_ID" in found.document["metadata"]["warnings"]
    assert found.gaps == ()


@pytest.mark.parametrize(
    ("value", "result"),
    [
        pytest.param(">= 20.04", Result.PASSED, id="all-hold"),
        pytest.param("24.04", Result.FAILED, id="one-does-not"),
        pytest.param(">= 24.04", Result.FAILED, id="one-is-older"),
        pytest.param("!= 22.04", Result.FAILED, id="one-is-excluded"),
        pytest.param(">= 22.04.1", Result.UNEVALUABLE, id="one-cannot-be-compared"),
    ],
)
def test_a_constraint_must_hold_on_every_node(value: str, result: Result) -> None:
    found, text = judged(facts(*MIXED), "OS.release.VERSION_ID", value)

    assert found is result
    assert "24.04 on gpu-1,gpu-3; 22.04 on gpu-2" in text


def test_a_reading_that_one_node_lacks_cannot_be_judged() -> None:
    unlabelled = kube.drop(gpu_node("gpu-2"), "metadata.labels")
    cluster = facts(gpu_node("gpu-1"), unlabelled)

    result, text = judged(cluster, "GPU.hardware.model", "h100")

    assert result is Result.UNEVALUABLE
    assert "the snapshot has no GPU.hardware.model on gpu-2" in text


def test_an_unknown_operating_system_is_a_gap() -> None:
    cluster = facts(gpu_node("gpu-1", osImage="Flatcar Container Linux 3815"))

    result, text = judged(cluster, "OS.release.ID", "ubuntu")

    assert result is Result.UNEVALUABLE
    assert "unknown operating system 'Flatcar Container Linux 3815'" in text
    assert built(cluster).document["metadata"]["incomplete"] == "OS.release.ID"


@pytest.mark.parametrize(
    "product", ["NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "NVIDIA-H100-80GB-HBM3-SHARED"]
)
def test_parts_of_gpus_are_not_counted_as_gpus(product: str) -> None:
    node = gpu_node("gpu-1")
    node["metadata"]["labels"]["nvidia.com/gpu.product"] = product

    found = data(built(facts(node)), "GPU.hardware")

    assert found["model"] == "h100"
    assert "gpu-count" not in found


def test_without_feature_discovery_the_kubelet_counts() -> None:
    node = with_info(kube.gpu_node("gpu-1", gpus=4))

    assert data(built(facts(node)), "GPU.hardware")["gpu-count"] == 4


def policy(state: str = "ready", **spec: Any) -> Json:
    return {"spec": spec, "status": {"state": state}}


def test_a_policy_is_flat_text_without_environment_variables() -> None:
    given_policy = policy(
        driver={"enabled": True, "version": "580.1", "env": [{"name": "PASSWORD", "value": "x"}]},
        daemonsets={"tolerations": [{"key": "a"}], "args": []},
        port=9400,
    )

    found = data(built(facts(policies=(given_policy,))), "K8s.policy")

    assert found == {
        "driver.enabled": "true",
        "driver.version": "580.1",
        "daemonsets.tolerations": '[{"key":"a"}]',
        "port": "9400",
    }


def test_the_policy_that_the_operator_ignores_is_ignored() -> None:
    found = built(facts(policies=(policy(a="1"), policy("ignored", a="2"))))

    assert data(found, "K8s.policy") == {"a": "1"}


def test_several_policies_in_force_are_a_gap() -> None:
    found = built(facts(gpu_node("gpu-1"), policies=(policy(a="1"), policy(a="2"))))

    assert data(found, "K8s.policy") == {}
    assert [gap.path for gap in found.gaps] == ["K8s.policy"]


def test_a_gap_is_named_in_the_document_and_by_the_gate() -> None:
    gap = Gap("K8s.image", "not read: list pods: 403 Forbidden:\nsays who")
    cluster = facts(gpu_node("gpu-1"), images=None, gaps=(gap,))

    result, text = judged(cluster, "K8s.image.gpu-operator", ">= v25", severity="warning")

    assert result is Result.UNEVALUABLE
    assert "(not read: list pods: 403 Forbidden: says who)" in text
    assert built(cluster).document["metadata"]["incomplete"] == "K8s.image"


def test_nodes_that_were_not_read_are_missed_wherever_they_are_needed() -> None:
    cluster = facts(nodes=None, nodes_with_slices=None)

    for path in ("OS.release.ID", "GPU.hardware.model", "K8s.node.provider"):
        result, text = judged(cluster, path, "x")
        assert result is Result.UNEVALUABLE
        assert "nodes were not read" in text
    assert data(built(cluster), "NodeTopology.summary") == {}

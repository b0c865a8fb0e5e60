from typing import Any

import pytest

from images.conformance._gpu_operator import (
    Operand,
    Policy,
    expected_operands,
    implements,
    is_operand,
    only_waits_for_pods,
    parse_policy,
    wants_controller,
)
from tests.fakes import objects as kube

Json = dict[str, Any]

POLICY = kube.cluster_policy()
DEFAULTS = {
    "driver",
    "toolkit",
    "devicePlugin",
    "dcgm",
    "dcgmExporter",
    "gfd",
    "migManager",
    "validator",
}


@pytest.mark.parametrize(
    ("spec", "settings"),
    [
        pytest.param({}, DEFAULTS, id="defaults"),
        pytest.param(None, DEFAULTS, id="spec-null"),
        pytest.param(
            {"driver": {"enabled": False}, "toolkit": {"enabled": False}},
            DEFAULTS - {"driver", "toolkit"},
            id="host-drivers",
        ),
        pytest.param(
            {"migManager": {"enabled": False}, "dcgm": {"enabled": False}},
            DEFAULTS - {"migManager", "dcgm"},
            id="no-mig-no-standalone-dcgm",
        ),
        pytest.param(
            {"driver": {"useNvidiaDriverCRD": True}}, DEFAULTS - {"driver"}, id="driver-objects"
        ),
        pytest.param(
            {"nodeStatusExporter": {"enabled": True}},
            DEFAULTS | {"nodeStatusExporter"},
            id="node-status-exporter",
        ),
        pytest.param({"gfd": {"enabled": "no"}}, DEFAULTS, id="enabled-of-a-wrong-type"),
        pytest.param({"gfd": "off"}, DEFAULTS, id="setting-of-a-wrong-type"),
    ],
)
def test_operands_follow_from_the_cluster_policy(spec: Json | None, settings: set[str]) -> None:
    found = expected_operands(kube.put(POLICY, "spec", spec))

    assert {operand.setting for operand in found} == settings


@pytest.mark.parametrize(
    ("spec", "settings"),
    [
        ({}, {"draDriver", "dcgmExporter"}),
        ({"dcgm": {"enabled": True}}, {"draDriver", "dcgm", "dcgmExporter"}),
        ({"dcgmExporter": {"enabled": False}}, {"draDriver"}),
    ],
    ids=["defaults", "standalone-dcgm", "no-exporter"],
)
def test_operands_follow_from_the_gpu_cluster(spec: Json, settings: set[str]) -> None:
    found = expected_operands(kube.put(kube.gpu_cluster(), "spec", spec))

    assert {operand.setting for operand in found} == settings


def test_only_a_gpu_cluster_with_compute_domains_has_a_controller() -> None:
    assert wants_controller(kube.gpu_cluster())
    assert not wants_controller(kube.put(kube.gpu_cluster(), "spec.draDriver", {}))
    assert not wants_controller(POLICY)


@pytest.mark.parametrize(
    ("name", "operand", "expected"),
    [
        ("nvidia-dcgm", Operand("dcgm", ("nvidia-dcgm",)), True),
        ("nvidia-dcgm-exporter", Operand("dcgm", ("nvidia-dcgm",)), False),
        (
            "nvidia-driver-daemonset-5.15.0-ubuntu22.04",
            Operand("driver", ("nvidia-driver-daemonset",), is_prefix=True),
            True,
        ),
        ("nfd-worker", Operand("gfd", ("gpu-feature-discovery",)), False),
    ],
)
def test_an_operand_is_known_by_its_name(name: str, operand: Operand, expected: bool) -> None:
    assert implements(kube.daemon_set(name, "gpu-operator"), operand) is expected


def test_daemon_sets_that_the_operator_owns_are_operands_too() -> None:
    sandbox = kube.daemon_set("nvidia-sandbox-validator", "gpu-operator")
    owners = [{"kind": "ClusterPolicy", "name": "cluster-policy"}]

    assert is_operand(kube.put(sandbox, "metadata.ownerReferences", owners), [])
    assert not is_operand(sandbox, [])


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        ("notReady", "OperandNotReady", True),
        ("notReady", "DriverNotReady", True),
        ("notReady", "", True),
        ("notReady", "ReconcileFailed", False),
        ("notReady", "NFDLabelsMissing", False),
        ("disabled", "", False),
    ],
)
def test_knows_when_an_operator_waits_for_pods_only(
    state: str, reason: str, expected: bool
) -> None:
    assert only_waits_for_pods(Policy("ClusterPolicy", "p", state, reason)) is expected


@pytest.mark.parametrize(
    ("status", "policy"),
    [
        pytest.param(
            {"state": "ready", "conditions": None}, Policy("ClusterPolicy", "p", "ready"), id="old"
        ),
        pytest.param(
            {
                "state": "notReady",
                "conditions": [
                    kube.condition("Ready", "False", "Error"),
                    kube.condition("Error", "True", "ReconcileFailed", "no nodes"),
                ],
            },
            Policy(
                "ClusterPolicy",
                "p",
                "notReady",
                "ReconcileFailed",
                "no nodes",
                against="Ready=False and Error=True",
            ),
            id="error-explains",
        ),
        pytest.param({"state": 5}, Policy("ClusterPolicy", "p", "5"), id="number"),
        pytest.param({"state": None}, Policy("ClusterPolicy", "p", ""), id="null"),
        pytest.param({"state": {}}, Policy("ClusterPolicy", "p", ""), id="mapping"),
    ],
)
def test_reads_a_policy_whatever_its_status_holds(status: Json, policy: Policy) -> None:
    assert parse_policy(kube.put(kube.cluster_policy("p"), "status", status)) == policy

"""What a cluster serves is judged whatever its shape; a wrong type is never a crash."""

from collections.abc import Callable
from typing import Any

import pytest

from helper.daemon_sets import daemon_set
from helper.nodes import is_gpu_node, parse_node
from helper.pod_states import parse_pod
from helper.scheduling import targets
from helper.workloads import JUDGES, ROLLED_OUT, by_condition, health_of
from images.conformance._allocation import inspect
from images.conformance._dra_driver import controllers, has_compute_domains, kubelet_plugins
from images.conformance._gpu_operator import (
    expected_operands,
    is_operand,
    parse_policy,
    state_problem,
    wants_controller,
)
from images.conformance._slices import parse_slice, pool_problems, usable_devices
from images.performance._gpu_holders import claims_by_node, gpu_request, holders
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.fakes.malformed import malformed

Json = dict[str, Any]

NODES = [parse_node(kube.gpu_node("gpu-1")), parse_node(kube.cordoned(kube.gpu_node("gpu-2")))]
TOLERATING = kube.put(
    kube.put(clusters.dra_plugin(), "spec.template.spec.tolerations", [{"operator": "Exists"}]),
    "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution",
    {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
        ]
    },
)
OWNED = kube.put(
    TOLERATING, "metadata.ownerReferences", [{"kind": "ClusterPolicy", "controller": True}]
)
POD = kube.waiting(kube.pod("p", "ns"))
POD["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "8"}}
POD["spec"]["initContainers"] = [{"name": "i", "resources": {"requests": {"nvidia.com/gpu": "1"}}}]
SLICE = kube.resource_slice("gpu-1", devices=2)
SLICE["spec"]["devices"][0]["taints"] = [{"key": "a", "effect": "NoSchedule"}]


def judge_slice(obj: Json) -> None:
    found = parse_slice(obj)
    pool_problems([found])
    usable_devices([found], NODES, "gpu.nvidia.com", "gpu")
    inspect(NODES, [found], [obj])


def judge_daemon_set(obj: Json) -> None:
    daemon_set(obj, NODES, [parse_pod(POD)])
    targets(obj, NODES[0])
    kubelet_plugins([obj])
    has_compute_domains(obj)
    is_operand(obj, expected_operands(kube.cluster_policy()))


def judge_policy(obj: Json) -> None:
    state_problem(parse_policy(obj), 2)
    expected_operands(obj)
    wants_controller(obj)


def judge_pod(obj: Json) -> None:
    parse_pod(obj)
    gpu_request(obj)
    holders([obj], {})


def judge_workload(obj: Json) -> None:
    for kind in (*JUDGES, *ROLLED_OUT):
        health_of(kind, obj)
    by_condition(obj, "Ready")
    controllers([obj])


@pytest.mark.parametrize(
    ("obj", "judge"),
    [
        pytest.param(kube.gpu_node("n"), lambda obj: is_gpu_node(parse_node(obj)), id="node"),
        pytest.param(POD, judge_pod, id="pod"),
        pytest.param(OWNED, judge_daemon_set, id="daemon-set"),
        pytest.param(kube.deployment("d", "ns"), judge_workload, id="deployment"),
        pytest.param(kube.stateful_set("s", "ns"), judge_workload, id="stateful-set"),
        pytest.param(kube.cluster_policy(), judge_policy, id="cluster-policy"),
        pytest.param(kube.gpu_cluster(), judge_policy, id="gpu-cluster"),
        pytest.param(SLICE, judge_slice, id="resource-slice"),
        pytest.param(kube.device_class(), judge_slice, id="device-class"),
    ],
)
def test_a_field_of_a_wrong_type_is_no_crash(obj: Json, judge: Callable[[Json], object]) -> None:
    for broken in malformed(obj):
        judge(broken)


def test_a_claim_of_a_wrong_shape_is_no_crash() -> None:
    claim = kube.resource_claim("c", "ns", "gpu-1")
    claim["status"]["allocation"]["devices"]["results"][0].pop("driver")

    for broken in malformed(claim):
        claims_by_node([broken], [SLICE])

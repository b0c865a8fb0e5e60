"""Where pods go, and what is said when they go nowhere."""

from typing import Any

import pytest

from orchestrator.replay.workloads.scheduler import place
from tests.fakes.objects import put

Json = dict[str, Any]

NODE: Json = {
    "kind": "Node",
    "metadata": {"name": "a", "labels": {"kubernetes.io/hostname": "a", "zone": "1"}},
    "spec": {},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10", "nvidia.com/gpu": "8"},
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}
POD: Json = {
    "metadata": {"name": "p", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
}
TAINTS = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]
BELONGS = {"key": "zone", "operator": "In", "values": ["1"]}


def named(name: str, **labels: str) -> Json:
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}}
    return {**NODE, "metadata": metadata}


def running(on: str, **requests: str) -> Json:
    container = {"name": "c", "resources": {"requests": requests}}
    return {
        "metadata": {"name": f"r-{on}", "namespace": "default", "labels": {"app": "db"}},
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": "Running"},
    }


def required(term: Json) -> Json:
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return put(POD, "spec.affinity", {"nodeAffinity": affinity})


def near(kind: str, **labels: str) -> Json:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": labels}}
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    return put(POD, "spec.affinity", {kind: affinity})


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(POD, id="plain"),
        pytest.param(put(POD, "spec.nodeSelector", {"zone": "1"}), id="selector"),
        pytest.param(required({"matchExpressions": [BELONGS]}), id="affinity"),
        pytest.param(
            required(
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}
            ),
            id="by-name",
        ),
        pytest.param(
            put(POD, "spec.containers.0.resources", {"limits": {"nvidia.com/gpu": "8"}}),
            id="all-gpus",
        ),
        pytest.param(near("podAffinity", app="db"), id="near"),
        pytest.param(near("podAntiAffinity", app="other"), id="not-apart"),
    ],
)
def test_fits(pod: Json) -> None:
    assert place(pod, [NODE], [running("a", cpu="1")]).node == "a"


@pytest.mark.parametrize(
    ("pod", "node", "reason", "helpless"),
    [
        pytest.param(
            put(POD, "spec.containers.0.resources.requests", {"nvidia.com/gpu": "9"}),
            NODE,
            "1 Insufficient nvidia.com/gpu",
            "1 Preemption is not helpful for scheduling",
            id="more-than-there-is",
        ),
        pytest.param(
            put(POD, "spec.containers.0.resources.requests", {"cpu": "3500m"}),
            NODE,
            "1 Insufficient cpu",
            "1 No preemption victims found for incoming pod",
            id="more-than-is-free",
        ),
        pytest.param(
            put(POD, "spec.nodeSelector", {"zone": "2"}),
            NODE,
            "1 node(s) didn't match Pod's node affinity/selector",
            "1 Preemption is not helpful for scheduling",
            id="selector",
        ),
        pytest.param(
            required({"matchExpressions": [{**BELONGS, "operator": "NotIn"}]}),
            NODE,
            "1 node(s) didn't match Pod's node affinity/selector",
            "1 Preemption is not helpful for scheduling",
            id="affinity",
        ),
        pytest.param(
            POD,
            put(NODE, "spec.taints", TAINTS),
            "1 node(s) had untolerated taint(s)",
            "1 Preemption is not helpful for scheduling",
            id="taint",
        ),
        pytest.param(
            POD,
            put(NODE, "spec.unschedulable", True),
            "1 node(s) were unschedulable",
            "1 Preemption is not helpful for scheduling",
            id="cordoned",
        ),
        pytest.param(
            POD,
            put(NODE, "status.conditions.0.status", "Unknown"),
            "1 node(s) had untolerated taint(s)",
            "1 Preemption is not helpful for scheduling",
            id="not-ready",
        ),
        pytest.param(
            POD,
            put(NODE, "status.allocatable.pods", "1"),
            "1 Too many pods",
            "1 No preemption victims found for incoming pod",
            id="full",
        ),
        pytest.param(
            near("podAffinity", app="other"),
            NODE,
            "1 node(s) didn't match pod affinity rules",
            "1 Preemption is not helpful for scheduling",
            id="nobody-near",
        ),
        pytest.param(
            near("podAntiAffinity", app="db"),
            NODE,
            "1 node(s) didn't match pod anti-affinity rules",
            "1 No preemption victims found for incoming pod",
            id="somebody-near",
        ),
    ],
)
def test_does_not_fit(pod: Json, node: Json, reason: str, helpless: str) -> None:
    placement = place(pod, [node], [running("a", cpu="1")])

    assert placement.node == ""
    assert placement.message == (
        f"0/1 nodes are available: {reason}. no new claims to deallocate, preemption: "
        f"0/1 nodes are available: {helpless}."
    )


def test_counts_the_reasons_of_all_nodes() -> None:
    tainted = [put(named(name), "spec.taints", TAINTS) for name in "bc"]
    pod = put(POD, "spec.nodeSelector", {"zone": "2"})

    assert place(pod, [NODE, *tainted], []).message.startswith(
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
        "2 node(s) had untolerated taint(s). "
    )


def test_a_pod_that_is_pinned_by_name_is_kept_off_all_other_nodes() -> None:
    by_name = {"key": "metadata.name", "operator": "In", "values": ["a"]}
    pod = required({"matchFields": [by_name]})
    cordoned = put(NODE, "spec.unschedulable", True)

    assert place(pod, [cordoned, named("b"), named("c")], []).message.startswith(
        "0/3 nodes are available: 1 node(s) were unschedulable, "
        "2 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
    )


def test_the_largest_init_container_counts() -> None:
    before = {"name": "i", "resources": {"requests": {"cpu": "4"}}}
    pod = put(POD, "spec.initContainers", [before])

    assert place(pod, [NODE], []).node == "a"
    assert "1 Insufficient cpu" in place(pod, [NODE], [running("a", cpu="1")]).message


def test_the_first_of_pods_that_want_to_be_together_goes_anywhere() -> None:
    pod = put(near("podAffinity", app="db"), "metadata.labels", {"app": "db"})

    assert place(pod, [NODE], []).node == "a"


def test_a_pod_keeps_off_those_that_want_to_be_alone() -> None:
    alone = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": [alone]}
    other = put(running("a"), "spec.affinity", {"podAntiAffinity": affinity})
    pod = put(POD, "metadata.labels", {"app": "db"})

    assert (
        "1 node(s) didn't satisfy existing pods anti-affinity rules"
        in place(pod, [NODE], [other]).message
    )


@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"key": "gpu", "operator": "Exists"},
        {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "gpu", "operator": "Equal", "value": "yes"},
        {"key": "gpu", "value": "yes"},
    ],
)
def test_tolerates(toleration: Json) -> None:
    pod = put(POD, "spec.tolerations", [toleration])

    assert place(pod, [put(NODE, "spec.taints", TAINTS)], []).node == "a"


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "gpu", "operator": "Exists", "effect": "NoExecute"},
        {"key": "gpu", "value": "no"},
        {"key": "other", "operator": "Exists"},
    ],
)
def test_does_not_tolerate(toleration: Json) -> None:
    pod = put(POD, "spec.tolerations", [toleration])

    assert place(pod, [put(NODE, "spec.taints", TAINTS)], []).node == ""


def test_a_taint_that_only_prefers_stops_nobody() -> None:
    taints = [{"key": "gpu", "effect": "PreferNoSchedule"}]

    assert place(POD, [put(NODE, "spec.taints", taints)], []).node == "a"


def test_takes_the_node_that_the_pod_prefers() -> None:
    absent = {"key": "nvidia.com/gpu.present", "operator": "DoesNotExist"}
    wish = {"weight": 100, "preference": {"matchExpressions": [absent]}}
    affinity = {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}
    pod = put(POD, "spec.affinity", {"nodeAffinity": affinity})
    gpu = named("a", **{"nvidia.com/gpu.present": "true"})

    assert place(pod, [gpu, named("cpu")], [running("cpu")]).node == "cpu"


def test_takes_the_emptiest_node_and_then_the_first() -> None:
    nodes = [named("c"), named("b"), named("a")]

    assert place(POD, nodes, [running("a")]).node == "b"


def test_pods_that_are_over_take_no_room() -> None:
    over = put(running("a", cpu="4"), "status.phase", "Succeeded")

    assert place(POD, [NODE], [over]).node == "a"


def test_without_nodes_nothing_is_scheduled() -> None:
    assert place(POD, [], []).message == "no nodes available to schedule pods"

from typing import Any

import pytest

from helper.nodes import parse_node
from orchestrator.capacity import Held, Room
from orchestrator.doctor import cluster
from orchestrator.doctor.finding import Level
from orchestrator.replay import ReplayCluster
from orchestrator.settings import Keep, RunSettings
from tests.orchestrator.engine import Engine, entry, node, script, served

Json = dict[str, Any]


def namespace(**metadata: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "home", **metadata}}


def pod(cpu: str = "100m", phase: str = "Running") -> Json:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    spec = {"nodeName": "node-1", "containers": [container]}
    return {"metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}}


def quota(hard: Json, used: Json) -> Json:
    return {"status": {"hard": hard, "used": used}}


def looked(*objects: Json) -> list[Any]:
    with served(ReplayCluster(objects=list(objects))) as kube:
        return list(cluster.look_at_namespace(kube, "home"))


def test_a_namespace_that_a_run_makes_is_no_obstacle() -> None:
    (finding,) = looked()

    assert (finding.level, finding.words) == (Level.OK, "home does not exist yet; a run makes it")


def test_the_pod_security_level_is_told() -> None:
    labelled = namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})
    found = looked(labelled)

    assert found[0].words == "home exists, pod security: restricted"
    assert all(finding.level is Level.OK for finding in found)


def test_a_namespace_that_is_being_deleted_takes_no_run() -> None:
    ending = namespace(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["x/y"])

    (finding,) = looked(ending)

    assert finding.level is Level.FAIL
    assert "--namespace" in finding.advice


@pytest.mark.parametrize(
    ("hard", "used", "level"),
    [
        pytest.param({}, {}, Level.OK, id="no-quota"),
        pytest.param({"pods": "10"}, {"pods": "9"}, Level.OK, id="room-for-one"),
        pytest.param({"pods": "10"}, {"pods": "10"}, Level.FAIL, id="no-pod"),
        pytest.param({"requests.cpu": "1"}, {"requests.cpu": "950m"}, Level.FAIL, id="no-cpu"),
        pytest.param({"limits.memory": "512Mi"}, {}, Level.FAIL, id="limits"),
        pytest.param({"services": "0"}, {"services": "0"}, Level.OK, id="of-no-interest"),
        pytest.param({"pods": "many"}, {"pods": "x"}, Level.FAIL, id="unreadable"),
    ],
)
def test_a_quota_must_leave_room_for_a_check(hard: Json, used: Json, level: Level) -> None:
    assert cluster.quota([quota(hard, used)]).level is level


@pytest.mark.parametrize(
    ("pods", "names", "level"),
    [
        pytest.param([], {"node-1"}, Level.OK, id="idle"),
        pytest.param([pod("15500m")], {"node-1"}, Level.WARN, id="room-for-five"),
        pytest.param([pod("16")], {"node-1"}, Level.FAIL, id="full"),
        pytest.param([pod("16", "Succeeded")], {"node-1"}, Level.OK, id="what-is-over"),
        pytest.param([pod("soon")], {"node-1"}, Level.OK, id="unreadable-request"),
        pytest.param([], set(), Level.FAIL, id="no-node-that-can-be-judged"),
    ],
)
def test_checks_need_room_on_nodes(pods: list[Json], names: set[str], level: Level) -> None:
    assert cluster.room([node()], pods, names, 8).level is level


def test_nodes_that_cannot_be_judged_are_named() -> None:
    nodes = [parse_node(node(f"n{i}", spec={"unschedulable": True})) for i in range(7)]

    (finding,) = cluster.left_out_nodes(nodes)

    assert finding.level is Level.WARN
    assert "n0 (cordoned)" in finding.words
    assert "and 2 more" in finding.words
    assert list(cluster.left_out_nodes([parse_node(node())])) == []


def test_says_who_offers_gpus() -> None:
    plugin = node(allocatable={"nvidia.com/gpu": "8"})
    nodes = [parse_node(plugin)]

    assert cluster.gpus([], []).level is Level.WARN
    assert "neither a device plugin nor a DRA driver" in cluster.gpus(nodes, []).words
    offered = cluster.gpus(nodes, [Room("node-1", 8, (Held("pod team/p", 2),))]).words
    assert offered == "6 of 8 free on 1 GPU node, offered by device plugin"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param(
            {"conditions": [{"type": "Ready", "status": "Unknown"}]}, "not ready", id="not-ready"
        ),
        pytest.param({"spec": {"unschedulable": True}}, "cordoned", id="cordoned"),
        pytest.param({"allocatable": {"nvidia.com/gpu": "0"}}, "offering none", id="empty"),
    ],
)
def test_gpu_nodes_that_offer_none_are_counted_with_the_reason(other: Json, words: str) -> None:
    nodes = [parse_node(node("a", allocatable={"nvidia.com/gpu": "8"}))]
    nodes.append(parse_node(node("b", **{"allocatable": {"nvidia.com/gpu": "8"}, **other})))

    found = cluster.gpus(nodes, [Room("a", 8)]).words

    assert found == f"8 of 8 free on 1 of 2 GPU nodes (1 {words}), offered by device plugin"


def test_gpus_that_nobody_can_have_are_told() -> None:
    nodes = [
        parse_node(node("a", allocatable={"nvidia.com/gpu": "5"}, capacity={"nvidia.com/gpu": "8"}))
    ]

    finding = cluster.gpus(nodes, [Room("a", 5)])

    assert finding.level is Level.WARN
    assert "5 of 5 free on 1 GPU node" in finding.words
    assert finding.words.endswith("; 3 more not allocatable")


def test_leftovers_of_earlier_runs_are_counted() -> None:
    done = Engine([entry("alpha")], [script("alpha")], settings=RunSettings(keep=Keep.ALWAYS)).run()

    with served(done.cluster) as kube:
        finding = cluster.look_at_leftovers(kube)

    assert finding.level is Level.WARN
    assert "of 1 runs from more than a day ago" in finding.words
    assert "aicr-orch gc" in finding.advice

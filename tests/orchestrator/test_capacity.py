from typing import Any

import pytest

from orchestrator.capacity import Held, Room, rooms
from orchestrator.outcome import Status
from orchestrator.preflight import needs
from tests.orchestrator.engine import (
    RUN_ID,
    Engine,
    entry,
    everything,
    gpu_node,
    node,
    script,
)
from tests.orchestrator.samples import plan

Json = dict[str, Any]


def pod(gpus: int, on: str = "n1", phase: str = "Running", name: str = "p") -> Json:
    container = {"name": "c", "image": "x", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "team", "uid": f"u-{name}"},
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": phase},
    }


def offer(*names: str, generation: int = 1, on: str = "n1", **changes: Any) -> Json:
    devices = [{"name": name, "attributes": {"type": {"string": "gpu"}}} for name in names]
    spec = {"driver": "gpu.nvidia.com", "nodeName": on, "devices": devices, **changes}
    return {"spec": {**spec, "pool": {"name": on, "generation": generation}}}


def claim(device: str, **changes: Any) -> Json:
    result = {"driver": "gpu.nvidia.com", "pool": "n1", "device": device, **changes}
    reserved = [{"resource": "pods", "name": "p", "uid": "u-p"}]
    status = {"allocation": {"devices": {"results": [result]}}, "reservedFor": reserved}
    return {"metadata": {"name": "c", "namespace": "team"}, "status": status}


def unreserved(made: Json) -> Json:
    del made["status"]["reservedFor"]
    return made


def ending(made: Json) -> Json:
    made["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    return made


def checks(made: Json) -> Json:
    made["metadata"]["labels"] = {"aicr.run/run-id": RUN_ID}
    return made


def backed(gpus: int) -> Json:
    made = pod(gpus)
    made["status"]["extendedResourceClaimStatus"] = {"resourceClaimName": "c"}
    return made


def init(gpus: int) -> Json:
    made = pod(1)
    made["spec"]["initContainers"] = pod(gpus)["spec"]["containers"]
    return made


@pytest.mark.parametrize(
    ("pods", "slices", "claims", "held"),
    [
        pytest.param([], [], [], [], id="idle"),
        pytest.param(
            [pod(2), pod(3)], [], [], [Held("pod team/p", 2), Held("pod team/p", 3)], id="pods"
        ),
        pytest.param([pod(2, phase="Succeeded")], [], [], [], id="over"),
        pytest.param([pod(2, on="")], [], [], [], id="not-scheduled"),
        pytest.param([init(4)], [], [], [Held("pod team/p", 4)], id="init-container"),
        pytest.param(
            [pod(0)], [offer("a", "b")], [claim("a")], [Held("claim team/c of p", 1)], id="claim"
        ),
        pytest.param([], [offer("a")], [claim("a", adminAccess=True)], [], id="onlooker"),
        pytest.param([], [], [claim("a", driver="other")], [], id="foreign-claim"),
        pytest.param(
            [backed(1)],
            [offer("a")],
            [claim("a")],
            [Held("claim team/c of p", 1)],
            id="counted-once",
        ),
    ],
)
def test_counts_gpus_and_who_holds_them(
    pods: list[Json], slices: list[Json], claims: list[Json], held: list[Held]
) -> None:
    assert rooms([gpu_node("n1")], pods, slices, claims) == [Room("n1", 8, tuple(held))]


@pytest.mark.parametrize(
    ("pods", "claims", "why"),
    [
        pytest.param([pod(1)], [], "", id="a-pod-that-stays"),
        pytest.param([ending(pod(1))], [], "Terminating", id="a-pod-that-ends"),
        pytest.param([checks(pod(1))], [], f"of run {RUN_ID}", id="a-checks-own-pod"),
        pytest.param([], [ending(claim("a"))], "being deleted", id="a-claim-that-goes"),
        pytest.param([], [unreserved(claim("a"))], "no longer reserved", id="nobody-uses-it"),
        pytest.param([], [claim("a")], "its pod is gone", id="its-pod-is-gone"),
        pytest.param([pod(0)], [claim("a")], "", id="its-pod-stays"),
        pytest.param([ending(pod(0))], [claim("a")], "Terminating", id="its-pod-ends"),
    ],
)
def test_tells_who_is_about_to_leave(pods: list[Json], claims: list[Json], why: str) -> None:
    (room,) = rooms([gpu_node("n1")], pods, [offer("a")], claims)

    assert [item.leaving for item in room.held] == [why]
    assert (room.free, room.soon_free) == (7, 8 if why else 7)


def test_devices_of_an_older_generation_and_of_another_kind_are_none() -> None:
    newer = offer("a", "b", generation=2)
    newer["spec"]["devices"].append({"name": "m", "attributes": {"type": {"string": "mig"}}})

    assert rooms([node("n1")], [], [offer("old", "older", "oldest"), newer], []) == [Room("n1", 2)]


def test_nodes_that_cannot_be_judged_have_no_room() -> None:
    cordoned = gpu_node("n1", spec={"unschedulable": True})

    assert rooms([cordoned, node("n2")], [], [], []) == []


def test_gpu_nodes_that_cannot_be_judged_are_told_with_the_reason() -> None:
    cordoned = gpu_node("n2", spec={"unschedulable": True})
    done = Engine(
        [entry("hungry", needs={"gpus": 8, "nodes": 2})],
        [script("hungry")],
        objects=[gpu_node("n1"), cordoned, node("n3", spec={"unschedulable": True})],
    ).run()

    blocked = done.outcome("hungry")
    assert blocked.raw_status == "Blocked"
    assert "cannot be judged: 1 with GPUs (n2 cordoned)" in blocked.message


def test_a_check_without_room_is_blocked_before_its_job_is_made() -> None:
    done = Engine(
        [entry("hungry", needs={"gpus": 8}), entry("modest", needs={"gpus": 1})],
        [script("hungry"), script("modest")],
        objects=[gpu_node("n1"), pod(2)],
    ).run()

    blocked = done.outcome("hungry")
    assert (blocked.status, blocked.raw_status) == (Status.OTHER, "Blocked")
    assert "n1 6 of 8" in blocked.message
    assert done.outcome("modest").status is Status.PASSED
    assert int(done.result.exit) == 3
    made = [r.path for r in done.cluster.requests if r.method == "POST"]
    assert sum(path.endswith("/jobs") for path in made) == 1
    assert [o for o in everything(done.cluster) if o["kind"] == "Job"] == []


def test_only_who_may_see_all_pods_can_count_free_gpus() -> None:
    asked = [str(need) for need in needs(plan(entry("a", needs={})))]

    assert "list pods in the whole cluster" in asked
    assert "list resourceclaims.resource.k8s.io in the whole cluster" in asked
    assert "list pods in the whole cluster" not in map(str, needs(plan(entry("a"))))

from typing import Any

import pytest

from orchestrator.capacity import Room, lacking, rooms
from orchestrator.catalog import Needs
from orchestrator.outcome import Status
from orchestrator.preflight import needs
from tests.orchestrator.engine import Engine, entry, everything, node, script
from tests.orchestrator.samples import plan

Json = dict[str, Any]


def gpu_node(name: str, gpus: int = 8, **changes: Any) -> Json:
    made = node(name, **changes)
    made["status"]["allocatable"] = {**made["status"]["allocatable"], "nvidia.com/gpu": str(gpus)}
    return made


def pod(gpus: int, on: str = "n1", phase: str = "Running", name: str = "p") -> Json:
    container = {"name": "c", "image": "x", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": phase},
    }


def offer(*names: str, generation: int = 1, on: str = "n1", **changes: Any) -> Json:
    devices = [{"name": name, "attributes": {"type": {"string": "gpu"}}} for name in names]
    spec = {"driver": "gpu.nvidia.com", "nodeName": on, "devices": devices, **changes}
    return {"spec": {**spec, "pool": {"name": on, "generation": generation}}}


def claim(device: str, **changes: Any) -> Json:
    result = {"driver": "gpu.nvidia.com", "pool": "n1", "device": device, **changes}
    return {"status": {"allocation": {"devices": {"results": [result]}}}}


def init(gpus: int) -> Json:
    made = pod(1)
    made["spec"]["initContainers"] = pod(gpus)["spec"]["containers"]
    return made


@pytest.mark.parametrize(
    ("pods", "slices", "claims", "room"),
    [
        pytest.param([], [], [], Room("n1", 8, 0), id="idle"),
        pytest.param([pod(2), pod(3)], [], [], Room("n1", 8, 5), id="pods"),
        pytest.param([pod(2, phase="Succeeded")], [], [], Room("n1", 8, 0), id="over"),
        pytest.param([pod(2, on="")], [], [], Room("n1", 8, 0), id="not-scheduled"),
        pytest.param([init(4)], [], [], Room("n1", 8, 4), id="init-container"),
        pytest.param([], [offer("a", "b")], [claim("a")], Room("n1", 8, 1), id="claim"),
        pytest.param(
            [], [offer("a")], [claim("a", adminAccess=True)], Room("n1", 8, 0), id="onlooker"
        ),
        pytest.param([], [], [claim("a", driver="other")], Room("n1", 8, 0), id="foreign-claim"),
    ],
)
def test_counts_gpus_and_who_holds_them(
    pods: list[Json], slices: list[Json], claims: list[Json], room: Room
) -> None:
    assert rooms([gpu_node("n1")], pods, slices, claims) == [room]


def test_devices_of_an_older_generation_and_of_another_kind_are_none() -> None:
    newer = offer("a", "b", generation=2)
    newer["spec"]["devices"].append({"name": "m", "attributes": {"type": {"string": "mig"}}})

    assert rooms([node("n1")], [], [offer("old", "older", "oldest"), newer], []) == [
        Room("n1", 2, 0)
    ]


def test_nodes_that_cannot_be_judged_have_no_room() -> None:
    cordoned = gpu_node("n1", spec={"unschedulable": True})

    assert rooms([cordoned, node("n2")], [], [], []) == []


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        pytest.param(Needs(gpus=8, nodes=2), [Room("a", 8, 0), Room("b", 8, 0)], "", id="enough"),
        pytest.param(
            Needs(gpus=8, nodes=2),
            [Room("a", 8, 0), Room("b", 8, 1)],
            "it needs 8 free GPUs on each of 2 nodes, and 1 have as many (free: a 8 of 8, b 7 of 8",
            id="too-few",
        ),
        pytest.param(Needs(), [], "no node that can be judged has a GPU", id="none"),
        pytest.param(Needs(gpus=2), [Room(f"n{i}", 1, 0) for i in range(20)], "12 more", id="many"),
    ],
)
def test_says_what_is_lacking(wanted: Needs, found: list[Room], said: str) -> None:
    words = lacking(wanted, found)

    assert said in words
    assert bool(words) is bool(said)


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

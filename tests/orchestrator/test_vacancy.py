from collections.abc import Callable
from typing import Any

import pytest

from helper.kinds import JOBS, LEASES, PODS
from orchestrator.events import CheckFinished, CheckProgressed, Event, Notice
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.preflight import needs
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import RunSettings
from tests.orchestrator.engine import (
    RUN_ID,
    Engine,
    Finished,
    entry,
    everything,
    gpu_node,
    node,
    script,
)
from tests.orchestrator.samples import plan

Json = dict[str, Any]

HASTY = RunSettings(room_wait_s=0.1, release_wait_s=0.1)
HUNGRY = entry("alpha", needs={"gpus": 8}, locks=["gpu"])
STARTS_PODS = {"resources": ["pods"], "verbs": ["create"], "namespace": "tests"}
GREEDY = entry("alpha", locks=["gpu"], rbac=[STARTS_PODS])


def pod(*, ending: bool = False, where: str = "team", labels: Json | None = None) -> Json:
    container = {"name": "c", "image": "x", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    meta: Json = {"name": "p", "namespace": where, "uid": "u-p", "labels": labels or {}}
    if ending:
        meta |= {"deletionTimestamp": "2026-01-02T03:04:05Z", "finalizers": ["example.com/slow"]}
    spec = {"nodeName": "n1", "containers": [container]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": spec,
        "status": {"phase": "Running"},
    }


def inner(**labels: str) -> Json:
    return pod(where="tests", labels={"aicr.run/run-id": RUN_ID, **labels})


def claim(**meta: Any) -> Json:
    result = {"driver": "gpu.nvidia.com", "pool": "n1", "device": "gpu-0", "request": "r"}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "tests", **meta},
        "spec": {"devices": {"requests": []}},
        "status": {
            "allocation": {"devices": {"results": [result]}},
            "reservedFor": [{"resource": "pods", "name": "p", "uid": "u-p"}],
        },
    }


def home_of_tests() -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tests"}}


def run(
    one: Json,
    *objects: Json,
    settings: RunSettings = HASTY,
    during: Callable[[Execution, ReplayCluster, Event], None] = lambda *_: None,
) -> Finished:
    cluster = ReplayCluster(
        objects=[gpu_node("n1"), home_of_tests(), *objects],
        outcomes=[script("alpha"), script("beta")],
    )
    return Engine([one], cluster=cluster, settings=settings).run(during)


def removing(obj: Json, words: str) -> Callable[[Execution, ReplayCluster, Event], None]:
    """Take an object away once it was waited for."""

    def remove(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and words in event.text:
            cluster.remove(obj)

    return remove


def told(done: Finished) -> str:
    return "\n".join(notice.text for notice in done.told(Notice))


def lists(done: Finished, plural: str) -> int:
    """How often a run has listed something outside of its own namespace."""
    found = [r for r in done.cluster.requests if r.method == "GET"]
    return sum(r.path.endswith(f"/{plural}") and "/aicr-validation/" not in r.path for r in found)


def test_gpus_of_a_pod_that_ends_are_waited_for() -> None:
    holder = pod(ending=True)

    done = run(HUNGRY, holder, settings=RunSettings(), during=removing(holder, "waits for GPUs"))

    assert done.outcome("alpha").status is Status.PASSED
    assert "alpha waits for GPUs that pod team/p (Terminating) will free" in told(done)
    stages = [event.stage for event in done.told(CheckProgressed)]
    assert "waiting for GPUs" in stages


def test_the_wait_for_gpus_is_bounded_and_says_for_whom() -> None:
    done = run(HUNGRY, pod(ending=True))

    found = done.outcome("alpha")
    assert (found.status, found.raw_status) == (Status.OTHER, "Blocked")
    assert found.message.endswith("waited 0.1s for pod team/p (Terminating)")
    assert done.result.exit is Exit.INCONCLUSIVE


@pytest.mark.parametrize(
    ("holder", "settings"),
    [
        pytest.param(pod(), RunSettings(), id="somebody-who-stays"),
        pytest.param(pod(ending=True), RunSettings(wait_for_locks=False), id="no-wait"),
    ],
)
def test_without_prospect_or_patience_a_check_is_blocked_at_once(
    holder: Json, settings: RunSettings
) -> None:
    done = run(HUNGRY, holder, settings=settings)

    assert done.outcome("alpha").raw_status == "Blocked"
    assert "held by pod team/p" in done.outcome("alpha").message
    assert lists(done, PODS.plural) == 1


def test_a_stop_ends_the_wait_for_gpus() -> None:
    def interrupt(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckProgressed) and event.stage == "waiting for GPUs":
            run.stop.request(Exit.INTERRUPTED, "asked to")

    done = run(HUNGRY, pod(ending=True), settings=RunSettings(), during=interrupt)

    assert done.outcome("alpha").status is Status.SKIPPED
    assert done.result.exit is Exit.INTERRUPTED
    made = [r.path for r in done.cluster.requests if r.method == "POST"]
    assert not any(path.endswith(f"/{JOBS.plural}") for path in made)


def test_gpus_that_nobody_may_look_at_are_left_to_the_check() -> None:
    cluster = ReplayCluster(objects=[gpu_node("n1")], outcomes=[script("alpha")])
    cluster.faults.append(Fault(verb="list", resource="resourceslices", status=403, message="no"))

    done = Engine([HUNGRY], cluster=cluster).run()

    assert done.outcome("alpha").status is Status.PASSED
    assert "whether its GPUs are free cannot be told" in told(done)


def test_a_lock_is_kept_until_the_checks_own_pods_are_gone() -> None:
    left = inner()
    locked: list[bool] = []

    def remove(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and "keeps lock gpu" in event.text:
            locked.append(any(o["kind"] == LEASES.kind for o in everything(cluster)))
            cluster.remove(left)

    done = run(GREEDY, left, settings=RunSettings(), during=remove)

    assert locked == [True]
    assert "alpha keeps lock gpu until these are gone: pod tests/p" in told(done)
    assert "gives lock" not in told(done)
    assert done.result.exit is Exit.OK


def test_the_next_check_begins_when_what_the_one_before_used_is_free() -> None:
    left, order = inner(**{"aicr.run/check": "alpha"}), list[str]()

    def note(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckFinished):
            order.append(event.outcome.check)
        if isinstance(event, Notice) and "keeps lock gpu" in event.text:
            order.append("kept")
            cluster.remove(left)

    cluster = ReplayCluster(
        objects=[gpu_node("n1"), home_of_tests(), left],
        outcomes=[script("alpha"), script("beta")],
    )
    Engine([{**GREEDY, "timeout": "10m"}, entry("beta", locks=["gpu"])], cluster=cluster).run(note)

    assert order == ["alpha", "kept", "beta"]


@pytest.mark.parametrize(
    ("objects", "named"),
    [
        pytest.param([inner()], "pod tests/p", id="a-pod-of-the-run"),
        pytest.param([inner(), claim()], "claim tests/c, pod tests/p", id="the-claim-of-a-pod"),
        pytest.param([claim(labels={"aicr.run/run-id": RUN_ID})], "claim tests/c", id="its-claim"),
    ],
)
def test_what_does_not_go_away_is_named_when_the_lock_is_given_back(
    objects: list[Json], named: str
) -> None:
    done = run(GREEDY, *objects)

    assert f"alpha gives lock gpu back, though these are not gone: {named}; see why" in told(done)
    assert done.outcome("alpha").status is Status.PASSED
    assert not [o for o in everything(done.cluster) if o["kind"] == LEASES.kind]


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param(pod(where="tests"), id="of-nobody"),
        pytest.param(inner(**{"aicr.run/check": "beta"}), id="of-another-check"),
        pytest.param(claim(), id="a-claim-of-others"),
    ],
)
def test_what_others_use_keeps_no_lock(foreign: Json) -> None:
    done = run(GREEDY, foreign)

    assert "lock gpu" not in told(done)


def test_what_may_not_be_looked_at_is_told_and_keeps_no_lock() -> None:
    cluster = ReplayCluster(objects=[node(), home_of_tests()], outcomes=[script("alpha")])
    cluster.faults.append(Fault(verb="list", resource="resourceclaims", status=403, message="no"))

    done = Engine([GREEDY], cluster=cluster).run()

    assert "alpha whether what it used is free cannot be told" in told(done)
    assert done.outcome("alpha").status is Status.PASSED


@pytest.mark.parametrize(
    ("one", "calls"),
    [
        pytest.param(entry("alpha", locks=["gpu"]), 0, id="may-create-nothing"),
        pytest.param(entry("alpha", rbac=[STARTS_PODS]), 0, id="no-lock"),
        pytest.param(GREEDY, 1, id="lock-and-right"),
    ],
)
def test_looking_for_what_is_left_costs_something_only_where_something_can_be(
    one: Json, calls: int
) -> None:
    done = run(one)

    assert (lists(done, PODS.plural), lists(done, "resourceclaims")) == (calls, calls)
    asked = [str(need) for need in needs(plan(one))]
    assert ("list pods in tests" in asked) is bool(calls)
    assert ("list resourceclaims.resource.k8s.io in tests" in asked) is bool(calls)


def test_a_review_of_rights_leaves_nothing_behind() -> None:
    review = {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews"],
        "verbs": ["create"],
    }

    done = run(entry("alpha", locks=["gpu"], rbac=[review]))

    assert lists(done, PODS.plural) == 0


def test_a_stop_ends_the_wait_for_what_is_left() -> None:
    def interrupt(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and "keeps lock" in event.text:
            run.stop.request(Exit.INTERRUPTED, "asked to")

    done = run(GREEDY, inner(), settings=RunSettings(), during=interrupt)

    assert done.outcome("alpha").status is Status.PASSED
    assert "gives lock gpu back" in told(done)

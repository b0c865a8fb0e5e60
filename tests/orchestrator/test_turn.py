from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from helper.kinds import JOBS, LEASES
from orchestrator import ctrf
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    Event,
    Notice,
    PhaseFinished,
)
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, PhaseStatus, Status
from orchestrator.replay import ReplayCluster
from orchestrator.settings import RunSettings
from orchestrator.verdict import PATIENCE_S, Stage
from tests.fakes.clock import JumpingClock
from tests.orchestrator.engine import (
    NAMESPACE,
    RUN_ID,
    Engine,
    entry,
    everything,
    let_pass,
    node,
    script,
)

UNPULLABLE = {"waiting": {"reason": "ErrImagePull", "message": "registry is away"}}
HASTY = RunSettings(patience_s={**PATIENCE_S, Stage.PULLING: 0.2, Stage.PENDING: 0.3})


def jobs_made(cluster: ReplayCluster) -> list[str]:
    return [
        r.path
        for r in cluster.requests
        if r.path.endswith(f"/{JOBS.plural}") and r.method == "POST"
    ]


def healing(cluster: ReplayCluster, **outcome: Any) -> Any:
    """Let the next attempt of alpha end as it should."""

    def heal(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and "attempt 1" in event.text:
            cluster.state.outcomes = [script("alpha", **outcome)]

    return heal


def test_what_the_infrastructure_did_to_a_check_is_worth_another_attempt() -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", **UNPULLABLE)])

    done = Engine([entry("alpha", retries=1)], cluster=cluster, settings=HASTY).run(
        healing(cluster)
    )

    found = done.outcome("alpha")
    assert found.status is Status.PASSED
    assert found.extra["attempts"] == 2
    earlier = found.extra["earlierAttempts"]
    assert [item["rawStatus"] for item in earlier] == ["ErrImagePull"]
    assert "registry is away" in earlier[0]["message"]
    assert earlier[0]["job"] != found.extra["job"]
    assert [o for o in everything(cluster) if o["kind"] in ("Job", "Pod")] == []


def test_of_each_attempt_that_another_one_followed_the_evidence_is_kept() -> None:
    said = {"exitCode": None, "log": "half of it\nRESULT: half of it is done\n"}
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", **said)])
    heal = healing(cluster)

    def take_the_pod_away(run: Execution, cluster: ReplayCluster, event: Event) -> None:
        heal(run, cluster, event)
        if isinstance(event, CheckSaid):
            cluster.remove(next(item for item in everything(cluster) if item["kind"] == "Pod"))

    done = Engine([entry("alpha", retries=1)], cluster=cluster).run(take_the_pod_away)

    found = done.outcome("alpha")
    assert found.status is Status.PASSED
    assert found.extra["earlierAttempts"][0]["rawStatus"] == "PodDeleted"
    files = done.diagnosed["alpha"]
    assert {name.rpartition("/")[0] for name in files} == {"attempt-1"}
    assert files["attempt-1/log.txt"] == "half of it\nRESULT: half of it is done\n"
    assert yaml.safe_load(files["attempt-1/pod.yaml"])["kind"] == "Pod"
    (attempt,) = ctrf.test(found)["retryAttempts"]
    assert attempt["stdout"] == ["half of it", "RESULT: half of it is done"]
    assert "stdout" not in attempt["extra"]


def test_files_of_an_attempt_that_cannot_be_kept_cost_no_verdict() -> None:
    def fail(outcome: Outcome, _files: Mapping[str, str]) -> None:
        raise OSError(f"no room for files of {outcome.check}")

    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", **UNPULLABLE)])
    engine = Engine([entry("alpha", retries=1)], cluster=cluster, settings=HASTY, diagnose=fail)

    done = engine.run(healing(cluster))

    assert done.outcome("alpha").status is Status.PASSED
    (told,) = [event.text for event in done.told(Notice) if event.level == "error"]
    assert told.startswith("alpha: diagnostics of attempt 1: internal error: OSError: no room")
    assert [o for o in everything(cluster) if o["kind"] in ("Job", "Pod")] == []


def test_attempts_are_bounded_and_the_last_one_is_the_outcome() -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", **UNPULLABLE)])

    done = Engine([entry("alpha", retries=2)], cluster=cluster, settings=HASTY).run()

    found = done.outcome("alpha")
    assert (found.status, found.raw_status) == (Status.OTHER, "ErrImagePull")
    assert found.extra["attempts"] == 3
    assert len(jobs_made(cluster)) == 3


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        pytest.param({"exitCode": 1}, Status.FAILED, id="a-verdict"),
        pytest.param({"exitCode": 2}, Status.SKIPPED, id="a-skip"),
        pytest.param({"exitCode": 3}, Status.OTHER, id="the-check-itself-gave-none"),
        pytest.param(
            {"exitCode": 137, "reason": "OOMKilled"}, Status.OTHER, id="its-own-memory-limit"
        ),
    ],
)
def test_what_the_check_did_itself_is_never_tried_again(
    outcome: dict[str, Any], status: Status
) -> None:
    done = Engine([entry("alpha", retries=2)], [script("alpha", **outcome)]).run()

    assert done.outcome("alpha").status is status
    assert "attempts" not in done.outcome("alpha").extra
    assert len(jobs_made(done.cluster)) == 1


def test_a_failure_after_another_attempt_stays_a_failure() -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", **UNPULLABLE)])

    done = Engine([entry("alpha", retries=2)], cluster=cluster, settings=HASTY).run(
        healing(cluster, exitCode=1, message="2 of 3")
    )

    assert done.outcome("alpha").status is Status.FAILED
    assert done.outcome("alpha").extra["attempts"] == 2
    assert done.result.exit is Exit.FAILED


def test_a_stop_ends_the_attempts() -> None:
    def interrupt(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and "attempt 1" in event.text:
            run.stop.request(Exit.INTERRUPTED, "asked to")

    done = Engine([entry("alpha", retries=2)], [script("alpha", **UNPULLABLE)], settings=HASTY).run(
        interrupt
    )

    assert done.outcome("alpha").status is Status.OTHER
    assert done.result.exit is Exit.INTERRUPTED
    assert len(jobs_made(done.cluster)) <= 2


def test_checks_that_find_no_room_beside_others_wait_for_them() -> None:
    small = {"cpu": "150m", "memory": "64Gi", "pods": "110"}  # room for one check
    tiny = node(capacity=small, allocatable=small)
    pods = [script("alpha", delaySeconds=1.5), script("beta", delaySeconds=1.5)]

    done = Engine([entry("alpha"), entry("beta")], pods, objects=[tiny], settings=HASTY).run()

    assert done.outcome("alpha").status is Status.PASSED
    assert done.outcome("beta").status is Status.PASSED
    stages = [event.stage for event in done.told(CheckProgressed)]
    assert "waiting for room" in stages


def test_a_check_that_fits_nowhere_does_not_wait_for_others_to_make_room() -> None:
    small = {"cpu": "50m", "memory": "64Gi", "pods": "110"}
    tiny = node(capacity=small, allocatable=small)

    done = Engine([entry("alpha")], [script("alpha")], objects=[tiny], settings=HASTY).run()

    assert done.outcome("alpha").raw_status == "Unschedulable"
    assert "Insufficient cpu" in done.outcome("alpha").message


def pod_that_never_ends() -> dict[str, Any]:
    """A pod of the run on a lost node: it was told to end, and nobody there heard it."""
    request = {"requests": {"cpu": "100m"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "aicr-alpha-1-xyz",
            "namespace": NAMESPACE,
            "labels": {
                "aicr.run/run-id": RUN_ID,
                "aicr.run/check": "alpha",
                "batch.kubernetes.io/job-name": "aicr-alpha-1",
            },
            "deletionTimestamp": "2026-01-02T03:04:05Z",
            "deletionGracePeriodSeconds": 30,
            "finalizers": ["batch.kubernetes.io/job-tracking"],
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "validator", "image": "i", "resources": request}],
        },
        "status": {"phase": "Running"},
    }


def test_room_that_a_lost_node_keeps_is_waited_for_no_longer_than_any_other() -> None:
    small = {"cpu": "150m", "memory": "64Gi", "pods": "110"}  # room for one check
    tiny = node(capacity=small, allocatable=small)
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    objects = [tiny, home, pod_that_never_ends()]
    settings = replace(HASTY, timeout_s=20.0)

    def find_the_node(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, PhaseFinished) and event.result.phase == "conformance":
            cluster.remove(pod_that_never_ends())

    engine = Engine([entry("alpha"), entry("beta")], objects=objects, settings=settings)
    done = engine.run(find_the_node)

    raw = {check: done.outcome(check).raw_status for check in ("alpha", "beta")}
    assert raw == {"alpha": "Unschedulable", "beta": "Unschedulable"}
    assert len(jobs_made(done.cluster)) == 2
    assert done.result.exit is not Exit.TIMEOUT


def test_the_recipes_bound_of_a_phase_ends_that_phase_only() -> None:
    entries = [entry("alpha"), entry("beta"), entry("gamma", "performance")]
    pods = [script("alpha", exitCode=None), script("beta"), script("gamma")]
    clock = JumpingClock()
    engine = Engine(
        entries,
        pods,
        timeouts={"conformance": "1m"},
        settings=RunSettings(max_parallel=1),
        clock=clock,
    )

    def let_time_pass(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckProgressed) and event.stage is Stage.RUNNING:
            with run.stop.changed:
                clock.ahead_s = 60.0
                run.stop.changed.notify_all()

    done = engine.run(let_time_pass)

    assert done.outcome("alpha").raw_status == "Cancelled"
    assert "the phase's time is up (1m0s in the recipe)" in done.outcome("alpha").message
    assert done.outcome("beta").status is Status.SKIPPED
    assert done.outcome("gamma").status is Status.PASSED
    assert done.result.exit is Exit.INCONCLUSIVE
    assert [phase.status for phase in done.result.phases][1:] == [
        PhaseStatus.OTHER,
        PhaseStatus.PASSED,
    ]


def lease_of_another_run(seconds: int = 3600) -> dict[str, Any]:
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": "aicr-lock-gpu", "namespace": NAMESPACE},
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": seconds},
    }


def test_a_check_that_waits_for_another_runs_lock_lets_others_run() -> None:
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster = ReplayCluster(
        objects=[node(), home, lease_of_another_run()],
        outcomes=[script("alpha"), script("beta")],
    )

    def give_back(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckFinished) and event.outcome.check == "beta":
            cluster.remove(lease_of_another_run())

    entries = [entry("alpha", locks=["gpu"], timeout="10m"), entry("beta")]
    done = Engine(entries, cluster=cluster, settings=RunSettings(max_parallel=1)).run(give_back)

    started = [event.planned.name for event in done.told(CheckStarted)]
    finished = [event.outcome.check for event in done.told(CheckFinished)]
    assert (started, finished) == (["alpha", "beta"], ["beta", "alpha"])
    assert done.result.exit is Exit.OK


def test_a_lock_that_was_lost_meanwhile_is_told_with_the_verdict() -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", exitCode=None)])

    def take_away(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckProgressed) and event.stage is Stage.RUNNING:
            cluster.remove(lease_of_another_run())
            let_pass(cluster, "alpha")

    done = Engine([entry("alpha", locks=["gpu"])], cluster=cluster).run(take_away)

    found = done.outcome("alpha")
    assert found.status is Status.PASSED
    assert found.extra["locksLost"] == ["gpu"]
    assert "another run may have disturbed it" in found.message

"""Nodes that fail, pods that others remove, objects that vanish: what no recording shows."""

from dataclasses import replace

import pytest

from orchestrator.outcome import Status
from orchestrator.verdict import Sighting, ended
from tests.orchestrator.pods import PENDING, RUNNING, after, ending, with_condition, with_status
from tests.orchestrator.recordings import first_ending
from tests.orchestrator.samples import Json

DISRUPTIONS = [
    ("PreemptionByScheduler", "Preempted"),
    ("TerminationByKubelet", "Evicted"),
    ("EvictionByEvictionAPI", "PodDeleted"),
    ("DeletionByTaintManager", "NodeLost"),
    ("DeletionByPodGC", "NodeLost"),
    ("SomethingNew", "SomethingNew"),
]


@pytest.mark.parametrize(
    ("reason", "raw_status"), [pytest.param(*case, id=case[0]) for case in DISRUPTIONS]
)
@pytest.mark.parametrize(
    "last",
    [
        pytest.param(after(exitCode=137, reason="Error"), id="killed"),
        pytest.param(after(exitCode=143, reason="Error"), id="stopped"),
        pytest.param(replace(RUNNING, pod_gone=True), id="gone-while-running"),
        pytest.param(replace(PENDING, pod_gone=True), id="gone-while-pending"),
        pytest.param(with_status(RUNNING, phase="Failed"), id="failed-while-running"),
    ],
)
def test_a_pod_that_was_removed_tells_by_whom(reason: str, raw_status: str, last: Sighting) -> None:
    found = ending(with_condition(last, reason, "node was drained"))

    assert found.status is Status.OTHER
    assert found.raw_status == raw_status
    assert f"the pod was removed from its node ({reason}): node was drained" in found.message


LOW = "The node was low on resource: memory."
EVICTED = {"phase": "Failed", "reason": "Evicted", "message": LOW}


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(with_status(after(exitCode=137), **EVICTED), id="killed"),
        pytest.param(with_status(RUNNING, containerStatuses=None, **EVICTED), id="no-status"),
        pytest.param(
            with_status(
                after(
                    containerID=None,
                    startedAt=None,
                    finishedAt=None,
                    exitCode=137,
                    reason="ContainerStatusUnknown",
                    message="The container could not be located when the pod was terminated",
                ),
                **EVICTED,
            ),
            id="container-status-unknown",
        ),
        pytest.param(
            with_condition(with_status(after(exitCode=137), **EVICTED), "TerminationByKubelet"),
            id="with-condition",
        ),
    ],
)
def test_an_evicted_pod_tells_what_the_node_lacked(seen: Sighting) -> None:
    found = ending(seen)

    assert found.status is Status.OTHER
    assert found.raw_status == "Evicted"
    assert found.message.startswith(f"Evicted: {LOW}")


@pytest.mark.parametrize(
    ("reason", "raw_status"),
    [
        pytest.param("Preempting", "Preempted", id="for-a-critical-pod"),
        pytest.param("NodeLost", "NodeLost", id="node-lost"),
        pytest.param("Terminated", "Terminated", id="node-shutdown"),
    ],
)
def test_a_reason_without_words_stands_alone(reason: str, raw_status: str) -> None:
    found = ending(with_status(RUNNING, phase="Failed", reason=reason))

    assert (found.raw_status, found.message) == (raw_status, f"{reason}: no reason given")


def test_a_disruption_without_a_reason_is_told_as_one() -> None:
    found = ending(with_condition(replace(RUNNING, pod_gone=True), ""))

    assert found.raw_status == "Disrupted"
    assert found.message.startswith("the pod was removed from its node (Disrupted); ")


def test_a_verdict_stands_although_the_pod_is_removed_afterwards() -> None:
    found = ending(with_condition(after(exitCode=1, message="bad"), "EvictionByEvictionAPI"))

    assert (found.status, found.message) == (Status.FAILED, "bad")


@pytest.mark.parametrize(
    ("changes", "raw_status", "message"),
    [
        pytest.param(
            {"pod_gone": True},
            "PodDeleted",
            "somebody deleted the pod while the check ran; its result is lost",
            id="pod",
        ),
        pytest.param(
            {"pod_gone": True, "job_gone": True},
            "JobDeleted",
            "somebody deleted the Job while the check ran; its result is lost",
            id="job-and-pod",
        ),
        pytest.param(
            {"pod": None, "job_gone": True},
            "JobDeleted",
            "the Job was deleted before its pod ran",
            id="job-before-its-pod",
        ),
    ],
)
def test_objects_that_vanish_end_the_check(changes: Json, raw_status: str, message: str) -> None:
    found = ending(replace(RUNNING, **changes))

    assert (found.status, found.exit_code) == (Status.OTHER, None)
    assert (found.raw_status, found.message) == (raw_status, message)


def test_a_job_that_vanishes_under_a_running_pod_leaves_it_its_time_to_clean_up() -> None:
    assert ended(replace(RUNNING, job_gone=True)) is None


@pytest.mark.parametrize("kind", ["FailureTarget", "Failed"])
def test_a_deadline_explains_a_pod_that_is_gone(kind: str) -> None:
    assert RUNNING.job
    condition = {"type": kind, "status": "True", "reason": "DeadlineExceeded"}
    job = {**RUNNING.job, "status": {"conditions": [condition]}}

    found = ending(replace(RUNNING, job=job, pod_gone=True))

    assert found.raw_status == "DeadlineExceeded"
    assert found.message == ("Kubernetes ended the check at its Job's deadline; its result is lost")


def test_a_job_that_fails_without_ever_having_a_pod_has_no_verdict() -> None:
    condition = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "m"}

    found = ending(Sighting(job={"status": {"conditions": [condition]}}))

    assert (found.status, found.raw_status) == (Status.OTHER, "DeadlineExceeded")
    assert found.message == "the Job failed without a pod: m"


def test_an_ending_that_was_seen_outlives_its_objects() -> None:
    moment, found = first_ending("exit-0")

    assert ended(replace(moment.seen, pod_gone=True, job_gone=True)) == found

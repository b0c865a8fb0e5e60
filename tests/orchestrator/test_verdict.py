"""Recorded Jobs first, then what no recording shows."""

import pytest

from orchestrator.outcome import Status
from orchestrator.verdict import (
    PATIENCE_S,
    Stage,
    ended,
    failed_create,
    patience_with,
    progress,
    stuck,
)
from tests.orchestrator.recordings import (
    SCENARIOS,
    first_ending,
    load,
    moments,
    stages,
    told_events,
)
from tests.orchestrator.samples import planned

DELETED_JOB = "somebody deleted the Job while the check ran"
RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: "
    'exec: "/no/such/binary": stat /no/such/binary: no such file or directory: unknown'
)
ENDINGS = [
    ("exit-0", Status.PASSED, "", 0, ""),
    ("exit-1-with-message", Status.FAILED, "", 1, "2 of 3 pods not ready"),
    ("uncaught-exception", Status.FAILED, "", 1, ""),
    ("exit-2-skip", Status.SKIPPED, "", 2, "no GPU nodes"),
    ("exit-3-other", Status.OTHER, "Exit:3", 3, "exit 3, the check gave no verdict"),
    (
        "segfault",
        Status.OTHER,
        "Exit:139",
        139,
        "exit 139, the check crashed (segmentation fault)",
    ),
    (
        "oom-killed",
        Status.OTHER,
        "OOMKilled",
        137,
        "the check used more memory than its limit of 64Mi; raise `resources` of its catalog entry",
    ),
    (
        "command-not-found",
        Status.OTHER,
        "StartError",
        128,
        f"could not start: {RUNC}",
    ),
    (
        "deadline-exceeded",
        Status.OTHER,
        "DeadlineExceeded",
        137,
        "Kubernetes ended the check at its Job's deadline",
    ),
    (
        "job-deleted-while-running",
        Status.OTHER,
        "JobDeleted",
        143,
        f"{DELETED_JOB}: terminated before completion",
    ),
    ("sigterm-ignored-by-pid1", Status.OTHER, "JobDeleted", 137, DELETED_JOB),
    (
        "pod-deleted-while-running",
        Status.OTHER,
        "PodDeleted",
        137,
        "somebody deleted the pod while the check ran",
    ),
]
BAD_IMAGE = "registry.invalid/aicr/validator:missing"
STUCK = [
    (
        "image-pull-backoff",
        Stage.PULLING,
        ("ErrImagePull", "ImagePullBackOff"),
        f'Back-off pulling image "{BAD_IMAGE}": ErrImagePull: failed to pull and unpack image',
    ),
    (
        "image-never-pull",
        Stage.BLOCKED,
        ("ErrImageNeverPull",),
        'Container image "kind.local/validator:dev" is not present with pull policy of Never',
    ),
    (
        "invalid-image-name",
        Stage.BLOCKED,
        ("InvalidImageName",),
        "Failed to apply default image tag",
    ),
    (
        "missing-configmap-env",
        Stage.BLOCKED,
        ("CreateContainerConfigError",),
        'configmap "does-not-exist" not found',
    ),
    (
        "missing-configmap-volume",
        Stage.STARTING,
        ("StartTimeout",),
        "event FailedMount: MountVolume.SetUp failed for volume",
    ),
    (
        "unschedulable-gpu",
        Stage.PENDING,
        ("Unschedulable",),
        "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
    ),
    (
        "unschedulable-selector",
        Stage.PENDING,
        ("Unschedulable",),
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ),
]
REFUSED = [
    ("quota-exceeded", "is forbidden: exceeded quota: q, requested: pods=1"),
    ("pod-security-rejected", 'violates PodSecurity "restricted:latest": privileged'),
    ("service-account-missing", 'serviceaccount "no-such-account" not found'),
]


def test_every_recording_is_judged() -> None:
    judged = [case[0] for case in (*ENDINGS, *STUCK, *REFUSED)]

    assert sorted(judged) == SCENARIOS


@pytest.mark.parametrize(
    ("scenario", "status", "raw_status", "code", "message"),
    [pytest.param(*case, id=case[0]) for case in ENDINGS],
)
def test_a_recorded_check_ends_with_its_verdict(
    scenario: str, status: Status, raw_status: str, code: int, message: str
) -> None:
    _, ending = first_ending(scenario)

    assert (ending.status, ending.raw_status, ending.exit_code) == (status, raw_status, code)
    assert ending.message == message


@pytest.mark.parametrize("scenario", [case[0] for case in ENDINGS])
def test_the_end_is_found_with_the_first_event_that_shows_it(scenario: str) -> None:
    shown = next(
        event["t"]
        for event in load(scenario)["podWatch"]
        for status in event["object"]["status"].get("containerStatuses", [])
        if "terminated" in status["state"]
    )

    moment, _ = first_ending(scenario)

    assert moment.kind == "Pod"
    assert moment.at_s == shown
    job = moment.seen.job
    assert job
    conditions = [item["type"] for item in job["status"].get("conditions", [])]
    assert "Complete" not in conditions
    assert "Failed" not in conditions


@pytest.mark.parametrize("scenario", [case[0] for case in ENDINGS])
def test_what_comes_after_the_end_changes_nothing(scenario: str) -> None:
    _, ending = first_ending(scenario)

    last = list(moments(scenario))[-1]

    assert ended(last.seen) == ending


@pytest.mark.parametrize("scenario", [case[0] for case in ENDINGS])
def test_an_ending_tells_where_the_check_ran(scenario: str) -> None:
    _, ending = first_ending(scenario)

    assert ending.extra["node"] == "node1"
    assert ending.extra["pod"].startswith(f"{scenario}-")
    assert ending.extra["image"] == "docker.io/local/python:3.11"
    assert ending.extra["imageID"].startswith("sha256:")


def test_run_time_is_the_containers_own() -> None:
    _, ending = first_ending("deadline-exceeded")

    assert ending.started
    assert ending.stopped
    assert ending.stopped - ending.started == 12


def test_what_never_started_has_no_run_time() -> None:
    _, ending = first_ending("command-not-found")

    assert ending.started is None


def test_a_check_goes_through_its_stages() -> None:
    assert [(found.stage, found.reason) for found in stages("exit-0")] == [
        (Stage.CREATED, ""),
        (Stage.PENDING, ""),
        (Stage.STARTING, ""),
        (Stage.STARTING, "ContainerCreating"),
        (Stage.RUNNING, ""),
        (Stage.ENDED, ""),
    ]


@pytest.mark.parametrize("scenario", [case[0] for case in (*STUCK, *REFUSED)])
def test_what_cannot_start_never_ends_by_itself(scenario: str) -> None:
    assert all(ended(moment.seen) is None for moment in moments(scenario))


@pytest.mark.parametrize(
    ("scenario", "stage", "reasons", "words"), [pytest.param(*case, id=case[0]) for case in STUCK]
)
def test_what_cannot_start_is_told_with_kubernetes_own_reason(
    scenario: str, stage: Stage, reasons: tuple[str, ...], words: str
) -> None:
    found = stages(scenario)[-1]
    assert found.stage is stage

    ending = stuck(found, BAD_IMAGE, PATIENCE_S[stage], told_events(scenario))

    first, *events = ending.message.split("\n")
    assert ending.status is Status.OTHER
    assert ending.raw_status in reasons
    assert first.startswith(f"{ending.raw_status} after {PATIENCE_S[stage]:.0f} s, {stage}")
    assert words in first
    assert ending.exit_code is None
    assert events == told_events(scenario)[: len(events)]
    assert len(ending.message) <= 2000


@pytest.mark.parametrize("scenario", ["unschedulable-gpu", "unschedulable-selector"])
def test_a_pod_without_a_node_tells_the_schedulers_words(scenario: str) -> None:
    found = stages(scenario)[-1]

    assert found.reason == "Unschedulable"
    assert found.message.startswith("0/1 nodes are available: 1 ")


def test_an_image_that_cannot_be_pulled_is_named_as_the_job_asked_for_it() -> None:
    ending = stuck(stages("image-pull-backoff")[-1], BAD_IMAGE, 60.0, [])

    assert f"(image {BAD_IMAGE})" in ending.message


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [
        pytest.param(Stage.PULLING, 60, id="image-pull"),
        pytest.param(Stage.PENDING, 90, id="unschedulable"),
        pytest.param(Stage.BLOCKED, 30, id="configuration"),
        pytest.param(Stage.STARTING, 300, id="start"),
        pytest.param(Stage.CREATED, 300, id="pod"),
    ],
)
def test_patience_ends_with_the_stage(stage: Stage, seconds: float) -> None:
    assert PATIENCE_S[stage] == seconds


@pytest.mark.parametrize(
    ("scenario", "words"), [pytest.param(*case, id=case[0]) for case in REFUSED]
)
def test_a_pod_that_the_server_refuses_is_known_from_events_only(scenario: str, words: str) -> None:
    assert [found.stage for found in stages(scenario)] == [Stage.CREATED]
    refused = [event for event in load(scenario)["events"] if event["reason"] == "FailedCreate"]

    ending = failed_create(refused[-1]["message"])

    assert ending.status is Status.OTHER
    assert ending.raw_status == "FailedCreate"
    assert ending.message.startswith("FailedCreate: Error creating: pods ")
    assert words in ending.message


def test_nothing_seen_yet_is_no_end() -> None:
    first = next(moments("exit-0"))

    assert ended(first.seen) is None
    assert progress(first.seen).stage is Stage.CREATED


def test_a_catalog_entry_has_its_own_patience_with_nodes_and_images() -> None:
    check = planned(patience={"scheduling": "10m", "imagePull": "5m"})
    found = patience_with(check, PATIENCE_S)

    assert (found[Stage.PENDING], found[Stage.PULLING]) == (600, 300)
    assert found[Stage.STARTING] == PATIENCE_S[Stage.STARTING]


def test_without_a_word_of_the_catalog_the_patience_is_the_runs() -> None:
    assert patience_with(planned(), PATIENCE_S) == PATIENCE_S

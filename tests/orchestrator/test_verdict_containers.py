"""Every way in which a container can end or wait, sidecars, and objects with holes."""

from dataclasses import replace

import pytest

from orchestrator.outcome import Status
from orchestrator.verdict import Progress, Sighting, Stage, ended, progress, stuck
from tests.orchestrator.pods import RUNNING, TERMINATED, after, containers, ending, with_status
from tests.orchestrator.samples import Json


@pytest.mark.parametrize(
    ("changes", "status", "raw_status", "message"),
    [
        pytest.param({}, Status.PASSED, "", "", id="pass"),
        pytest.param({"message": " good \n"}, Status.PASSED, "", "good", id="pass-with-words"),
        pytest.param({"exitCode": 1, "message": "bad"}, Status.FAILED, "", "bad", id="fail"),
        pytest.param(
            {"exitCode": 2}, Status.SKIPPED, "", "exited 2 without a reason", id="skip-no-reason"
        ),
        pytest.param(
            {"exitCode": 2, "message": " \n"},
            Status.SKIPPED,
            "",
            "exited 2 without a reason",
            id="skip-with-blanks",
        ),
        pytest.param(
            {"exitCode": 3, "message": "not implemented in this version: x"},
            Status.OTHER,
            "Exit:3",
            "exit 3, the check gave no verdict: not implemented in this version: x",
            id="no-verdict-with-words",
        ),
        pytest.param(
            {"exitCode": 126},
            Status.OTHER,
            "Exit:126",
            "exit 126, the image's entry point cannot be executed",
            id="cannot-execute",
        ),
        pytest.param(
            {"exitCode": 127},
            Status.OTHER,
            "Exit:127",
            "exit 127, the image's entry point was not found",
            id="not-found",
        ),
        pytest.param(
            {"exitCode": 134},
            Status.OTHER,
            "Exit:134",
            "exit 134, the check aborted (SIGABRT)",
            id="abort",
        ),
        pytest.param(
            {"exitCode": 139},
            Status.OTHER,
            "Exit:139",
            "exit 139, the check crashed (segmentation fault)",
            id="segmentation-fault",
        ),
        pytest.param(
            {"exitCode": 143},
            Status.OTHER,
            "Exit:143",
            "the check was asked to stop (SIGTERM)",
            id="sigterm-from-nobody-known",
        ),
        pytest.param(
            {"exitCode": 137, "reason": "Error"},
            Status.OTHER,
            "Killed",
            "the check was killed (SIGKILL)",
            id="sigkill-from-nobody-known",
        ),
        pytest.param(
            {"exitCode": 255},
            Status.OTHER,
            "Exit:255",
            "exit 255, the check gave no verdict",
            id="any-other-code",
        ),
        pytest.param(
            {"exitCode": 0, "reason": "OOMKilled"},
            Status.OTHER,
            "OOMKilled",
            "the check used more memory than its limit of 64Mi; raise `resources` of its catalog "
            "entry",
            id="out-of-memory-in-a-child-is-no-pass",
        ),
        pytest.param(
            {"containerID": None},
            Status.OTHER,
            "NoContainer",
            "the pod is marked as ended, but no container ever ran; is its node a fake one?",
            id="fake-node",
        ),
        pytest.param(
            {
                "containerID": None,
                "exitCode": 137,
                "reason": "ContainerStatusUnknown",
                "message": "The container could not be located when the pod was terminated",
            },
            Status.OTHER,
            "ContainerStatusUnknown",
            "The container could not be located when the pod was terminated",
            id="lost-by-kubelet",
        ),
        pytest.param(
            {"startedAt": "1970-01-01T00:00:00Z", "exitCode": 128, "reason": "StartError"},
            Status.OTHER,
            "StartError",
            "could not start: the container could not be started",
            id="never-started",
        ),
        pytest.param(
            {"startedAt": "1970-01-01T00:00:00Z", "exitCode": 128, "reason": None, "message": "m"},
            Status.OTHER,
            "StartError",
            "could not start: m",
            id="never-started-without-a-reason",
        ),
    ],
)
def test_only_a_container_that_ran_gives_a_verdict(
    changes: Json, status: Status, raw_status: str, message: str
) -> None:
    found = ending(after(**changes))

    assert (found.status, found.raw_status, found.message) == (status, raw_status, message)
    assert found.exit_code == {**TERMINATED, **changes}["exitCode"]


def test_without_a_limit_in_the_pod_none_is_named() -> None:
    seen = after(exitCode=137, reason="OOMKilled")
    assert seen.pod
    pod = {**seen.pod, "spec": {"containers": [{"name": "validator"}]}}

    assert ending(replace(seen, pod=pod)).message == "the check used more memory than its limit"


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(None, id="no-statuses"),
        pytest.param([], id="empty"),
        pytest.param(
            containers({"name": "sidecar", "state": {"terminated": TERMINATED}}), id="sidecar-only"
        ),
        pytest.param(containers({"name": "validator", "state": {}}), id="no-state"),
        pytest.param(containers({"name": "validator", "state": None}), id="null-state"),
        pytest.param(containers({"name": "validator"}), id="state-absent"),
    ],
)
def test_a_finished_pod_without_the_checks_own_status_has_no_verdict(
    phase: str, statuses: list[Json] | None
) -> None:
    found = ending(with_status(RUNNING, phase=phase, containerStatuses=statuses))

    assert (found.status, found.raw_status) == (Status.OTHER, "NoContainerStatus")
    assert found.message == "the pod ended without a container status"


def test_a_sidecar_that_ends_says_nothing_about_the_check() -> None:
    assert ended(after(name="sidecar")) is None


def test_the_check_is_over_although_its_sidecar_runs_on() -> None:
    sidecar = {"name": "sidecar", "state": {"running": {"startedAt": "2026-11-21T00:33:53Z"}}}
    own = {"name": "validator", "state": {"terminated": {**TERMINATED, "exitCode": 1}}}

    found = ending(with_status(RUNNING, containerStatuses=containers(sidecar, own)))

    assert found.status is Status.FAILED


@pytest.mark.parametrize(
    ("pod", "stage"),
    [
        pytest.param(None, Stage.CREATED, id="no-pod"),
        pytest.param({}, Stage.PENDING, id="empty"),
        pytest.param({"metadata": None, "spec": None, "status": None}, Stage.PENDING, id="nulls"),
        pytest.param(
            {"spec": {"nodeName": "n"}, "status": {"containerStatuses": None}},
            Stage.STARTING,
            id="scheduled-null-statuses",
        ),
        pytest.param(
            {"spec": {"nodeName": "n"}, "status": {"containerStatuses": [None, "x"]}},
            Stage.STARTING,
            id="statuses-of-something-else",
        ),
        pytest.param(
            {"status": {"conditions": None, "phase": "Pending"}}, Stage.PENDING, id="no-conditions"
        ),
    ],
)
def test_objects_with_holes_are_no_end_and_no_crash(pod: Json | None, stage: Stage) -> None:
    seen = Sighting(job={"status": None}, pod=pod)

    assert progress(seen).stage is stage
    assert ended(seen) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exitCode": None}, id="code"),
        pytest.param({"exitCode": "0"}, id="code-is-text"),
        pytest.param({"exitCode": False}, id="code-is-a-boolean"),
        pytest.param({"startedAt": None}, id="start"),
        pytest.param({"startedAt": "yesterday"}, id="start-is-no-time"),
    ],
)
def test_a_status_that_leaves_out_what_decides_is_never_a_pass(changes: Json) -> None:
    assert ending(after(**changes)).status is Status.OTHER


@pytest.mark.parametrize(
    ("reason", "stage"),
    [
        pytest.param("ContainerCreating", Stage.STARTING, id="creating"),
        pytest.param("PodInitializing", Stage.STARTING, id="initializing"),
        pytest.param("ErrImagePull", Stage.PULLING, id="pull"),
        pytest.param("ImagePullBackOff", Stage.PULLING, id="pull-again"),
        pytest.param("RegistryUnavailable", Stage.PULLING, id="registry"),
        pytest.param("InvalidImageName", Stage.BLOCKED, id="image-name"),
        pytest.param("ErrImageNeverPull", Stage.BLOCKED, id="never-pull"),
        pytest.param("CreateContainerConfigError", Stage.BLOCKED, id="configuration"),
        pytest.param("CreateContainerError", Stage.BLOCKED, id="creation"),
        pytest.param("RunContainerError", Stage.BLOCKED, id="run"),
        pytest.param("SignatureValidationFailed", Stage.BLOCKED, id="unknown-reason"),
    ],
)
def test_a_waiting_container_is_at_a_stage(reason: str, stage: Stage) -> None:
    waiting = {"name": "validator", "state": {"waiting": {"reason": reason, "message": "m"}}}

    found = progress(with_status(RUNNING, containerStatuses=containers(waiting)))

    assert found == Progress(stage, reason, "m")


@pytest.mark.parametrize(
    ("found", "raw_status", "message"),
    [
        pytest.param(
            Progress(Stage.CREATED),
            "NoPod",
            "NoPod after 300 s, waiting for its pod: no reason given",
            id="no-pod",
        ),
        pytest.param(
            Progress(Stage.PENDING),
            "Stuck",
            "Stuck after 300 s, waiting for a node: no reason given",
            id="no-scheduler",
        ),
        pytest.param(
            Progress(Stage.BLOCKED, "CreateContainerError"),
            "CreateContainerError",
            "CreateContainerError after 300 s, cannot start: no reason given",
            id="reason-without-words",
        ),
    ],
)
def test_a_stage_that_lasts_too_long_without_a_reason_says_so(
    found: Progress, raw_status: str, message: str
) -> None:
    late = stuck(found, "i", 300.0, [])

    assert (late.status, late.raw_status, late.message) == (Status.OTHER, raw_status, message)


def test_a_message_never_outgrows_a_report() -> None:
    assert len(stuck(Progress(Stage.BLOCKED, "X", "m" * 5000), "i", 1.0, ["e"]).message) == 2000

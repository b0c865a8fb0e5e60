"""From what was last seen of a Job and its pod to a verdict, or to the reason why there is none.

Only the check's own container decides: exit 2 is a failure to the Job controller, and a pod that
nobody ran can be marked as succeeded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from helper import contract
from helper.resource import condition, container_status, is_being_deleted, items, number, part, text
from orchestrator.catalog import Patience
from orchestrator.manifests import STARTUP_TIMEOUT_S
from orchestrator.moments import Moments
from orchestrator.outcome import CANCELLED, Status
from orchestrator.plan import PlannedCheck

Json = dict[str, Any]

OOM_EXIT, SIGTERM_EXIT = 137, 143
ENDED_FROM_OUTSIDE = (OOM_EXIT, SIGTERM_EXIT)
MEANING = {
    126: "the image's entry point cannot be executed",
    127: "the image's entry point was not found",
    128: "the container could not be started",
    134: "the check aborted (SIGABRT)",
    OOM_EXIT: "the check was killed (SIGKILL)",
    139: "the check crashed (segmentation fault)",
    SIGTERM_EXIT: "the check was asked to stop (SIGTERM)",
}
# Who ended a pod, from its `status.reason` or its condition DisruptionTarget.
# https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
DISRUPTED = {
    "Preempting": "Preempted",
    "PreemptionByScheduler": "Preempted",
    "TerminationByKubelet": "Evicted",
    "EvictionByEvictionAPI": "PodDeleted",
    "DeletionByTaintManager": "NodeLost",
    "DeletionByPodGC": "NodeLost",
}
# What kubelet says of a container that it cannot find any more; its exit code, 137, is made up.
LOST = "ContainerStatusUnknown"
BY_EXIT = {
    contract.ExitCode.PASS: Status.PASSED,
    contract.ExitCode.FAIL: Status.FAILED,
    contract.ExitCode.SKIP: Status.SKIPPED,
}


@dataclass(frozen=True)
class Sighting:
    """What was last seen of one check; a pod stays here after its deletion."""

    job: Json | None = None
    pod: Json | None = None
    job_gone: bool = False
    pod_gone: bool = False
    moments: Moments = field(default=Moments())  # of the pod


@dataclass(frozen=True)
class Ending:
    """How a check's container ended, or why it never ran."""

    status: Status
    message: str = ""
    raw_status: str = ""
    exit_code: int | None = None
    started: float | None = None  # seconds since 1970
    stopped: float | None = None
    extra: dict[str, str] = field(default_factory=dict)


def cancelled(reason: str, started: float | None = None) -> Ending:
    """How a check ended that the end of its run has stopped."""
    words = reason if reason.startswith(f"{CANCELLED.lower()} by ") else f"cancelled: {reason}"
    return Ending(Status.OTHER, words, CANCELLED, started=started)


class Stage(StrEnum):
    """How far a check has come."""

    CREATED = "waiting for its pod"
    PENDING = "waiting for a node"
    STARTING = "starting"
    BLOCKED = "cannot start"
    PULLING = "cannot pull its image"
    RUNNING = "running"
    ENDED = "ended"


# How long a check may stay in a stage. Image registries throttle, autoscalers need a moment, and a
# container that kubelet cannot configure does not heal by itself within a run.
PATIENCE_S = {
    Stage.CREATED: STARTUP_TIMEOUT_S,
    Stage.PENDING: 90.0,
    Stage.STARTING: STARTUP_TIMEOUT_S,
    Stage.BLOCKED: 30.0,
    Stage.PULLING: 60.0,
}
PULL_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
STARTING_REASONS = frozenset({"", "ContainerCreating", "PodInitializing"})
CROWDED = "Crowded"  # no room beside other checks of the same run: to be tried again, no end
# https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/framework/plugins/noderesources/fit.go
NO_ROOM = re.compile(r"Insufficient (cpu|memory|ephemeral-storage)\b|Too many pods")


@dataclass(frozen=True)
class Progress:
    """A stage, with the reason and words that Kubernetes gives for it."""

    stage: Stage
    reason: str = ""
    message: str = ""


def progress(seen: Sighting) -> Progress:
    """How far the check has come, for the operator and for the patience with it."""
    if seen.pod is None:
        return Progress(Stage.CREATED)
    status = container_status(seen.pod, contract.CONTAINER)
    state = part(status, "state")
    if "terminated" in state:
        return Progress(Stage.ENDED)
    if "running" in state:
        return Progress(Stage.RUNNING)
    scheduled = condition(seen.pod, "PodScheduled")
    if not text(seen.pod, "spec", "nodeName"):
        reason = text(scheduled, "reason") if scheduled else ""
        return Progress(Stage.PENDING, reason, text(scheduled, "message") if scheduled else "")
    reason, message = text(state, "waiting", "reason"), text(state, "waiting", "message")
    if reason in PULL_REASONS:
        return Progress(Stage.PULLING, reason, message)
    stage = Stage.STARTING if reason in STARTING_REASONS else Stage.BLOCKED
    return Progress(stage, reason, message)


def has_run(seen: Sighting) -> bool:
    """Whether a check's container ran, so that it has printed a log.

    What was seen once counts: kubelet shows a container of an evicted pod, whose end it has missed,
    as one that waits to be made, and what it was only in its last state. Those who mark pods of
    fake nodes as ended name no container at all.
    """
    status = container_status(seen.pod or {}, contract.CONTAINER)
    if seen.moments.running is not None or "running" in part(status, "state"):
        return True
    if _is_lost(part(status, "lastState", "terminated")):
        return True
    terminated = part(status, "state", "terminated")
    return bool(text(terminated, "containerID")) or _is_lost(terminated)


def patience_with(
    planned: PlannedCheck, patience_s: Mapping[Stage, float]
) -> Mapping[Stage, float]:
    """The patience with one check: the run's, but for what its catalog entry says itself."""
    own = planned.entry.patience if planned.entry else Patience()
    given = {Stage.PENDING: own.scheduling, Stage.PULLING: own.image_pull}
    return {**patience_s, **{stage: limit for stage, limit in given.items() if limit}}


def ended(seen: Sighting) -> Ending | None:
    """The end of the check, as soon as its container is terminated; None while it goes on."""
    pod = seen.pod or {}
    terminated = part(container_status(pod, contract.CONTAINER), "state", "terminated")
    if terminated:
        return _of_container(seen, pod, terminated)
    extra = where(pod)
    if text(pod, "status", "phase") in ("Failed", "Succeeded"):
        unknown = ("NoContainerStatus", "the pod ended without a container status")
        reason, words = _disruption(seen) or unknown
        return Ending(Status.OTHER, words, reason, extra=extra)
    if seen.pod_gone:
        reason, words = _disruption(seen) or ("PodDeleted", "the pod is gone")
        return Ending(Status.OTHER, f"{words}; its result is lost", reason, extra=extra)
    if seen.job_gone and seen.pod is None:
        return Ending(Status.OTHER, "the Job was deleted before its pod ran", "JobDeleted")
    failed = condition(seen.job or {}, "Failed")
    if failed and failed.get("status") == "True" and seen.pod is None:
        reason = text(failed, "reason") or "Failed"
        return Ending(
            Status.OTHER, f"the Job failed without a pod: {text(failed, 'message')}", reason
        )
    return None


def stuck(found: Progress, planned_image: str, waited_s: float, events: list[str]) -> Ending:
    """The end of a check whose stage has lasted too long; `events` are told oldest first."""
    unknown = {Stage.CREATED: "NoPod", Stage.STARTING: "StartTimeout"}.get(found.stage, "Stuck")
    reason = unknown if found.reason in STARTING_REASONS else found.reason
    # A volume that cannot be mounted is told by an event only, the youngest one.
    words = found.message or (events[-1] if events else "no reason given")
    where = f" (image {planned_image})" if found.stage is Stage.PULLING else ""
    message = f"{reason} after {waited_s:.0f} s, {found.stage}{where}: {words}"
    return Ending(Status.OTHER, "\n".join([message, *events])[:2000], reason)


def holds_room(seen: Sighting, now: float) -> bool:
    """Whether a pod takes room on a node that it will leave to another check of the run.

    One that should have left by now, in seconds since 1970, is on a lost node and never will.
    """
    pod = seen.pod if seen.pod and not seen.pod_gone else {}
    is_over = text(pod, "status", "phase") in ("Failed", "Succeeded")
    leaves = _epoch(part(pod, "metadata"), "deletionTimestamp")  # its grace period included
    is_late = leaves is not None and leaves < now
    return bool(text(pod, "spec", "nodeName")) and not (is_over or is_late)


def crowded(found: Progress) -> Ending | None:
    """The end of an attempt that found no room while other checks of the run took some."""
    if found.stage is not Stage.PENDING or not NO_ROOM.search(found.message):
        return None
    return Ending(Status.OTHER, f"no room beside other checks: {found.message}", CROWDED)


def failed_create(message: str) -> Ending:
    """The end of a check whose pod the API server refuses."""
    return Ending(Status.OTHER, f"FailedCreate: {message}", "FailedCreate")


def _of_container(seen: Sighting, pod: Json, terminated: Json) -> Ending:
    code = number(terminated, "exitCode")
    message, reason = text(terminated, "message").strip(), text(terminated, "reason")
    extra = where(pod)
    times = {
        "started": _epoch(terminated, "startedAt"),
        "stopped": _epoch(terminated, "finishedAt"),
    }
    if not text(terminated, "containerID"):
        fake = "the pod is marked as ended, but no container ever ran; is its node a fake one?"
        nobody = (LOST, message) if _is_lost(terminated) else ("NoContainer", fake)
        raw, words = _disruption(seen) or nobody
        return Ending(Status.OTHER, words, raw, code, extra=extra)
    if times["started"] is None:
        words = message or MEANING[128]
        return Ending(
            Status.OTHER, f"could not start: {words}", reason or "StartError", code, extra=extra
        )
    outside = _ended_from_outside(seen, pod, code, reason)
    return of_exit(code, message, outside, extra=extra, **times)


def of_exit(
    code: int | None,
    message: str,
    outside: tuple[str, str] | None = None,
    *,
    started: float | None = None,
    stopped: float | None = None,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> Ending:
    """What an exit status means; `outside` tells why it is no verdict, as raw status and words."""
    told = {"started": started, "stopped": stopped}
    status = BY_EXIT.get(code) if code is not None else None  # type: ignore[call-overload]
    if status is not None and not outside:
        if status is Status.SKIPPED and not message:
            message = "exited 2 without a reason"
        return Ending(status, message, "", code, extra=dict(extra), **told)
    raw, words = outside or _without_verdict(code)
    full = f"{words}: {message}" if message else words
    return Ending(Status.OTHER, full, raw, code, extra=dict(extra), **told)


def _is_lost(terminated: Json) -> bool:
    return text(terminated, "reason") == LOST


def _ended_from_outside(
    seen: Sighting, pod: Json, code: int | None, reason: str
) -> tuple[str, str] | None:
    """Why an exit code is no verdict of the check's own: out of memory, or stopped by others."""
    if reason == "OOMKilled":
        limit = _memory_limit(pod)
        return reason, f"the check used more memory than its limit{limit}"
    return _disruption(seen) if code in ENDED_FROM_OUTSIDE else None


def _without_verdict(code: int | None) -> tuple[str, str]:
    """What an exit code says that is no verdict."""
    if code in ENDED_FROM_OUTSIDE:
        return ("Killed" if code == OOM_EXIT else f"Exit:{code}"), MEANING[code]
    meaning = MEANING.get(code or 0, "the check gave no verdict")
    return f"Exit:{code}", f"exit {code}, {meaning}"


def _disruption(seen: Sighting) -> tuple[str, str] | None:
    """Who ended the pod from outside, as far as its last state tells; None for nobody."""
    pod, job = seen.pod or {}, seen.job or {}
    for kind in ("FailureTarget", "Failed"):
        found = condition(job, kind)
        if found and found.get("reason") == "DeadlineExceeded":
            return "DeadlineExceeded", "Kubernetes ended the check at its Job's deadline"
    if text(pod, "status", "reason"):
        reason, message = text(pod, "status", "reason"), text(pod, "status", "message")
        return DISRUPTED.get(reason, reason), f"{reason}: {message or 'no reason given'}"
    target = condition(pod, "DisruptionTarget")
    if target and target.get("status") == "True":
        reason, message = text(target, "reason") or "Disrupted", text(target, "message")
        words = f"the pod was removed from its node ({reason})"
        return DISRUPTED.get(reason, reason), f"{words}: {message}" if message else words
    if seen.job_gone or is_being_deleted(job):
        return "JobDeleted", "somebody deleted the Job while the check ran"
    if seen.pod_gone or is_being_deleted(pod):
        return "PodDeleted", "somebody deleted the pod while the check ran"
    return None


def _memory_limit(pod: Json) -> str:
    containers = items(pod, "spec", "containers")
    own = next((item for item in containers if item.get("name") == contract.CONTAINER), {})
    limit = text(own, "resources", "limits", "memory")
    return f" of {limit}; raise `resources` of its catalog entry" if limit else ""


def where(pod: Json) -> dict[str, str]:
    """Where a check ran, and what: pod, node and image."""
    status = container_status(pod, contract.CONTAINER) or {}
    found = {
        "pod": text(pod, "metadata", "name"),
        "node": text(pod, "spec", "nodeName"),
        "image": text(status, "image"),
        "imageID": text(status, "imageID"),
    }
    return {key: value for key, value in found.items() if value}


def _epoch(value: Json, key: str) -> float | None:
    """A time as seconds since 1970; None for none, and for kubelet's 1970 of what never ran."""
    try:
        seconds = datetime.fromisoformat(text(value, key)).timestamp()
    except ValueError:
        return None
    return seconds if seconds > 0 else None

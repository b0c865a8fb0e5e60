"""What stands in a Job's status: counts of pods, and the two steps in which it ends."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.replay.objects import Json, is_deleting, now, uid_of

TARGETS = frozenset({"SuccessCriteriaMet", "FailureTarget"})
_FINAL = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}


@dataclass(frozen=True)
class Target:
    """The end that a Job is bound for."""

    kind: str
    reason: str
    message: str


COMPLETED = Target(
    "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"
)
BACKOFF = Target(
    "FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
)
DEADLINE = Target(
    "FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline"
)


@dataclass
class Tally:
    """The pods of one Job that have ended, kept beyond the pods themselves."""

    succeeded: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    # When the Job began: startTime has whole seconds, too coarse for a short deadline.
    begun: float = field(default_factory=time.monotonic)

    def overdue_in(self, job: Json) -> float | None:
        """Give the seconds until the Job's deadline, None when it has none."""
        limit = job["spec"].get("activeDeadlineSeconds")
        return None if limit is None else limit - (time.monotonic() - self.begun)

    def has(self, pod: Json) -> bool:
        """Whether a pod was counted."""
        return uid_of(pod) in self.succeeded | self.failed

    def count(self, job: Json, pods: Sequence[Json]) -> list[str]:
        """Take in what has ended since the last time and give the uids of those pods.

        A pod that is being deleted counts as failed at once, unless the podReplacementPolicy is
        Failed: then it has to end, or to be let go by its kubelet. One without a node has nobody
        to do either; a real cluster's garbage collector marks it as failed within 20 s.
        """
        ends_first = job["spec"].get("podReplacementPolicy") == "Failed"
        fresh = []
        for pod in pods:
            uid, phase = uid_of(pod), pod["status"].get("phase")
            if self.has(pod):
                continue
            if phase == "Succeeded":
                self.succeeded.add(uid)
            elif phase == "Failed" or (
                is_deleting(pod) and not (ends_first and _is_on_its_way(pod))
            ):
                self.failed.add(uid)
            else:
                continue
            fresh.append(uid)
        return fresh


def restarts_too_often(job: Json, pods: Sequence[Json]) -> bool:
    """Whether the containers of pods that restart in place have used up the Job's limit."""
    spec = job["spec"]
    if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        status.get("restartCount", 0)
        for pod in filter(is_active, pods)
        for kind in ("initContainerStatuses", "containerStatuses")
        for status in pod["status"].get(kind) or []
    )
    return bool(restarts >= max(spec["backoffLimit"], 1))


def is_active(pod: Json) -> bool:
    """Whether a pod still works for its Job."""
    return not is_deleting(pod) and pod["status"].get("phase") not in ("Succeeded", "Failed")


def is_terminating(pod: Json) -> bool:
    """Whether a pod has been deleted and has not ended yet."""
    return is_deleting(pod) and pod["status"].get("phase") not in ("Succeeded", "Failed")


def counted(job: Json, pods: Sequence[Json], tally: Tally, fresh: Sequence[str]) -> Json:
    """Give a Job with the counts of its pods."""
    status = job["status"]
    active = sum(is_active(pod) for pod in pods)
    ready = sum(is_active(pod) and _is_ready(pod) for pod in pods)
    uncounted = {}
    for name, known in (("succeeded", tally.succeeded), ("failed", tally.failed)):
        just_now = sorted(known & set(fresh))
        if just_now:
            uncounted[name] = just_now
        _put(status, name, len(known) - len(just_now))
    _put(status, "active", active)
    status.update(
        ready=ready,
        terminating=sum(is_terminating(pod) for pod in pods),
        uncountedTerminatedPods=uncounted,
    )
    status.setdefault("startTime", now())
    return job


def bound_for(job: Json, target: Target) -> Json:
    """Give a Job that is to end; its pods may not have yet."""
    _add_condition(job, target.kind, target)
    return job


def ended(job: Json) -> Json:
    """Give a Job that is over, by the condition that told so before."""
    target = target_of(job)
    if target is not None:
        _add_condition(job, _FINAL[target.kind], target)
        if target.kind == COMPLETED.kind:
            job["status"]["completionTime"] = now()
    return job


def target_of(job: Json) -> Target | None:
    """Give the end that a Job is bound for, None while it has none."""
    for condition in job["status"].get("conditions") or []:
        if condition["type"] in TARGETS:
            return Target(condition["type"], condition["reason"], condition["message"])
    return None


def is_over(job: Json) -> bool:
    """Whether a Job has ended."""
    conditions = job["status"].get("conditions") or []
    return any(condition["type"] in _FINAL.values() for condition in conditions)


def _add_condition(job: Json, kind: str, target: Target) -> None:
    conditions = job["status"].setdefault("conditions", [])
    if any(condition["type"] == kind for condition in conditions):
        return
    conditions.append(
        {
            "type": kind,
            "status": "True",
            "lastProbeTime": now(),
            "lastTransitionTime": now(),
            "reason": target.reason,
            "message": target.message,
        }
    )


def _put(status: Json, name: str, count: int) -> None:
    """Write a count; zero is left out, as on the wire."""
    if count:
        status[name] = count
    else:
        status.pop(name, None)


def _is_on_its_way(pod: Json) -> bool:
    """Whether a kubelet still ends a deleted pod."""
    has_grace = bool(pod["metadata"].get("deletionGracePeriodSeconds"))
    return has_grace and bool(pod["spec"].get("nodeName"))


def _is_ready(pod: Json) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

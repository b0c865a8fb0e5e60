"""Pods as an operator reads them: ready or not, and what stands in the way."""

from collections.abc import Iterable
from dataclasses import dataclass

from helper.findings import brief
from helper.health import deletion, is_recent, moment
from helper.resource import (
    Json,
    condition,
    condition_is,
    is_being_deleted,
    items,
    name,
    owner,
    text,
)
from helper.resource import number as number_of
from helper.scheduling import pinned_node

OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class PodState:
    """One pod; `trouble` is empty exactly when the pod is ready or over."""

    name: str
    node: str
    phase: str
    ready: str  # as kubectl shows it: "1/2"
    restarts: int
    trouble: str
    owner: str = ""  # the controller, as `DaemonSet/name`
    is_ready: bool = False
    is_leaving: bool = False
    is_over: bool = False
    is_stuck: bool = False  # a container cannot start, or ends again and again
    since: float | None = None  # when the pod came to be as it is, in seconds since 1970

    def may_settle(self, now: float) -> bool:
        """Whether a pod that is not ready has not been so for long, and nothing keeps it so."""
        return not self.is_stuck and not self.is_over and is_recent(self.since, now)


@dataclass(frozen=True)
class Row:
    """A pod as evidence shows it."""

    pod: str
    node: str
    phase: str
    ready: str
    restarts: int
    trouble: str


def parse_pod(obj: Json) -> PodState:
    """What we need of a pod, whatever else stands in the object."""
    statuses = items(obj, "status", "containerStatuses")
    ready = sum(item.get("ready") is True for item in statuses)
    total = len(items(obj, "spec", "containers")) or len(statuses)
    phase = text(obj, "status", "phase") or "Unknown"
    leaving, over = is_being_deleted(obj), phase in OVER
    # Kubelet says Ready only when all containers are; what contradicts that is not believed.
    all_ready = not any(item.get("ready") is False for item in statuses)
    is_ready = condition_is(obj, "Ready") and all_ready and phase == "Running" and not leaving
    controller = owner(obj)
    stuck = "" if is_ready or over or leaving else _stuck(obj)
    trouble = "" if is_ready or (over and not leaving) else stuck or _trouble(obj, phase, leaving)
    return PodState(
        name=name(obj),
        node=pinned_node(obj),
        phase=phase,
        ready=f"{ready}/{total}",
        restarts=sum(number_of(item, "restartCount") or 0 for item in statuses),
        trouble=trouble,
        owner=f"{text(controller, 'kind')}/{text(controller, 'name')}" if controller else "",
        is_ready=is_ready,
        is_leaving=leaving,
        is_over=over,
        is_stuck=bool(stuck),
        since=_since(obj),
    )


def rows(pods: Iterable[PodState]) -> list[Row]:
    """Pods as evidence."""
    return [
        Row(pod.name, pod.node, pod.phase, pod.ready, pod.restarts, pod.trouble) for pod in pods
    ]


def _trouble(obj: Json, phase: str, leaving: bool) -> str:
    if leaving:
        return deletion(obj)
    for kind in ("PodScheduled", "Ready"):
        found_condition = condition(obj, kind)
        if found_condition is not None and found_condition.get("status") != "True":
            return _reason(found_condition, f"{kind} is {found_condition.get('status')}")
    if condition_is(obj, "Ready") and phase == "Running":
        return "containers are not ready, although condition Ready is True"
    return f"phase {phase} without a status from kubelet"


def _stuck(obj: Json) -> str:
    """What keeps a container from running, or from running on."""
    for key in ("initContainerStatuses", "containerStatuses"):
        for status in items(obj, "status", key):
            if found := _waiting(status):
                return found
    return ""


def _since(obj: Json) -> float | None:
    """When the pod was made, became what its condition Ready says, or began to be deleted."""
    ready = condition(obj, "Ready")
    stamps = [text(obj, "metadata", key) for key in ("creationTimestamp", "deletionTimestamp")]
    times = [*map(moment, stamps), moment(text(ready, "lastTransitionTime"))]
    return max((time for time in times if time is not None), default=None)


def _waiting(status: Json) -> str:
    """Why a container does not run, unless it only waits for its turn."""
    waiting = text(status, "state", "waiting", "reason")
    if waiting and waiting not in ("PodInitializing", "ContainerCreating"):
        state = status["state"]["waiting"]
        last = text(status, "lastState", "terminated", "reason")
        exit_code = text(status, "lastState", "terminated", "exitCode")
        before = f", last exit {exit_code} {last}".rstrip() if exit_code else ""
        return f"container {text(status, 'name')}: {_reason(state, waiting)}{before}"
    exit_code = text(status, "state", "terminated", "exitCode")
    if exit_code not in ("", "0"):
        reason = text(status, "state", "terminated", "reason")
        return f"container {text(status, 'name')}: exited {exit_code} {reason}".rstrip()
    return ""


def _reason(item: Json, otherwise: str) -> str:
    reason = text(item, "reason") or otherwise
    message = brief(text(item, "message"))
    return f"{reason}: {message}" if message else reason

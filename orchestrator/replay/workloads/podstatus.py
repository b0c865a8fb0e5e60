"""What stands in a pod's status at each moment of its life, as kubelet writes it."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.replay.objects import Json, new_uid, now
from orchestrator.replay.workloads import podconditions
from orchestrator.replay.workloads.podconditions import condition

_MESSAGE_BYTES = (
    12 * 1024
)  # of all containers of a pod (kubelet, MaxPodTerminationMessageLogLength)


@dataclass(frozen=True)
class Ended:
    """How a container ended."""

    exit_code: int
    started_at: str
    finished_at: str
    message: str = ""
    reason: str = ""
    has_id: bool = True  # False on fake nodes, where nothing ran

    @property
    def state(self) -> Json:
        """The `terminated` block, without the container's ID."""
        block: Json = {
            "exitCode": self.exit_code,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
            "reason": self.reason or ("Error" if self.exit_code else "Completed"),
        }
        if self.message:
            block["message"] = self.message
        return block


def new_container_id() -> str:
    """Make the ID of a container that was created."""
    return f"containerd://{new_uid().replace('-', '') * 2}"


def scheduled(pod: Json, node: str) -> Json:
    """Give a pod that has its node."""
    pod["spec"]["nodeName"] = node
    pod["status"]["conditions"] = [condition("PodScheduled", "True")]
    return pod


def unschedulable(pod: Json, message: str) -> Json:
    """Give a pod that fits nowhere."""
    # The time of an unchanged refusal is kept, so that writing it again changes nothing.
    known = [c for c in pod["status"].get("conditions") or [] if c["type"] == "PodScheduled"]
    since = known[0]["lastTransitionTime"] if known else ""
    pod["status"]["conditions"] = [
        condition("PodScheduled", "False", "Unschedulable", message, since)
    ]
    return pod


def creating(pod: Json, host_ip: str) -> Json:
    """Give a pod that its node has seen."""
    status, spec = pod["status"], pod["spec"]
    status.update(hostIP=host_ip, hostIPs=[{"ip": host_ip}], startTime=now(), phase="Pending")
    before = spec.get("initContainers") or []
    reason = "PodInitializing" if before else "ContainerCreating"
    state = {"waiting": {"reason": reason}}
    if before:
        status["initContainerStatuses"] = [_container_status(own, state) for own in before]
    status["containerStatuses"] = [_container_status(own, state) for own in spec["containers"]]
    return podconditions.refreshed(pod, sandbox=False)


def waiting(pod: Json, container: str, reason: str, message: str) -> Json:
    """Give a pod whose container does not start."""
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    _set_state(pod, container, state)
    return podconditions.refreshed(pod, sandbox=True)


def running(pod: Json, container: str, container_id: str, pod_ip: str, restarts: int = 0) -> Json:
    """Give a pod whose container runs."""
    status = _set_state(pod, container, {"running": {"startedAt": now()}})
    is_init = status in podconditions.init_statuses(pod)
    status.update(ready=not is_init, started=True, restartCount=restarts)
    if container_id:
        status["containerID"] = container_id
    pod["status"].update(podIP=pod_ip, podIPs=[{"ip": pod_ip}])
    if not is_init:
        pod["status"]["phase"] = "Running"
    return podconditions.refreshed(pod, sandbox=True)


def terminated(pod: Json, container: str, ended: Ended) -> Json:
    """Give a pod whose container has ended; the phase follows later."""
    status = _set_state(pod, container, {"terminated": ended.state})
    if ended.has_id:
        # One that could not start was created all the same, and has an ID.
        status["containerID"] = status.get("containerID") or new_container_id()
        status["state"]["terminated"]["containerID"] = status["containerID"]
    else:
        status.pop("containerID", None)
    is_init = status in podconditions.init_statuses(pod)
    status.update(ready=is_init and ended.exit_code == 0, started=False)
    _cut_messages(pod)
    return podconditions.refreshed(pod, sandbox=True)


def final(pod: Json, reason: str = "", message: str = "") -> Json:
    """Give a pod that is over: all its containers have ended."""
    status = pod["status"]
    failed = bool(reason) or podconditions.has_failed(pod)
    status["phase"] = "Failed" if failed else "Succeeded"
    if reason:
        status.update(reason=reason, message=message)
    return podconditions.refreshed(pod, sandbox=False)


def disrupted(pod: Json, reason: str, message: str) -> Json:
    """Give a pod that somebody is about to end from outside."""
    conditions = pod["status"].setdefault("conditions", [])
    if all(c["type"] != podconditions.DISRUPTION for c in conditions):
        conditions.append(condition(podconditions.DISRUPTION, "True", reason, message))
    return pod


def container_status(pod: Json, container: str) -> Json:
    """Give the status of one container, which is there from the first moment on a node."""
    return next(status for status in _all(pod) if status["name"] == container)


def _all(pod: Json) -> Iterator[Json]:
    yield from podconditions.init_statuses(pod)
    yield from podconditions.main_statuses(pod)


def _container_status(spec: Json, state: Json) -> Json:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "",
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "started": False,
        "state": state,
    }


def _set_state(pod: Json, container: str, state: Json) -> Json:
    """Put a container into a state; an end before it stays visible as the last one."""
    status = container_status(pod, container)
    if "terminated" in status["state"]:
        status["lastState"] = status["state"]
    status["state"] = state
    status["ready"] = False
    return status


def _cut_messages(pod: Json) -> None:
    """Keep the last words of all containers together within kubelet's bound."""
    statuses = list(_all(pod))
    limit = _MESSAGE_BYTES // len(statuses)
    for status in statuses:
        for state in (status["state"], status["lastState"]):
            message = state.get("terminated", {}).get("message", "")
            if len(message.encode()) > limit:
                cut = message.encode()[:limit].decode(errors="ignore")
                state["terminated"]["message"] = cut

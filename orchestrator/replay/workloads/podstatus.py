"""What stands in a pod's status at each moment of its life, as kubelet writes it."""

from dataclasses import dataclass

from orchestrator.replay.objects import Json, meta, now

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


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


def scheduled(pod: Json, node: str) -> Json:
    """Give a pod that has its node."""
    pod["spec"]["nodeName"] = node
    pod["status"]["conditions"] = [_condition("PodScheduled", "True")]
    return pod


def unschedulable(pod: Json, message: str) -> Json:
    """Give a pod that fits nowhere."""
    pod["status"]["conditions"] = [
        _condition("PodScheduled", "False", "Unschedulable", message, _transition(pod, message))
    ]
    return pod


def creating(pod: Json, host_ip: str) -> Json:
    """Give a pod that its node has seen."""
    status = pod["status"]
    status.update(hostIP=host_ip, hostIPs=[{"ip": host_ip}], startTime=now(), phase="Pending")
    status["containerStatuses"] = [
        _container_status(spec, {"waiting": {"reason": "ContainerCreating"}})
        for spec in pod["spec"]["containers"]
    ]
    return _with_conditions(pod, sandbox=False)


def waiting(pod: Json, container: str, reason: str, message: str) -> Json:
    """Give a pod whose container does not start."""
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    _set_state(pod, container, state)
    return _with_conditions(pod, sandbox=True)


def running(pod: Json, container: str, container_id: str, pod_ip: str) -> Json:
    """Give a pod whose container runs."""
    status = _set_state(pod, container, {"running": {"startedAt": now()}})
    status.update(ready=True, started=True)
    if container_id:
        status["containerID"] = container_id
    pod["status"].update(phase="Running", podIP=pod_ip, podIPs=[{"ip": pod_ip}])
    return _with_conditions(pod, sandbox=True)


def terminated(pod: Json, container: str, ended: Ended) -> Json:
    """Give a pod whose container has ended; the phase follows later."""
    status = _set_state(pod, container, {"terminated": ended.state})
    if ended.has_id:
        status["state"]["terminated"]["containerID"] = status.get("containerID", "")
    else:
        status.pop("containerID", None)
    status.update(ready=False, started=False)
    return _with_conditions(pod, sandbox=True)


def crash_looping(pod: Json, container: str, ended: Ended) -> Json:
    """Give a pod whose container would be started again."""
    terminated(pod, container, ended)
    status = container_status(pod, container)
    status["lastState"] = status["state"]
    status["restartCount"] = int(status.get("restartCount", 0)) + 1
    message = (
        f"back-off 10s restarting failed container={container} "
        f"pod={meta(pod)['name']}_{meta(pod)['namespace']}({meta(pod)['uid']})"
    )
    return waiting(pod, container, "CrashLoopBackOff", message)


def final(pod: Json) -> Json:
    """Give a pod that is over: all its containers have ended."""
    pod["status"]["phase"] = "Failed" if _has_failed(pod) else "Succeeded"
    return _with_conditions(pod, sandbox=False)


def container_status(pod: Json, container: str) -> Json:
    """Give the status of one container, which is there from the first moment on a node."""
    statuses: list[Json] = pod["status"]["containerStatuses"]
    return next(status for status in statuses if status["name"] == container)


def all_ended(pod: Json) -> bool:
    """Whether every container has ended."""
    statuses = pod["status"].get("containerStatuses") or []
    return all("terminated" in status["state"] for status in statuses)


def _has_failed(pod: Json) -> bool:
    statuses = pod["status"]["containerStatuses"]
    return any(status["state"]["terminated"]["exitCode"] for status in statuses)


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
    status = container_status(pod, container)
    status["state"] = state
    return status


def _with_conditions(pod: Json, *, sandbox: bool) -> Json:
    """Put in the five conditions that follow from the containers' states."""
    statuses = pod["status"]["containerStatuses"]
    unready = [status["name"] for status in statuses if not status["ready"]]
    initialized = ready = ""
    message = ""
    if all_ended(pod):
        ready = "PodFailed" if _has_failed(pod) else "PodCompleted"
        initialized = "" if _has_failed(pod) else ready
    elif unready:
        ready = "ContainersNotReady"
        message = f"containers with unready status: [{' '.join(unready)}]"
    values = {
        "PodReadyToStartContainers": ("True" if sandbox else "False", "", ""),
        "Initialized": ("True", initialized, ""),
        "Ready": ("False" if unready else "True", ready, message),
        "ContainersReady": ("False" if unready else "True", ready, message),
    }
    old = {c["type"]: c for c in pod["status"].get("conditions") or []}
    conditions = [
        _condition(kind, *values[kind], _since(old.get(kind), values[kind][0]))
        for kind in _CONDITIONS
    ]
    conditions.append(old.get("PodScheduled") or _condition("PodScheduled", "True"))
    pod["status"]["conditions"] = conditions
    return pod


def _condition(
    kind: str, status: str, reason: str = "", message: str = "", since: str = ""
) -> Json:
    condition: Json = {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since or now(),
    }
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _since(old: Json | None, status: str) -> str:
    return str(old["lastTransitionTime"]) if old and old["status"] == status else ""


def _transition(pod: Json, message: str) -> str:
    """Keep the time of an unchanged refusal, so that writing it again changes nothing."""
    for condition in pod["status"].get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition.get("message") == message:
            return str(condition["lastTransitionTime"])
    return ""

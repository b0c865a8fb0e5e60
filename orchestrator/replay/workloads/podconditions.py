"""The conditions of a pod that follow from the states of its containers."""

from collections.abc import Iterator

from orchestrator.replay.objects import Json, is_deleting, now

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
DISRUPTION = "DisruptionTarget"


def refreshed(pod: Json, *, sandbox: bool) -> Json:
    """Put in the conditions that kubelet derives; `sandbox` says whether the pod has a network."""
    incomplete = [s["name"] for s in init_statuses(pod) if not s["ready"]]
    unready = [s["name"] for s in main_statuses(pod) if not s["ready"]]
    ready = _readiness(pod, unready)
    values = {
        "PodReadyToStartContainers": ("True" if sandbox else "False", "", ""),
        "Initialized": _initialized(pod, incomplete),
        "Ready": ready,
        "ContainersReady": ready,
    }
    old = {c["type"]: c for c in pod["status"].get("conditions") or []}
    conditions = [
        condition(kind, *values[kind], _since(old.get(kind), values[kind][0]))
        for kind in _CONDITIONS
    ]
    conditions.append(old.get("PodScheduled") or condition("PodScheduled", "True"))
    if DISRUPTION in old:
        conditions.append(old[DISRUPTION])
    pod["status"]["conditions"] = conditions
    return pod


def condition(kind: str, status: str, reason: str = "", message: str = "", since: str = "") -> Json:
    """Compose one condition; without `since` it has just become what it is."""
    made: Json = {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since or now(),
    }
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made


def main_statuses(pod: Json) -> list[Json]:
    """Give the statuses of the containers that the pod is for."""
    return pod["status"].get("containerStatuses") or []


def init_statuses(pod: Json) -> list[Json]:
    """Give the statuses of the containers that run before."""
    return pod["status"].get("initContainerStatuses") or []


def is_over(pod: Json) -> bool:
    """Whether nothing of a pod runs or will run again."""
    statuses = main_statuses(pod)
    ended = bool(statuses) and all("terminated" in status["state"] for status in statuses)
    return (ended or _has_failed_early(pod)) and not _comes_back(pod)


def has_failed(pod: Json) -> bool:
    """Whether a container of a pod that is over ended badly, or never had its turn."""
    return any(code != 0 for code in _exit_codes(main_statuses(pod))) or _has_failed_early(pod)


def _has_failed_early(pod: Json) -> bool:
    return any(code for code in _exit_codes(init_statuses(pod)))


def _comes_back(pod: Json) -> bool:
    """Whether a container that has ended is to start again."""
    if is_deleting(pod) or pod["status"].get("phase") == "Failed":
        return False
    policy = pod["spec"].get("restartPolicy")
    return policy == "Always" or (policy == "OnFailure" and has_failed(pod))


def _exit_codes(statuses: list[Json]) -> Iterator[int]:
    for status in statuses:
        if terminated := status["state"].get("terminated"):
            yield terminated["exitCode"]


def _initialized(pod: Json, incomplete: list[str]) -> tuple[str, str, str]:
    if incomplete:
        message = f"containers with incomplete status: [{' '.join(incomplete)}]"
        return "False", "ContainersNotInitialized", message
    done = is_over(pod) and not has_failed(pod)
    return "True", "PodCompleted" if done else "", ""


def _readiness(pod: Json, unready: list[str]) -> tuple[str, str, str]:
    if is_over(pod):
        return "False", "PodFailed" if has_failed(pod) else "PodCompleted", ""
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return "False", "ContainersNotReady", message
    return "True", "", ""


def _since(old: Json | None, status: str) -> str:
    return str(old["lastTransitionTime"]) if old and old["status"] == status else ""

"""Cells of tables that take more than one field to tell (k8s.io/kubernetes, printers.go)."""

from collections.abc import Iterable

from orchestrator.replay.api.ages import between, since
from orchestrator.replay.objects import Json, is_deleting, labels_of, meta

NONE = "<none>"
_ROLE = "node-role.kubernetes.io/"


def part(obj: Json, name: str) -> Json:
    """Give a member that is an object, empty when there is none."""
    return obj.get(name) or {}


def age(obj: Json) -> str:
    """Give how old an object is."""
    return since(meta(obj).get("creationTimestamp"))


def pod_ready(pod: Json) -> str:
    """Give how many containers are ready, sidecars included."""
    spec, status = part(pod, "spec"), part(pod, "status")
    sidecars = {c["name"] for c in spec.get("initContainers") or [] if _is_sidecar(c)}
    started = [
        s
        for s in status.get("initContainerStatuses") or []
        if s["name"] in sidecars and s.get("ready") and s.get("started")
    ]
    running = [
        s
        for s in status.get("containerStatuses") or []
        if s.get("ready") and "running" in part(s, "state")
    ]
    total = len(spec.get("containers") or []) + len(sidecars)
    return f"{len(started) + len(running)}/{total}"


def _is_sidecar(container: Json) -> bool:
    return container.get("restartPolicy") == "Always"


def pod_status(pod: Json) -> str:
    """Give the word that kubectl shows for the state of a pod."""
    status = part(pod, "status")
    phase = str(status.get("phase", ""))
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    reason = str(status.get("reason") or phase)
    if part(conditions, "PodScheduled").get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    beginning = _init_status(pod)
    if beginning and part(conditions, "Initialized").get("status") != "True":
        reason = beginning
    else:
        is_ready = part(conditions, "Ready").get("status") == "True"
        reason = _containers_status(status.get("containerStatuses") or [], reason, is_ready)
    if is_deleting(pod) and status.get("reason") == "NodeLost":
        return "Unknown"
    if is_deleting(pod) and phase not in ("Succeeded", "Failed"):
        return "Terminating"
    return reason


def _init_status(pod: Json) -> str:
    """Give the state of the init container that has not ended well; empty when all have."""
    containers = part(pod, "spec").get("initContainers") or []
    sidecars = {c["name"] for c in containers if _is_sidecar(c)}
    for index, status in enumerate(part(pod, "status").get("initContainerStatuses") or []):
        state = part(status, "state")
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and not ended.get("exitCode"):
            continue
        if status["name"] in sidecars and status.get("started"):
            continue
        if ended is not None:
            return f"Init:{_ending(ended)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(containers)}"
    return ""


def _ending(terminated: Json) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _containers_status(statuses: list[Json], reason: str, is_ready: bool) -> str:
    runs, failed = False, ""
    for status in reversed(statuses):
        state = part(status, "state")
        waiting, ended = part(state, "waiting"), state.get("terminated")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended is not None:
            reason = _ending(ended)
            failed = reason if ended.get("exitCode") else failed
        elif status.get("ready") and "running" in state:
            runs = True
    if reason != "Completed":
        return reason
    if runs and is_ready:
        return "Running"
    return failed or ("NotReady" if runs else reason)


def pod_restarts(pod: Json) -> str:
    """Give how often containers were started again, and when last."""
    statuses = part(pod, "status").get("containerStatuses") or []
    count = sum(status.get("restartCount", 0) for status in statuses)
    ends = [part(part(s, "lastState"), "terminated").get("finishedAt") for s in statuses]
    last = max((end for end in ends if end), default="")
    return f"{count} ({since(last)} ago)" if count and last else str(count)


def pod_gates(pod: Json) -> str:
    """Give how many readiness gates are open."""
    gates = part(pod, "spec").get("readinessGates") or []
    conditions = part(pod, "status").get("conditions") or []
    true = {c["type"] for c in conditions if c.get("status") == "True"}
    return f"{sum(g['conditionType'] in true for g in gates)}/{len(gates)}" if gates else NONE


def node_status(node: Json) -> str:
    """Give whether a node is ready and takes pods."""
    conditions = {c["type"]: c["status"] for c in part(node, "status").get("conditions") or []}
    ready = {"True": "Ready", None: "Unknown"}.get(conditions.get("Ready"), "NotReady")
    return f"{ready},SchedulingDisabled" if part(node, "spec").get("unschedulable") else ready


def node_roles(node: Json) -> str:
    """Give the roles that a node's labels name."""
    labels = labels_of(node)
    roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE}
    roles |= {labels["kubernetes.io/role"]} if labels.get("kubernetes.io/role") else set()
    return ",".join(sorted(roles)) or NONE


def node_kernel(node: Json) -> str:
    """Give a node's kernel and architecture."""
    info = part(part(node, "status"), "nodeInfo")
    architecture = info.get("architecture")
    kernel = info.get("kernelVersion") or "<unknown>"
    return f"{kernel} ({architecture})" if architecture else str(kernel)


def job_status(job: Json) -> str:
    """Give the word that kubectl shows for the state of a Job."""
    true = {c["type"] for c in part(job, "status").get("conditions") or [] if c["status"] == "True"}
    for final in ("Complete", "Failed"):
        if final in true:
            return final
    if is_deleting(job):
        return "Terminating"
    order = ("Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((state for state in order if state in true), "Running")


def job_completions(job: Json) -> str:
    """Give how many pods have succeeded, of how many."""
    spec, done = part(job, "spec"), part(job, "status").get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def job_duration(job: Json) -> str:
    """Give how long a Job has run."""
    status = part(job, "status")
    return between(status.get("startTime"), status.get("completionTime"))


def service_external(service: Json) -> str:
    """Give by which addresses a Service is reached from outside."""
    spec = part(service, "spec")
    own = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case "LoadBalancer":
            ingress = part(part(service, "status"), "loadBalancer").get("ingress") or []
            found = sorted({entry.get("ip") or entry.get("hostname") or "" for entry in ingress})
            return ",".join([*filter(None, found), *own]) or "<pending>"
    return ",".join(own) or NONE


def service_ports(service: Json) -> str:
    """Give the ports of a Service."""
    pieces = []
    for port in part(service, "spec").get("ports") or []:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        pieces.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(pieces) or NONE


def selector(value: Json | None) -> str:
    """Write a label selector, or plain labels."""
    value = value or {}
    labels = value.get("matchLabels", {} if "matchExpressions" in value else value) or {}
    parts = [f"{key}={labels[key]}" for key in sorted(labels)]
    parts += [
        _expression(item["key"], item["operator"], item.get("values") or [])
        for item in value.get("matchExpressions") or []
    ]
    return ",".join(parts) or NONE


def _expression(key: str, operator: str, values: Iterable[str]) -> str:
    if operator in ("Exists", "DoesNotExist"):
        return key if operator == "Exists" else f"!{key}"
    return f"{key} {operator.lower()} ({','.join(sorted(values))})"

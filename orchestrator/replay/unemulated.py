"""What the replay cluster refuses to create, because nothing or the wrong thing would follow."""

from collections.abc import Iterator
from typing import Any

from orchestrator.replay import quota
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json
from orchestrator.replay.statuses import not_emulated
from orchestrator.replay.workloads import cel

_VOLUMES = frozenset({"configMap", "downwardAPI", "emptyDir", "projected", "secret"})
_SOURCES = frozenset({"configMap", "downwardAPI", "secret", "serviceAccountToken"})
# Their controllers are not emulated: a create would be accepted and nothing would ever run.
_NEVER_RUN = frozenset({"CronJob", "ReplicationController", "StatefulSet"})
_TEMPLATED = frozenset({"DaemonSet", "Deployment", "Job", "ReplicaSet"})
_OF_CONTAINERS = {
    "lifecycle": "lifecycle hooks",
    "livenessProbe": "liveness probes",
    "readinessProbe": "readiness probes",
    "startupProbe": "startup probes",
}
_OF_JOBS = ("podFailurePolicy", "successPolicy", "backoffLimitPerIndex")


def refuse(kind: Served, obj: Json) -> None:
    """Refuse a new object that cannot be honestly emulated; raises ApiError 501."""
    name, plural = kind.resource.kind, kind.resource.plural
    if name in _NEVER_RUN:
        raise not_emulated(plural, "its controller does not run; only recorded ones are served")
    spec = obj.get("spec") or {}
    for what in _found(name, spec):
        raise not_emulated(f"{plural} with {what}")


def _found(name: str, spec: Json) -> Iterator[str]:
    """Give what is not emulated in the spec of an object of a kind."""
    if name == "Job":
        if spec.get("completionMode") == "Indexed":
            yield "completionMode Indexed"
        yield from (field for field in _OF_JOBS if spec.get(field) is not None)
    if name == "Pod":
        yield from _in_pod(spec)
    elif name in _TEMPLATED:
        yield from _in_pod((spec.get("template") or {}).get("spec") or {})
    elif name == "ResourceClaim":
        yield from _in_claim(spec)
    elif name == "ResourceClaimTemplate":
        yield from _in_claim(spec.get("spec") or {})
    elif name == "DeviceClass":
        yield from _in_selectors(spec)
    elif name == "ResourceQuota":
        yield from (f"the scope {scope}" for scope in quota.unemulated_scopes({"spec": spec}))


def _in_pod(spec: Json) -> Iterator[str]:
    scheduler = spec.get("schedulerName") or "default-scheduler"
    if scheduler != "default-scheduler":
        yield f"schedulerName {scheduler}"
    if spec.get("schedulingGates"):
        yield "scheduling gates"
    for constraint in spec.get("topologySpreadConstraints") or []:
        if constraint.get("whenUnsatisfiable") == "DoNotSchedule":
            yield "topology spread constraints that must hold"
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            yield "sidecar containers"
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        yield from (words for field, words in _OF_CONTAINERS.items() if container.get(field))
    for volume in spec.get("volumes") or []:
        yield from _in_volume(volume)


def _in_volume(volume: Json) -> Iterator[str]:
    kinds = set(volume) - {"name"}
    if kinds - _VOLUMES:
        yield f"{', '.join(sorted(kinds))} volumes"
    for source in (volume.get("projected") or {}).get("sources") or []:
        if set(source) - _SOURCES:
            yield f"projected {', '.join(sorted(set(source) - _SOURCES))} volumes"


def _in_claim(spec: Json) -> Iterator[str]:
    devices = spec.get("devices") or {}
    for constraint in devices.get("constraints") or []:
        if "matchAttribute" not in constraint:
            yield f"constraints by {', '.join(sorted(set(constraint) - {'requests'}))}"
    for request in devices.get("requests") or []:
        for option in [request.get("exactly") or {}, *(request.get("firstAvailable") or [])]:
            if option.get("capacity"):
                yield "requests for a part of a device's capacity"
            yield from _in_selectors(option)


def _in_selectors(holder: Json) -> Iterator[str]:
    for selector in holder.get("selectors") or []:
        expression: Any = (selector.get("cel") or {}).get("expression") or ""
        try:
            cel.compiled(expression)
        except cel.UnsupportedError as error:
            yield str(error)

"""Whether a workload does what it is there for, judged from its own status."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from helper.daemon_sets import daemon_set
from helper.findings import brief
from helper.health import Health, count, deletion, is_young, unusable, updates_on_delete
from helper.nodes import Node
from helper.pod_states import parse_pod
from helper.resource import Json, condition, condition_is, number, part, text

# Reasons of a Deployment's condition Progressing while a new revision is on its way.
ROLLING_OUT = frozenset({"NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"})


def health_of(kind: str, obj: Json, nodes: Iterable[Node] = (), now: float = 0.0) -> Health:
    """Judge an object by the rules of its kind; kinds without rules are healthy by existing.

    `now`, in seconds since 1970, tells what is young enough to be still on its way.
    """
    if kind == "DaemonSet":
        return daemon_set(obj, nodes, now=now)
    if kind in ROLLED_OUT:
        return ROLLED_OUT[kind](obj, now)
    if kind != "Namespace" and (problem := deletion(obj)):  # the phase of that one tells more
        return Health(ready=False, observed=problem)
    health = JUDGES.get(kind, existence)(obj)
    if health.ready or not is_young(obj, now):
        return health
    return replace(health, may_settle=not _is_lost(kind, obj))


def existence(_: Json) -> Health:
    """Judge an object that has no state of its own."""
    return Health(ready=True, observed="exists")


def deployment(obj: Json, now: float = 0.0) -> Health:
    """Judge a Deployment: its current revision is available in full."""
    wanted = _replicas(obj)
    updated, available = count(obj, "updatedReplicas"), count(obj, "availableReplicas")
    observed = f"{available} of {wanted} replicas available"
    if verdict := unusable(obj) or _scaled_down(wanted):
        return verdict
    if updated < wanted:
        observed += f", {updated} of the current revision"
    if updated >= wanted and available >= wanted:
        if condition_is(obj, "Available", "False"):
            return Health(ready=False, observed=f"{observed}, but condition Available is False")
        return Health(ready=True, observed=observed)
    progress = condition(obj, "Progressing") or {}
    rolls_out = progress.get("status") == "True" and progress.get("reason") in ROLLING_OUT
    stalled = condition_is(obj, "Progressing", "False") or condition_is(obj, "ReplicaFailure")
    return Health(
        ready=False,
        observed=observed + _condition_text(obj),
        may_settle=not stalled and (rolls_out or is_young(obj, now)),
    )


def stateful_set(obj: Json, now: float = 0.0) -> Health:
    """Judge a StatefulSet: all replicas ready, and updated where its strategy updates them."""
    wanted = _replicas(obj)
    updated, ready = count(obj, "updatedReplicas"), count(obj, "readyReplicas")
    observed = f"{ready} of {wanted} replicas ready"
    if verdict := unusable(obj) or _scaled_down(wanted):
        return verdict
    to_update = 0 if updates_on_delete(obj) else max(0, wanted - _partition(obj))
    if updated < to_update:
        observed += f", {updated} of the current revision"
    is_ready = ready >= wanted and updated >= to_update
    on_its_way = updated < to_update or is_young(obj, now)
    return Health(ready=is_ready, observed=observed, may_settle=not is_ready and on_its_way)


def job(obj: Json) -> Health:
    """Judge a Job: it must have completed."""
    if condition_is(obj, "Complete"):
        return Health(ready=True, observed="complete")
    if condition_is(obj, "Failed"):
        return Health(ready=False, observed="failed" + _condition_text(obj))
    if part(obj, "spec").get("suspend") is True:
        return Health(ready=False, observed="suspended")
    active, succeeded = count(obj, "active"), count(obj, "succeeded")
    return Health(
        ready=False, observed=f"not complete: {active} pods active, {succeeded} succeeded"
    )


def cron_job(obj: Json) -> Health:
    """Judge a CronJob: it is scheduled, and its last run succeeded or still runs."""
    if part(obj, "spec").get("suspend") is True:
        return Health(ready=False, observed="suspended")
    scheduled = text(obj, "status", "lastScheduleTime")
    succeeded = text(obj, "status", "lastSuccessfulTime")
    if not scheduled:
        return Health(ready=True, observed="not due yet")
    if part(obj, "status").get("active"):
        return Health(ready=True, observed=f"run of {scheduled} is active")
    # Both are RFC 3339 in UTC, so that text order is time order.
    if succeeded >= scheduled:
        return Health(ready=True, observed=f"run of {scheduled} succeeded")
    return Health(ready=False, observed=f"run of {scheduled} did not succeed")


def pod(obj: Json) -> Health:
    """Judge a pod: it is ready, or has finished well."""
    phase = text(obj, "status", "phase") or "Unknown"
    if phase == "Succeeded":
        return Health(ready=True, observed="completed")
    ready = phase == "Running" and condition_is(obj, "Ready")
    observed = "ready" if ready else f"phase {phase}, not ready" + _condition_text(obj)
    return Health(ready=ready, observed=observed)


def volume_claim(obj: Json) -> Health:
    """Judge a PersistentVolumeClaim: it is bound."""
    phase = text(obj, "status", "phase") or "unknown"
    return Health(ready=phase == "Bound", observed=f"phase {phase}")


def namespace(obj: Json) -> Health:
    """Judge a Namespace: it is active."""
    phase = text(obj, "status", "phase") or "unknown"
    if problem := deletion(obj):
        return Health(ready=False, observed=f"phase Terminating, {problem}")
    return Health(ready=phase == "Active", observed=f"phase {phase}")


def custom_resource_definition(obj: Json) -> Health:
    """Judge a CRD: the API server serves it."""
    return by_condition(obj, "Established")


def by_condition(obj: Json, kind: str) -> Health:
    """Judge any object by one condition that must be True."""
    if problem := deletion(obj):
        return Health(ready=False, observed=problem)
    found = condition(obj, kind)
    if found is None:
        return Health(ready=False, observed=f"has no condition {kind}")
    status = text(found, "status") or "unknown"
    detail = ": ".join(part for part in (text(found, "reason"), text(found, "message")) if part)
    why = f" ({brief(detail)})" if detail and status != "True" else ""
    observed = f"{kind} is {status}{why}"
    return Health(ready=status == "True", observed=observed)


ROLLED_OUT: Mapping[str, Callable[[Json, float], Health]] = {
    "Deployment": deployment,
    "StatefulSet": stateful_set,
}
JUDGES: Mapping[str, Callable[[Json], Health]] = {
    "Job": job,
    "CronJob": cron_job,
    "Pod": pod,
    "PersistentVolumeClaim": volume_claim,
    "Namespace": namespace,
    "CustomResourceDefinition": custom_resource_definition,
}
"""DaemonSets apart, which need the nodes; every kind that is missing here just has to exist."""


def _is_lost(kind: str, obj: Json) -> bool:
    """Whether an object that is not ready never will be."""
    if kind == "Pod" and parse_pod(obj).is_stuck:
        return True
    return text(obj, "status", "phase") in ("Failed", "Lost") or condition_is(obj, "Failed")


def _scaled_down(wanted: int) -> Health | None:
    return None if wanted > 0 else Health(ready=False, observed="scaled to 0 replicas")


def _replicas(obj: Json) -> int:
    wanted = number(obj, "spec", "replicas")
    return 1 if wanted is None else wanted


def _partition(obj: Json) -> int:
    return number(obj, "spec", "updateStrategy", "rollingUpdate", "partition") or 0


def _condition_text(obj: Json) -> str:
    """What the controller says about the trouble, if it says anything."""
    for kind, bad in (
        ("ReplicaFailure", "True"),
        ("Progressing", "False"),
        ("Failed", "True"),
        ("PodScheduled", "False"),
        ("Ready", "False"),
    ):
        if condition_is(obj, kind, bad):
            found = condition(obj, kind) or {}
            detail = text(found, "message") or text(found, "reason")
            return f" ({brief(detail)})" if detail else ""
    return ""

"""Cells of tables that take more than one field to tell, of kinds around the workloads."""

from collections.abc import Callable

from orchestrator.replay.api.ages import since
from orchestrator.replay.api.cells import part
from orchestrator.replay.objects import Json, is_deleting


def phase(obj: Json) -> str:
    """Give the phase of an object, or that it goes."""
    return "Terminating" if is_deleting(obj) else str(part(obj, "status").get("phase", ""))


def claim_state(claim: Json) -> str:
    """Give how far a ResourceClaim is."""
    status = part(claim, "status")
    states = ["deleted"] if is_deleting(claim) else []
    if status.get("allocation") is None:
        states += [] if is_deleting(claim) else ["pending"]
    else:
        states += ["allocated", *(["reserved"] if status.get("reservedFor") else [])]
    return ",".join(states)


def quota(*, limits: bool) -> Callable[[Json], str]:
    """Give the cell of a ResourceQuota's requests, or of its limits."""

    def cell(quota: Json) -> str:
        hard, used = part(part(quota, "status"), "hard"), part(part(quota, "status"), "used")
        names = [n for n in sorted(hard) if n.startswith("limits.") == limits]
        return ", ".join(f"{name}: {used.get(name, 0)}/{hard[name]}" for name in names)

    return cell


def first_seen(event: Json) -> str:
    """Give how long ago something happened first."""
    return since(event.get("firstTimestamp") or event.get("eventTime"))


def last_seen(event: Json) -> str:
    """Give how long ago something happened last."""
    if event.get("series"):
        return since(event["series"].get("lastObservedTime"))
    return since(event["lastTimestamp"]) if event.get("lastTimestamp") else first_seen(event)


def event_count(event: Json) -> int:
    """Give how often something happened."""
    return int(part(event, "series").get("count") or event.get("count") or 1)


def event_object(event: Json) -> str:
    """Give what an event is about."""
    about = part(event, "involvedObject")
    kind = str(about.get("kind", "")).lower()
    return f"{kind}/{about['name']}" if about.get("name") else kind


def event_source(event: Json) -> str:
    """Give who wrote an event."""
    source = part(event, "source")
    component = source.get("component") or event.get("reportingComponent") or ""
    instance = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else str(component)


def backend(api: Json) -> str:
    """Give the Service behind an aggregated API."""
    service = part(part(api, "spec"), "service")
    return f"{service['namespace']}/{service['name']}" if service else "Local"


def available(api: Json) -> str:
    """Give whether an aggregated API answers."""
    conditions = part(api, "status").get("conditions") or []
    found = next((c for c in conditions if c["type"] == "Available"), None)
    if found is None:
        return "Unknown"
    true = found["status"] == "True"
    return "True" if true else f"{found['status']} ({found.get('reason', '')})"


def role(binding: Json) -> str:
    """Give the role that a binding gives."""
    ref = part(binding, "roleRef")
    return f"{ref.get('kind', '')}/{ref.get('name', '')}"


def subjects(kind: str) -> Callable[[Json], str]:
    """Give the cell of those subjects of a binding that are of a kind."""

    def cell(binding: Json) -> str:
        found = [s for s in binding.get("subjects") or [] if s.get("kind") == kind]
        spaces = [f"{s['namespace']}/" if s.get("namespace") else "" for s in found]
        return ", ".join(f"{space}{s['name']}" for space, s in zip(spaces, found, strict=True))

    return cell


def access_modes(claim: Json) -> str:
    """Give how a volume may be mounted."""
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
    short["ReadWriteOncePod"] = "RWOP"
    modes = part(claim, "status").get("accessModes") or []
    return ",".join(name for mode, name in short.items() if mode in modes)

"""Core events, as the scheduler, the kubelet and the Job controller write them."""

from dataclasses import dataclass

from helper import kinds
from orchestrator.replay.objects import (
    Json,
    is_deleting,
    meta,
    name_of,
    namespace_of,
    new_uid,
    now,
    now_micro,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.store import Missing

JOB_CONTROLLER = "job-controller"
KUBELET = "kubelet"
SCHEDULER = "default-scheduler"


@dataclass(frozen=True)
class Note:
    """What happened to an object."""

    reason: str
    message: str
    warning: bool = False
    field: str = ""  # for a container: spec.containers{NAME}


class EventWriter:
    """Writes events; the same one again only raises its count."""

    def __init__(self, state: State) -> None:
        self._store = state.store
        self._names: dict[tuple[str, Note], str] = {}

    def write(self, about: Json, component: str, note: Note, host: str = "") -> None:
        """Note that something happened; nothing is written into a namespace that goes."""
        namespace = namespace_of(about)
        home = self._store.find(kinds.NAMESPACES, "", namespace)
        if home is None or is_deleting(home):
            return
        known = self._names.get((uid_of(about), note))
        if known is not None:
            try:
                self._store.update(kinds.EVENTS, namespace, known, _again)
            except Missing:
                pass
            else:
                return
        event = _event(about, component, note, host)
        self._names[uid_of(about), note] = name_of(event)
        self._store.insert(kinds.EVENTS, event)


def _again(event: Json) -> Json:
    if event.get("count"):
        return {**event, "count": event["count"] + 1, "lastTimestamp": now()}
    series = event.get("series") or {"count": 1}
    return {
        **event,
        "series": {"count": series["count"] + 1, "lastObservedTime": now_micro()},
    }


def _event(about: Json, component: str, note: Note, host: str) -> Json:
    involved = {
        "kind": about["kind"],
        "namespace": namespace_of(about),
        "name": name_of(about),
        "uid": uid_of(about),
        "apiVersion": about["apiVersion"],
        "resourceVersion": meta(about).get("resourceVersion"),
    }
    if note.field:
        involved["fieldPath"] = note.field
    uid = new_uid()
    event: Json = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{name_of(about)}.{uid[:16].replace('-', '')}",
            "namespace": namespace_of(about),
            "uid": uid,
            "creationTimestamp": now(),
        },
        "involvedObject": involved,
        "reason": note.reason,
        "message": note.message,
        "type": "Warning" if note.warning else "Normal",
        "reportingComponent": component,
    }
    return event | (_by_scheduler(note) if component == SCHEDULER else _by(component, host))


def _by_scheduler(note: Note) -> Json:
    """Give what the scheduler writes beside: it uses the newer events API."""
    return {
        "action": "Scheduling" if note.warning else "Binding",
        "eventTime": now_micro(),
        "firstTimestamp": None,
        "lastTimestamp": None,
        "reportingInstance": f"{SCHEDULER}-replay",
        "source": {},
    }


def _by(component: str, host: str) -> Json:
    source = {"component": component, "host": host} if host else {"component": component}
    return {
        "count": 1,
        "eventTime": None,
        "firstTimestamp": now(),
        "lastTimestamp": now(),
        "reportingInstance": host,
        "source": source,
    }

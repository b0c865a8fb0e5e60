"""Events have two names: what is written as core/v1 is read as events.k8s.io/v1, too."""

from helper.kinds import EVENTS, Resource
from orchestrator.replay.objects import Json

GROUP = "events.k8s.io"
_NAMES = {  # in core/v1, and here
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "involvedObject": "regarding",
    "lastTimestamp": "deprecatedLastTimestamp",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
}


def is_mirror(resource: Resource) -> bool:
    """Whether a kind shows what is stored as another."""
    return (resource.group, resource.plural) == (GROUP, EVENTS.plural)


def stored_as(resource: Resource) -> Resource:
    """Give where the objects of a kind stand."""
    return EVENTS if is_mirror(resource) else resource


def shown(event: Json) -> Json:
    """Give a core event as events.k8s.io/v1 shows it."""
    renamed = {_NAMES.get(key, key): value for key, value in event.items()}
    return {**renamed, "apiVersion": f"{GROUP}/v1"}


def selector(fields: str) -> str:
    """Give a field selector by the names of core/v1."""
    for name in ("involvedObject", "reportingComponent"):
        fields = fields.replace(_NAMES[name], name)
    return fields

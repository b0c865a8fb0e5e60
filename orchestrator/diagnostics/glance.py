"""Reads for a diagnosis: in bounded time, and only what the caller of the run may see."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from helper.deadline import SYSTEM_CLOCK, Clock, Deadline
from helper.errors import CannotTell, Forbidden, KubeError, NotFound
from helper.kinds import BUILTIN, EVENTS, Resource
from helper.kube import Kube
from helper.quantity import format_duration
from helper.resource import Json
from orchestrator.cluster_events import in_order
from orchestrator.diagnostics import words

T = TypeVar("T")

LIMIT_S = 10.0  # of one diagnosis; the check's clean-up, and with it its locks, wait for it
PATIENCE_S = 1.0  # a diagnosis is a courtesy, no reason to ask again and again
LOG_LINES = 200


class TooLate(CannotTell):
    """The time for the diagnosis is up, or the operator is in a hurry."""


class Glance:
    """Looks at a cluster for a diagnosis; every method raises CannotTell for what it cannot see."""

    def __init__(
        self, kube: Kube, hurried: Callable[[], bool] = lambda: False, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._deadline = Deadline.after(LIMIT_S, clock)
        self._hurried = hurried
        self._kube = kube.patient(PATIENCE_S, lambda: bool(self._too_late()))

    def all(
        self, resource: Resource, namespace: str | None, labels: str = "", fields: str = ""
    ) -> list[Json]:
        """All objects that match."""
        look = partial(self._kube.list, resource, namespace, labels=labels, fields=fields)
        return self._in_time(f"{resource.title} in {namespace or 'the whole cluster'}", look)

    def find(self, resource: Resource, name: str, namespace: str | None = None) -> Json | None:
        """One object, or None when it is not there; the right to list is enough."""
        found = self.all(resource, namespace, fields=f"metadata.name={name}")
        return found[0] if found else None

    def events(self, name: str, namespace: str) -> list[Json]:
        """Events about the objects of a name, in any order.

        Those about what is in no namespace stand in `default`.
        """
        return self.all(EVENTS, namespace or "default", fields=f"involvedObject.name={name}")

    def log(self, namespace: str, pod: str, container: str) -> str:
        """The end of what a container has printed."""
        look = partial(self._kube.log, namespace, pod, container, tail_lines=LOG_LINES)
        return self._in_time(f"log of container {container} of pod {pod}", look)

    def resource(self, group: str, plural: str) -> Resource | None:
        """A resource by its name in rules; None when the cluster does not serve it."""
        for known in BUILTIN.values():
            if (known.group, known.plural) == (group, plural):
                return known
        look = partial(self._kube.resource, group, plural)
        return self._in_time(f"what {group} serves", look)

    def resource_of_kind(self, api_version: str, kind: str) -> Resource | None:
        """A resource as an owner reference names it; None when the cluster does not serve it."""
        if known := BUILTIN.get((api_version, kind)):
            return known
        look = partial(self._kube.resource_of_kind, api_version, kind)
        return self._in_time(f"what {api_version} serves", look)

    def _in_time(self, what: str, look: Callable[[], T]) -> T:
        if why := self._too_late():
            raise TooLate(f"{what}: {why}")
        return look()

    def _too_late(self) -> str:
        if self._hurried():
            return "not looked at, the run is to end at once"
        if self._deadline.remaining_s() <= 0:
            return f"not looked at, the time for diagnostics ({format_duration(LIMIT_S)}) was up"
        return ""


def events(glance: Glance, names: Iterable[str], namespace: str) -> str:
    """The events about some objects as text, or why there are none."""
    try:
        found = [event for name in names for event in glance.events(name, namespace)]
    except CannotTell as error:
        return f"{unread('events', error)}\n"
    return words.events(in_order(found)) or "no events\n"


def unread(what: str, error: CannotTell) -> str:
    """What stands in the place of something that could not be read."""
    match error:
        case TooLate():
            return str(error)
        case Forbidden(verb=verb, what=refused):
            return f"not allowed to {verb} {refused}"
        case NotFound(what=missing):
            return f"{missing}: not found"
        case KubeError():
            return f"{what} cannot be read: {error}"
    return f"{what} cannot be read: {error}"

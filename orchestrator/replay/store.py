"""The objects of a replay cluster, their versions, and what changed when.

Objects in the store are never altered in place: every write puts a new one, so that readers
and watchers may hold what they were given.
"""

import bisect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from helper.kinds import Resource
from orchestrator.replay.objects import (
    Json,
    clone,
    is_deleting,
    meta,
    name_of,
    namespace_of,
    uid_of,
)

HISTORY = 20_000  # changes that a watch can start from; older ones answer 410


class Key(NamedTuple):
    """Where an object stands; its versions share one place."""

    group: str
    plural: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Change:
    """One write; `old` is None for the first, `type` is a watch event's."""

    version: int
    type: str
    key: Key
    new: Json  # for DELETED the last state, with the version of the deletion
    old: Json | None
    live: bool  # False for objects of the recording, which no controller acts on


Listener = Callable[[Change], None]
Edit = Callable[[Json], Json]


class Missing(LookupError):
    """The object is not there."""


class Store:
    """All objects; safe to use from many threads."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._objects: dict[tuple[str, str], dict[tuple[str, str], Json]] = {}
        self._recorded: set[str] = set()  # uids
        self._history: list[Change] = []
        self._floor = 0  # a watch may start at this version or later
        self._version = 0
        self._listeners: list[Listener] = []

    @property
    def version(self) -> int:
        """The latest resource version."""
        with self.changed:
            return self._version

    @property
    def floor(self) -> int:
        """The oldest version that a watch can start from."""
        with self.changed:
            return self._floor

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` for every change from now on; it must only take note and return."""
        with self.changed:
            self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Stop calling `listener`."""
        with self.changed:
            self._listeners.remove(listener)

    def find(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """Give the object, or None; not to be altered."""
        with self.changed:
            return self._objects.get((resource.group, resource.plural), {}).get((namespace, name))

    def objects(self, resource: Resource, namespace: str = "") -> list[Json]:
        """Give the objects of a kind by namespace and name; "" means all namespaces."""
        with self.changed:
            found = self._objects.get((resource.group, resource.plural), {})
            keys = [key for key in found if not namespace or key[0] == namespace]
            return [found[key] for key in sorted(keys)]

    def everything(self) -> list[tuple[Key, Json]]:
        """Give all objects with their keys."""
        with self.changed:
            return [
                (Key(*kind, *place), obj)
                for kind, objects in self._objects.items()
                for place, obj in objects.items()
            ]

    def inside(self, namespace: str) -> list[tuple[Key, Json]]:
        """Give all objects of a namespace with their keys."""
        return [(key, obj) for key, obj in self.everything() if key.namespace == namespace]

    def list_at(self, resource: Resource, namespace: str, version: int) -> list[Json]:
        """Give the objects as they were at a version that is not below the floor."""
        with self.changed:
            found = {(namespace_of(o), name_of(o)): o for o in self.objects(resource, namespace)}
            for change in reversed(self._history):
                if change.version <= version:
                    break
                place = (change.key.namespace, change.key.name)
                if (change.key.group, change.key.plural) != (resource.group, resource.plural):
                    continue
                if namespace and namespace != place[0]:
                    continue
                if change.old is None:
                    found.pop(place, None)
                else:
                    found[place] = change.old
            return [found[place] for place in sorted(found)]

    def load(self, resource: Resource, obj: Json) -> None:
        """Put an object of the recording, without a change that a watch could see."""
        with self.changed:
            self._version = self._floor = max(self._version + 1, _recorded_version(obj))
            meta(obj).setdefault("resourceVersion", str(self._version))
            self._recorded.add(meta(obj).get("uid", ""))
            self._place(resource)[namespace_of(obj), name_of(obj)] = obj

    def is_recorded(self, obj: Json) -> bool:
        """Whether an object is of the recording, not made since."""
        with self.changed:
            return uid_of(obj) in self._recorded

    def insert(self, resource: Resource, obj: Json, *, live: bool = True) -> Json:
        """Add a new object and give it with its version; raises KeyError when it is there."""
        with self.changed:
            key = Key(resource.group, resource.plural, namespace_of(obj), name_of(obj))
            place = self._place(resource)
            if key[2:] in place:
                raise KeyError(key)
            if not live:
                self._recorded.add(meta(obj).get("uid", ""))
            new = self._stamped(obj)
            place[key[2:]] = new
            self._record("ADDED", key, new, None)
            return new

    def update(self, resource: Resource, namespace: str, name: str, edit: Edit) -> Json:
        """Replace an object by `edit(copy)` and give the result; raises Missing.

        Nothing is written when nothing changes. An object whose deletion waited for finalizers
        goes when the last one does.
        """
        with self.changed:
            old = self.find(resource, namespace, name)
            if old is None:
                raise Missing(name)
            new = edit(clone(old))
            if new == old:
                return old
            if is_deleting(new) and _may_go(new):
                return self.remove(resource, namespace, name, last=new)
            new = self._stamped(new)
            self._place(resource)[namespace, name] = new
            key = Key(resource.group, resource.plural, namespace, name)
            self._record("MODIFIED", key, new, old)
            return new

    def remove(
        self, resource: Resource, namespace: str, name: str, last: Json | None = None
    ) -> Json:
        """Take an object away and give its last state; raises Missing."""
        with self.changed:
            old = self._place(resource).pop((namespace, name), None)
            if old is None:
                raise Missing(name)
            new = self._stamped(last or old)
            key = Key(resource.group, resource.plural, namespace, name)
            self._record("DELETED", key, new, old)
            return new

    def changes_after(self, version: int, wait_s: float = 0) -> list[Change]:
        """Give the changes after a version, waiting for the first one up to `wait_s`."""
        with self.changed:
            if wait_s and self._version <= version:
                self.changed.wait(wait_s)
            start = bisect.bisect_right(self._history, version, key=lambda c: c.version)
            return self._history[start:]

    def compact(self) -> None:
        """Forget the past: watches and tokens from before this moment answer 410."""
        with self.changed:
            self._history.clear()
            self._floor = self._version

    def wake(self) -> None:
        """Let everybody who waits for changes look up."""
        with self.changed:
            self.changed.notify_all()

    def _place(self, resource: Resource) -> dict[tuple[str, str], Json]:
        return self._objects.setdefault((resource.group, resource.plural), {})

    def _stamped(self, obj: Json) -> Json:
        self._version += 1
        return {**obj, "metadata": {**meta(obj), "resourceVersion": str(self._version)}}

    def _record(self, kind: str, key: Key, new: Json, old: Json | None) -> None:
        live = meta(new).get("uid") not in self._recorded
        change = Change(self._version, kind, key, new, old, live)
        self._history.append(change)
        if len(self._history) > HISTORY:
            dropped = self._history[: HISTORY // 2]
            self._floor = dropped[-1].version
            del self._history[: HISTORY // 2]
        for listener in self._listeners:
            listener(change)
        self.changed.notify_all()


def _recorded_version(obj: Json) -> int:
    text = str(meta(obj).get("resourceVersion") or "")
    return int(text) if text.isdecimal() else 0


def _may_go(obj: Json) -> bool:
    metadata = meta(obj)
    if obj["kind"] == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
        return False  # its own kind of finalizers: dropped when the namespace is empty
    return not metadata.get("finalizers") and not metadata.get("deletionGracePeriodSeconds")

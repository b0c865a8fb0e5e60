"""What follows from deletions: dependents go, namespaces empty, custom resources vanish."""

from contextlib import suppress

from helper import kinds
from orchestrator.replay import deletion
from orchestrator.replay.deletion import FOREGROUND, DeleteOptions
from orchestrator.replay.kinds import served_by
from orchestrator.replay.objects import (
    Json,
    is_deleting,
    meta,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.store import Change, Key, Missing
from orchestrator.replay.workloads.loop import Loop, Once

_COLLECT_S = 0.01
_AGAIN_S = 0.03
_CRD_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_ANYWHERE = DeleteOptions(propagation="Background")


class Collector:
    """The garbage collector, the namespace controller and the one that empties CRDs."""

    def __init__(self, state: State, loop: Loop) -> None:
        self._state = state
        self._loop = loop
        self._namespaces = Once(loop, lambda _, name: self._empty_namespace(name))
        self._foreground = Once(loop, lambda _, uid: self._finish_foreground(uid))
        self._owners: dict[str, Key] = {}  # uids that wait for their dependents

    def changed(self, change: Change) -> None:
        """Take note of a change of any object."""
        obj = change.new
        if change.type == "DELETED":
            self._owners.pop(uid_of(obj), None)
            self._loop.later(_COLLECT_S, lambda: self._collect_dependents(uid_of(obj)))
            self._look_at_waiting(change)
        elif change.type == "ADDED" and change.live and owners_of(obj):
            self._loop.later(_COLLECT_S, lambda: self._collect_if_orphan(change.key))
        elif is_deleting(obj):
            self._deleting(change)

    def _deleting(self, change: Change) -> None:
        key, obj = change.key, change.new
        if key.plural == kinds.NAMESPACES.plural and not key.group:
            self._namespaces.later(_COLLECT_S, "", key.name)
        elif _CRD_CLEANUP in (meta(obj).get("finalizers") or []):
            self._loop.later(_COLLECT_S, lambda: self._empty_definition(obj))
        if FOREGROUND in (meta(obj).get("finalizers") or []):
            self._owners[uid_of(obj)] = key
            self._foreground.later(_COLLECT_S, "", uid_of(obj))

    def _look_at_waiting(self, change: Change) -> None:
        for owner in owners_of(change.new):
            if owner.get("uid") in self._owners:
                self._foreground.later(_COLLECT_S, "", owner["uid"])
        if change.key.namespace:
            home = self._state.store.find(kinds.NAMESPACES, "", change.key.namespace)
            if home is not None and is_deleting(home):
                self._namespaces.later(_COLLECT_S, "", change.key.namespace)

    def _dependents(self, uid: str) -> list[tuple[Key, Json]]:
        return [
            (key, obj)
            for key, obj in self._state.store.everything()
            if any(owner.get("uid") == uid for owner in owners_of(obj))
        ]

    def _collect_dependents(self, uid: str) -> None:
        for key, obj in self._dependents(uid):
            # A cluster-scoped dependent of a namespaced owner cannot be judged and stays.
            if not any(self._owner_lives(owner, obj) for owner in owners_of(obj)):
                self._delete(key, _ANYWHERE)

    def _collect_if_orphan(self, key: Key) -> None:
        kind = self._state.kinds.any_version(key.group, key.plural)
        obj = self._state.store.find(kind.resource, key.namespace, key.name) if kind else None
        if obj is None or not owners_of(obj):
            return
        if not any(self._owner_lives(owner, obj) for owner in owners_of(obj)):
            self._delete(key, _ANYWHERE)

    def _owner_lives(self, owner: Json, dependent: Json) -> bool:
        kind = self._state.kinds.of_object(owner)
        if kind is None:
            return True  # nobody can tell; a real collector leaves it alone as well
        if kind.resource.namespaced and not namespace_of(dependent):
            return True
        namespace = namespace_of(dependent) if kind.resource.namespaced else ""
        found = self._state.store.find(kind.resource, namespace, owner.get("name", ""))
        return found is not None and uid_of(found) == owner.get("uid")

    def _finish_foreground(self, uid: str) -> None:
        """Delete what depends on an object, then let the object go."""
        key = self._owners.get(uid)
        if key is None:
            return
        blocking = [
            (dependent, obj) for dependent, obj in self._dependents(uid) if _blocks(obj, uid)
        ]
        for dependent, obj in blocking:
            if not is_deleting(obj):
                self._delete(dependent, DeleteOptions(propagation="Foreground"))
        if blocking:
            self._foreground.later(_AGAIN_S, "", uid)
            return
        kind = self._state.kinds.any_version(key.group, key.plural)
        if kind is not None:
            deletion.drop_finalizer(self._state, kind, key.namespace, key.name, FOREGROUND)

    def _empty_namespace(self, name: str) -> None:
        home = self._state.store.find(kinds.NAMESPACES, "", name)
        if home is None or not is_deleting(home):
            return
        left = [(k, o) for k, o in self._state.store.everything() if k.namespace == name]
        for key, obj in left:
            if not is_deleting(obj):
                self._delete(key, _ANYWHERE)
        if left:
            self._namespaces.later(_AGAIN_S, "", name)
            return
        with suppress(Missing):
            self._state.store.update(kinds.NAMESPACES, "", name, _emptied)

    def _empty_definition(self, definition: Json) -> None:
        for kind in served_by(definition)[:1]:
            for obj in self._state.store.objects(kind.resource):
                options = DeleteOptions(propagation="Background")
                deletion.delete_quietly(self._state, kind, namespace_of(obj), name_of(obj), options)
        found = self._state.kinds.any_version(kinds.CRDS.group, kinds.CRDS.plural)
        if found is not None:
            deletion.drop_finalizer(self._state, found, "", name_of(definition), _CRD_CLEANUP)

    def _delete(self, key: Key, options: DeleteOptions) -> None:
        kind = self._state.kinds.any_version(key.group, key.plural)
        if kind is not None:
            deletion.delete_quietly(self._state, kind, key.namespace, key.name, options)


def _emptied(namespace: Json) -> Json:
    return {**namespace, "spec": {**namespace["spec"], "finalizers": []}}


def _blocks(obj: Json, uid: str) -> bool:
    return any(o.get("uid") == uid and o.get("blockOwnerDeletion") for o in owners_of(obj))

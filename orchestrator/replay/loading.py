"""Puts recorded objects into a cluster's store."""

from collections.abc import Sequence
from pathlib import Path

from helper import kinds
from orchestrator.replay import bootstrap, shapes
from orchestrator.replay.creation import fill_recorded
from orchestrator.replay.kinds import Served
from orchestrator.replay.models import ReplayError
from orchestrator.replay.objects import (
    Json,
    name_of,
    namespace_of,
    owners_of,
    stable_uid,
    uid_of,
)
from orchestrator.replay.state import State

Located = tuple[Path | str, Json]
_Identity = tuple[str, str, str, str]  # apiVersion, kind, namespace, name


def load_objects(state: State, located: Sequence[Located]) -> None:
    """Load objects, each with the file to blame, and what every cluster has; raises ReplayError."""
    for file, obj in located:
        if obj.get("kind") == kinds.CRDS.kind:
            _follow(state, file, obj)
    kept = [(file, obj, _kind_of(state, file, obj)) for file, obj in located]
    seen: dict[_Identity, Path | str] = {}
    for file, obj, kind in kept:
        fill_recorded(kind, obj)
        identity = _identity(obj)
        if identity in seen:
            title = f"{obj['kind']} {name_of(obj)}"
            raise ReplayError(file, "", f"{title} stands in {seen[identity]} as well")
        seen[identity] = file
    _resolve_owners([obj for _, obj, _ in kept])
    for _, obj, kind in kept:
        state.store.load(kind.resource, obj)
    _add_basics(state)


def add_namespace(state: State, name: str) -> None:
    """Load a namespace that objects stand in without it being recorded."""
    basics = [] if _has(state, bootstrap.namespace(name)) else [bootstrap.namespace(name)]
    _load_missing(state, [*basics, *bootstrap.contents_of(name)])


def _kind_of(state: State, file: Path | str, obj: Json) -> Served:
    for field in ("apiVersion", "kind"):
        if not isinstance(obj.get(field), str):
            raise ReplayError(file, field, "missing")
    shapes.check(file, obj)
    if not name_of(obj):
        raise ReplayError(file, "metadata.name", "missing")
    kind = state.kinds.of_object(obj)
    if kind is None:
        raise unserved(file, obj)
    return kind


def unserved(file: Path | str, obj: Json) -> ReplayError:
    """Compose the error for an object of a kind that nobody defines."""
    title = f"{obj.get('kind')} of {obj.get('apiVersion')}"
    return ReplayError(
        file, "kind", f"{title} is not served; add its CustomResourceDefinition to the objects"
    )


def _follow(state: State, file: Path | str, definition: Json) -> None:
    try:
        state.follow_definition(definition)
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"not a usable CustomResourceDefinition: {type(error).__name__}: {error}"
        raise ReplayError(file, "spec", problem) from error


def _identity(obj: Json) -> _Identity:
    return obj["apiVersion"], obj["kind"], namespace_of(obj), name_of(obj)


def _resolve_owners(objects: Sequence[Json]) -> None:
    """Let owner references without uid point at the recorded owner."""
    uids = {_identity(obj): uid_of(obj) for obj in objects}
    for obj in objects:
        for owner in owners_of(obj):
            if owner.get("uid"):
                continue
            api_version, kind, name = owner["apiVersion"], owner["kind"], owner["name"]
            inside = uids.get((api_version, kind, namespace_of(obj), name))
            owner["uid"] = (
                inside
                or uids.get((api_version, kind, "", name))
                or stable_uid(api_version, kind, namespace_of(obj), name)
            )


def _add_basics(state: State) -> None:
    used = {key.namespace for key, _ in state.store.everything() if key.namespace}
    recorded = {name_of(obj) for obj in state.store.objects(kinds.NAMESPACES)}
    names = sorted(used | recorded | set(bootstrap.NAMESPACES))
    _load_missing(state, [bootstrap.namespace(name) for name in names])
    for name in names:
        _load_missing(state, list(bootstrap.contents_of(name)))
    _load_missing(state, list(bootstrap.roles()))


def _load_missing(state: State, objects: Sequence[Json]) -> None:
    for obj in objects:
        kind = state.kinds.of_object(obj)
        if kind is not None and not _has(state, obj):
            state.store.load(kind.resource, fill_recorded(kind, obj))


def _has(state: State, obj: Json) -> bool:
    resource = kinds.BUILTIN[obj["apiVersion"], obj["kind"]]
    return state.store.find(resource, namespace_of(obj), name_of(obj)) is not None

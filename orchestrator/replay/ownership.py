"""Who set which field: `managedFields`, and server-side apply on top of it.

Ownership goes down to the keys of maps; a list belongs to whoever wrote it, as a whole.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.replay.objects import Json, clone, meta, now
from orchestrator.replay.statuses import Cause, apply_conflict

Path = tuple[str, ...]
_ABSENT = object()
# What the server itself writes, and what names the object: nobody owns these.
_UNOWNED = frozenset(
    {
        ("apiVersion",),
        ("kind",),
        ("metadata", "creationTimestamp"),
        ("metadata", "deletionGracePeriodSeconds"),
        ("metadata", "deletionTimestamp"),
        ("metadata", "generateName"),
        ("metadata", "generation"),
        ("metadata", "managedFields"),
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("metadata", "resourceVersion"),
        ("metadata", "uid"),
    }
)


def applied(current: Json | None, wanted: Json, manager: str, *, force: bool) -> Json:
    """Give the object that server-side apply makes of `current`; raises ApiError 409.

    Fields that this manager applied before and leaves out now go, unless another owns them too.
    """
    result = clone(current) if current is not None else _identity(wanted)
    managers = _read(result)
    mine = (manager, "Apply")
    wanted_paths = set(_leaves(wanted))
    others = {owner: paths for owner, paths in managers.items() if owner != mine}
    if not force:
        _refuse_conflicts(result, wanted, wanted_paths, others)
    changed = {p for p in wanted_paths if _at(result, p) != _at(wanted, p)}
    for path in wanted_paths:
        _set(result, path, clone(_at(wanted, path)))
    owned_by_others = set().union(*others.values()) if others else set()
    for path in managers.get(mine, set()) - wanted_paths - owned_by_others:
        _drop(result, path)
    kept = {owner: paths - changed for owner, paths in managers.items()}
    return _written(result, {**kept, mine: wanted_paths})


def owned(obj: Json, wanted: Json, manager: str) -> Json:
    """Give a new object, created by server-side apply, with the wish owned by its manager."""
    return _written(obj, {(manager, "Apply"): set(_leaves(wanted))})


def tracked(old: Json | None, new: Json, manager: str) -> Json:
    """Give `new` with the fields that differ from `old` owned by `manager`."""
    before = set(_leaves(old)) if old else set()
    after = set(_leaves(new))
    changed = {p for p in after if old is None or _at(old, p) != _at(new, p)}
    result = {**new, "metadata": {**meta(new)}}
    result["metadata"].pop("managedFields", None)
    known = meta(old).get("managedFields") if old else None
    if known:
        result["metadata"]["managedFields"] = known
    if not changed and before == after:
        return result
    managers = {owner: (paths - changed) & after for owner, paths in _read(result).items()}
    managers.setdefault((manager, "Update"), set()).update(changed)
    return _written(result, managers)


def _refuse_conflicts(
    current: Json, wanted: Json, paths: set[Path], others: dict[tuple[str, str], set[Path]]
) -> None:
    causes = []
    for path in sorted(paths):
        if _at(current, path) == _at(wanted, path):
            continue
        for manager, operation in sorted(others):
            if path in others[manager, operation]:
                using = "" if operation == "Apply" else f" using {current.get('apiVersion')}"
                message = f'conflict with "{manager}"{using}'
                causes.append(Cause("." + ".".join(path), message, "FieldManagerConflict"))
    if causes:
        raise apply_conflict(causes)


def _identity(wanted: Json) -> Json:
    kept = {k: meta(wanted)[k] for k in ("name", "namespace") if k in meta(wanted)}
    return {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": kept}


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if path in _UNOWNED:
        return
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif path and path != ("metadata",):
        yield path


def _at(obj: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(obj, dict) or step not in obj:
            return _ABSENT
        obj = obj[step]
    return obj


def _set(obj: Json, path: Path, value: Any) -> None:
    for step in path[:-1]:
        if not isinstance(obj.get(step), dict):
            obj[step] = {}
        obj = obj[step]
    # An empty map in the wish only demands that there be a map.
    if value == {} and isinstance(obj.get(path[-1]), dict):
        return
    obj[path[-1]] = value


def _drop(obj: Json, path: Path) -> None:
    parents = [obj]
    for step in path[:-1]:
        if not isinstance(parents[-1].get(step), dict):
            return
        parents.append(parents[-1][step])
    parents[-1].pop(path[-1], None)
    for parent, step in zip(parents[-2::-1], path[-2::-1], strict=False):
        if not parent[step]:
            del parent[step]


def _read(obj: Json) -> dict[tuple[str, str], set[Path]]:
    entries = meta(obj).get("managedFields") or []
    return {
        (entry.get("manager", ""), entry.get("operation", "Update")): set(
            _paths(entry.get("fieldsV1") or {})
        )
        for entry in entries
    }


def _written(obj: Json, managers: dict[tuple[str, str], set[Path]]) -> Json:
    """Put the managers into metadata, with the old time where nothing changed."""
    old = {
        (entry.get("manager"), entry.get("operation")): entry
        for entry in meta(obj).get("managedFields") or []
    }
    entries = []
    for (manager, operation), paths in managers.items():
        fields = _fields_v1(paths)
        known = old.get((manager, operation))
        if known and known.get("fieldsV1") == fields:
            entries.append(known)
        elif paths:
            entries.append(
                {
                    "manager": manager,
                    "operation": operation,
                    "apiVersion": obj.get("apiVersion"),
                    "time": now(),
                    "fieldsType": "FieldsV1",
                    "fieldsV1": fields,
                }
            )
    obj.setdefault("metadata", {})["managedFields"] = entries
    return obj


def _fields_v1(paths: Iterable[Path]) -> Json:
    tree: Json = {}
    for path in sorted(paths):
        at = tree
        for step in path:
            at = at.setdefault(f"f:{step}", {})
    return tree


def _paths(tree: Json, path: Path = ()) -> Iterator[Path]:
    for key, below in tree.items():
        if not key.startswith("f:"):
            continue  # list items by key, as real servers write them; ours are whole lists
        here = (*path, key[2:])
        if any(k.startswith("f:") for k in below):
            yield from _paths(below, here)
        else:
            yield here

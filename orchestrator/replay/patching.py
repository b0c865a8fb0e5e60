"""The three kinds of patch: JSON merge patch, JSON patch, strategic merge patch."""

from typing import Any

from orchestrator.replay.objects import Json, clone
from orchestrator.replay.statuses import bad_request, unusable_patch

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

# By which key the lists of built-in kinds are merged; lists not named here are replaced.
# The patchMergeKey tags of k8s.io/api, for the fields that patches of ours touch.
_MERGE_KEYS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
_SET_LISTS = frozenset({"finalizers"})


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a merge patch (RFC 7386) and give the result."""
    if not isinstance(patch, dict):
        return clone(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic_merge(target: Any, patch: Any) -> Any:
    """Apply a strategic merge patch: as a merge patch, but well-known lists merge by key."""
    if not isinstance(patch, dict):
        return clone(patch)
    if patch.get("$patch") == "replace":
        return {key: clone(value) for key, value in patch.items() if key != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, list) and key in _MERGE_KEYS:
            result[key] = _merge_list(result.get(key) or [], value, _MERGE_KEYS[key])
        elif isinstance(value, list) and key in _SET_LISTS:
            known = result.get(key) or []
            result[key] = known + [item for item in value if item not in known]
        else:
            result[key] = strategic_merge(result.get(key), value)
    return result


def _merge_list(target: list[Any], patch: list[Any], merge_key: str) -> list[Any]:
    result = list(target)
    for item in patch:
        if not isinstance(item, dict) or merge_key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {merge_key}")
        same = [i for i, old in enumerate(result) if old.get(merge_key) == item[merge_key]]
        if item.get("$patch") == "delete":
            result = [old for i, old in enumerate(result) if i not in same]
        elif same:
            result[same[0]] = strategic_merge(result[same[0]], item)
        else:
            result.append(clone(item))
    return result


def json_patch(target: Json, operations: Any) -> Json:
    """Apply a JSON patch (RFC 6902) to a copy and give it; raises ApiError."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    document: Any = clone(target)
    for operation in operations:
        try:
            document = _apply_operation(document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise unusable_patch() from error
    return document  # type: ignore[no-any-return]


def _apply_operation(document: Any, operation: Json) -> Any:
    path = _steps(operation["path"])
    match operation["op"]:
        case "test":
            if _value_at(document, path) != operation.get("value"):
                raise ValueError("test failed")
        case "remove":
            _remove(document, path)
        case "add":
            return _add(document, path, clone(operation["value"]))
        case "replace":
            _value_at(document, path)
            return _replace(document, path, clone(operation["value"]))
        case "move":
            value = _value_at(document, _steps(operation["from"]))
            _remove(document, _steps(operation["from"]))
            return _add(document, path, value)
        case "copy":
            value = clone(_value_at(document, _steps(operation["from"])))
            return _add(document, path, value)
        case unknown:
            raise ValueError(f"unexpected kind: {unknown}")
    return document


def _steps(pointer: str) -> list[str]:
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"path {pointer!r} does not start with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _value_at(document: Any, path: list[str]) -> Any:
    for step in path:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _value_at(document, path[:-1])
    if isinstance(parent, list):
        index = len(parent) if path[-1] == "-" else int(path[-1])
        if not 0 <= index <= len(parent):
            raise IndexError(f"index {index} is out of bounds")
        parent.insert(index, value)
    else:
        parent[path[-1]] = value
    return document


def _replace(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _value_at(document, path[:-1])
    if isinstance(parent, list):
        parent[int(path[-1])] = value
    else:
        parent[path[-1]] = value
    return document


def _remove(document: Any, path: list[str]) -> None:
    parent = _value_at(document, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]

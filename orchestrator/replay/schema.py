"""The part of OpenAPI v3 schemas that tells wrong custom resources from right ones."""

import json
import re
from collections.abc import Iterator
from typing import Any

from orchestrator.replay.objects import Json, clone
from orchestrator.replay.statuses import Cause

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_NAMES = [(bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")]
_NAMES += [(list, "array"), (dict, "object"), (type(None), "null")]


def violations(obj: Json, schema: Json) -> Iterator[Cause]:
    """Give what is wrong with an object: types, required fields, ranges, patterns, enums."""
    for key, part in (schema.get("properties") or {}).items():
        if key in obj and key not in ("apiVersion", "kind", "metadata"):
            yield from _check(obj[key], part, key)
    yield from _required(obj, schema, "")


def fill_defaults(value: Any, schema: Json) -> None:
    """Put a schema's defaults where an object has nothing."""
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            fill_defaults(item, schema["items"])
    if not isinstance(value, dict):
        return
    for key, part in (schema.get("properties") or {}).items():
        if "default" in part and key not in value:
            value[key] = clone(part["default"])
    for _, item, part in _members(value, schema):
        fill_defaults(item, part)


def prune(obj: Json, schema: Json) -> tuple[Json, list[str]]:
    """Take away what a schema does not know, and give the paths of that."""
    unknown: list[str] = []
    kept = {key: obj[key] for key in ("apiVersion", "kind", "metadata") if key in obj}
    rest = {key: value for key, value in obj.items() if key not in kept}
    return {**kept, **_pruned(rest, schema, "", unknown)}, unknown


def _pruned(value: Any, schema: Json, path: str, unknown: list[str]) -> Any:
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [
            _pruned(item, schema["items"], f"{path}[{index}]", unknown)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, dict) or schema.get("type") != "object":
        return value
    parts = {key: part for key, _, part in _members(value, schema)}
    if schema.get("x-kubernetes-embedded-resource"):
        parts |= {key: {} for key in ("apiVersion", "kind", "metadata")}
    open_ended = ("x-kubernetes-preserve-unknown-fields", "additionalProperties")
    keeps = any(schema.get(key) for key in open_ended)
    found = {}
    for key, item in value.items():
        inner = f"{path}.{key}".lstrip(".")
        if key in parts or keeps:
            found[key] = _pruned(item, parts.get(key, {}), inner, unknown)
        else:
            unknown.append(inner)
    return found


def _check(value: Any, schema: Json, path: str) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        kind = None
    if kind in _TYPES and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        given = next(name for of, name in _NAMES if isinstance(value, of))
        shown = f'"{given}"'
        text = f"Invalid value: {shown}: {path} in body must be of type {kind}: {shown}"
        yield Cause(path, text, "FieldValueTypeInvalid")
        return
    yield from _check_value(value, schema, path)
    if isinstance(value, dict):
        yield from _required(value, schema, path)
        for key, item, part in _members(value, schema):
            yield from _check(item, part, f"{path}.{key}")
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            yield from _check(item, schema["items"], f"{path}[{index}]")


def _members(value: Json, schema: Json) -> Iterator[tuple[str, Any, Json]]:
    """Give the members of an object that the schema says something about."""
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    for key, item in value.items():
        part = properties.get(key, extra)
        if isinstance(part, dict):
            yield key, item, part


def _required(obj: Json, schema: Json, path: str) -> Iterator[Cause]:
    for key in schema.get("required") or []:
        if key not in obj:
            yield Cause(f"{path}.{key}".lstrip("."), "Required value", "FieldValueRequired")


def _check_value(value: Any, schema: Json, path: str) -> Iterator[Cause]:
    shown = json.dumps(value)
    body = f"Invalid value: {shown}: {path} in body should"
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(json.dumps(item) for item in schema["enum"])
        message = f"Unsupported value: {shown}: supported values: {allowed}"
        yield Cause(path, message, "FieldValueNotSupported")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield Cause(path, f"{body} be greater than or equal to {schema['minimum']}")
        if "maximum" in schema and value > schema["maximum"]:
            yield Cause(path, f"{body} be less than or equal to {schema['maximum']}")
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield Cause(path, f"{body} match '{schema['pattern']}'")
        if len(value) < schema.get("minLength", 0):
            yield Cause(path, f"{body} be at least {schema['minLength']} chars long")

"""Which columns `kubectl get` shows, of built-in kinds and of those that CRDs define."""

import json
from typing import Any

from orchestrator.replay.api.ages import since
from orchestrator.replay.api.column import AGE, NAME, Column
from orchestrator.replay.api.printers import BUILT_IN
from orchestrator.replay.jsonpath import find
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json


def columns_of(kind: Served) -> tuple[Column, ...]:
    """Give the columns of a kind."""
    if not kind.custom:
        return BUILT_IN.get(kind.resource.kind, (NAME, AGE))
    return (NAME, *map(_custom, kind.columns)) if kind.columns else (NAME, AGE)


def _custom(given: Json) -> Column:
    path, kind = given.get("jsonPath", ""), given.get("type", "string")
    return Column(
        given.get("name", ""),
        lambda obj: _cell(find(path, obj), kind),
        type=kind,
        priority=given.get("priority", 0),
        format=given.get("format", ""),
    )


def _cell(found: list[Any], kind: str) -> Any:
    """Give a value as its column's type, None when it is of another."""
    value = found[0] if found else None
    match kind:
        case "string" if value is not None:
            return _printed(value)
        case "date" if isinstance(value, str):
            return since(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "integer" | "number" if isinstance(value, (int, float)):
            return None if isinstance(value, bool) else int(value) if kind == "integer" else value
    return None


def _printed(value: Any) -> str:
    """Write a value as Go's JSONPath printer does."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))

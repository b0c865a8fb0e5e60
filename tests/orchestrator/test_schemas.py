import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helper import documents
from orchestrator import schemas
from orchestrator.errors import UsageError
from tests.example import FOLDER
from tests.orchestrator.test_config import FULL
from tests.source import ROOT

TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def schema(name: str) -> Any:
    return json.loads(schemas.text(name))


def breaches(value: Any, part: Any, whole: Any, path: str = "") -> Iterator[str]:
    """Where a document breaks a schema, as far as ours use the language."""
    if "$ref" in part:
        part = whole.get("$defs", whole.get("definitions"))[part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:
        if all(list(breaches(value, choice, whole, path)) for choice in part["anyOf"]):
            yield f"{path}: fits none"
        return
    kinds = part.get("type", [])
    allowed = [
        kind for name in ([kinds] if isinstance(kinds, str) else kinds) for kind in TYPES[name]
    ]
    if not _is_one_of(value, allowed):
        yield f"{path}: is no {kinds}"
    if "enum" in part and value not in part["enum"]:
        yield f"{path}: is none of {part['enum']}"
    if "const" in part and value != part["const"]:
        yield f"{path}: is not {part['const']}"
    yield from _out_of_bounds(value, part, path)
    if isinstance(value, dict):
        yield from _members(value, part, whole, path)
    if isinstance(value, list):
        for item in value:
            yield from breaches(item, part.get("items", {}), whole, f"{path}[]")


def _is_one_of(value: Any, allowed: list[type]) -> bool:
    is_bool = isinstance(value, bool) and bool not in allowed  # which Python counts as a number
    return not allowed or (isinstance(value, tuple(allowed)) and not is_bool)


def _out_of_bounds(value: Any, part: Any, path: str) -> Iterator[str]:
    least = part.get("minLength" if isinstance(value, str) else "minItems", 0)
    if isinstance(value, (str, list)) and len(value) < least:
        yield f"{path}: has fewer than {least}"
    if isinstance(value, str) and not re.search(part.get("pattern", ""), value):
        yield f"{path}: does not match {part['pattern']}"
    if isinstance(value, (int, float)) and value < part.get("minimum", value):
        yield f"{path}: is less than {part['minimum']}"


def _members(value: Any, part: Any, whole: Any, path: str) -> Iterator[str]:
    known = part.get("properties", {})
    extra = part.get("additionalProperties", True)
    yield from (f"{path}.{key}: is missing" for key in part.get("required", []) if key not in value)
    for key, item in value.items():
        if key in known:
            yield from breaches(item, known[key], whole, f"{path}.{key}")
        elif extra is False:
            yield f"{path}.{key}: is not known"
        elif isinstance(extra, dict):
            yield from breaches(item, extra, whole, f"{path}.{key}")


def check(name: str, text: str) -> list[str]:
    given = schema(name)
    return list(breaches(documents.load_mapping(text, name), given, given))


@pytest.mark.parametrize("name", schemas.FILES)
def test_a_schema_names_its_dialect_and_what_it_is_for(name: str) -> None:
    found = schema(name)

    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["title"] == schemas.FILES[name][0]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("catalog", ROOT / "catalog.yaml"),
        ("recipe", FOLDER / "recipe.yaml"),
        ("replay", FOLDER / "cluster.yaml"),
    ],
)
def test_the_files_that_we_ship_fit_their_schema(name: str, path: Path) -> None:
    assert check(name, path.read_text()) == []


def test_a_full_configuration_fits_its_schema() -> None:
    assert check("config", FULL) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("catalog", "validators: [{name: a, phase: x, image: i}]", ".validators[].phase: is none"),
        (
            "catalog",
            "validators: [{name: a, phase: deployment, image: i, timeout: 5}]",
            ".validators[].timeout: is no string",
        ),
        (
            "config",
            "apiVersion: aicr.run/v1alpha2\nkind: AICRConfig\nspec: {x: 1}",
            ".spec.x: is n",
        ),
        ("recipe", "constraints: [{name: a}]", ".constraints[].value: is missing"),
        ("replay", "kind: ReplayCluster", ": fits none"),
    ],
)
def test_what_the_program_refuses_breaks_the_schema(name: str, text: str, said: str) -> None:
    assert check(name, text)[0].startswith(said)


def test_an_unknown_kind_of_file_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"schema catalogue: want one of .*, did you mean catalog"):
        schemas.text("catalogue")

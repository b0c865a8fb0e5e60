"""`schema NAME`: JSON Schemas of the files that this program reads, for editors and linters."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from orchestrator.catalog import Catalog
from orchestrator.config_file import ConfigFile
from orchestrator.errors import UsageError, nearest
from orchestrator.recipe_file import RecipeFile

DIALECT = GenerateJsonSchema.schema_dialect


def _replay() -> TypeAdapter[Any]:
    """A file of a replay folder is one of these kinds."""
    from orchestrator.replay.defects import Defect  # noqa: PLC0415 - only for this one
    from orchestrator.replay.faultspec import FaultSpec  # noqa: PLC0415 - likewise
    from orchestrator.replay.models import (  # noqa: PLC0415 - likewise
        CaptureFile,
        ClusterFile,
        PodOutcome,
        Reply,
    )

    return TypeAdapter(ClusterFile | CaptureFile | PodOutcome | Reply | Defect | FaultSpec)


FILES: Mapping[str, tuple[str, Callable[[], TypeAdapter[Any]]]] = {
    "catalog": ("Catalog of checks", lambda: TypeAdapter(Catalog)),
    "config": ("Configuration of aicr-orch validate", lambda: TypeAdapter(ConfigFile)),
    "recipe": ("Complete recipe", lambda: TypeAdapter(RecipeFile)),
    "replay": ("File of a replay folder", _replay),
}


def text(name: str) -> str:
    """The schema of one kind of file as JSON; UsageError for a kind that is not known."""
    if name not in FILES:
        raise UsageError(f"schema {name}: want one of {', '.join(FILES)}{nearest(name, FILES)}")
    title, adapter = FILES[name]
    found = adapter().json_schema(by_alias=True, mode="validation")
    schema = {"$schema": DIALECT, **found, "title": title}
    return json.dumps(schema, indent=2) + "\n"

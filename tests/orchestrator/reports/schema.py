"""The strict CTRF schema, as the npm package `ctrf` 0.3.0 carries it (MIT licence beside it)."""

import json
from pathlib import Path
from typing import Any

from tests.orchestrator.test_schemas import breaches

DATA = Path(__file__).parent / "data"
SCHEMA = json.loads((DATA / "ctrf-schema-0.0.json").read_text())


def breaches_of_ctrf(document: Any) -> list[str]:
    """Where a document is no strict CTRF."""
    return list(breaches(document, SCHEMA, SCHEMA))

"""The files about checks that did not pass, as a report names them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helper.resource import part, text
from orchestrator.diagnostics import naming

Json = dict[str, Any]

MAX_FILES = 200  # more than a diagnosis has
YAML, TEXT = "application/yaml", "text/plain"


def found(folder: Path, phase: str, check: str) -> Sequence[Json]:
    """The files about a check in the folder of its run, by paths that hold wherever it lies."""
    base = folder / naming.folder_of(phase, check)
    try:
        files = sorted(path for path in base.rglob("*") if path.is_file())
    except OSError:
        return []
    return [
        {
            "name": path.relative_to(base).as_posix(),
            "contentType": YAML if path.suffix == ".yaml" else TEXT,
            "path": path.relative_to(folder).as_posix(),
        }
        for path in files[:MAX_FILES]
        if not path.name.startswith(".")  # one that was not written to its end
    ]


def placed(document: Mapping[str, Any], folder: Path) -> Json:
    """A report for another place than its run's folder: paths of attachments are absolute."""
    results = part(document, "results")
    tests = results.get("tests")
    if isinstance(tests, list):
        tests = [_placed(test, folder) for test in tests]
    return {**document, "results": {**results, "tests": tests}}


def _placed(test: Json, folder: Path) -> Json:
    moved = {**test}
    if "attachments" in test:
        moved["attachments"] = [
            {**item, "path": str(folder / text(item, "path"))} for item in test["attachments"]
        ]
    if "retryAttempts" in test:
        moved["retryAttempts"] = [_placed(attempt, folder) for attempt in test["retryAttempts"]]
    return moved

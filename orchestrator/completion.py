"""What the shell offers after Tab: names that the built-in catalog knows."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.catalog import Catalog

MAX_RUNS = 100  # that are offered

# Called by the command-line library with its context, the parameter and what is typed so far.


def checks(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """Checks of the catalog, also as the last of several that commas separate."""
    return _offered(typed, [entry.name for entry in _catalog().validators])


def labels(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """Labels that some check has."""
    from orchestrator.selection import labels_of

    found = {
        f"{key}={value}"
        for entry in _catalog().validators
        for key, values in labels_of(entry).items()
        for value in values
    }
    return _offered(typed, sorted(found))


def phases(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """The phases, and all of them."""
    from helper.models import PHASES

    return _offered(typed, [*PHASES, "all"])


def runs(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """Runs of this machine, the latest first."""
    return [path.name for path in _runs() if path.name.startswith(typed)]


def running(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """Runs of this machine that go on."""
    from orchestrator.errors import UsageError
    from orchestrator.owner import lives

    found = []
    for path in _runs():
        with suppress(UsageError):  # another user's
            if path.name.startswith(typed) and lives(path):
                found.append(path.name)
    return found


def schemas(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """The files that have a schema."""
    from orchestrator.schemas import FILES

    return _offered(typed, sorted(FILES))


def _offered(typed: str, names: list[str]) -> list[str]:
    before, comma, last = typed.rpartition(",")
    return [f"{before}{comma}{name}" for name in names if name.startswith(last)]


def _runs() -> "list[Path]":
    from orchestrator.lookup import folders

    return list(folders(os.environ))[:MAX_RUNS]


def _catalog() -> "Catalog":
    from orchestrator.catalog import built_in

    return built_in()

"""What the shell offers after Tab: names of the built-in catalog, runs, words of a flag, files."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from orchestrator.catalog import Catalog

    Offer = Callable[[Any, Any, str], list[Any]]

MAX_RUNS = 100  # that are offered
OUTPUTS = {  # formats of reports, and how their files are called
    "ctrf": "report.json",
    "events": "events.jsonl",
    "html": "report.html",
    "junit": "junit.xml",
    "md": "report.md",
}

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


def kept(context: Any, parameter: Any, typed: str) -> list[str]:
    """Runs of this machine that can go on: their inputs are kept, and their process is gone."""
    from orchestrator.resumption import Kept

    alive = set(running(context, parameter, typed))
    return [
        path.name
        for path in _runs()
        if path.name.startswith(typed) and path.name not in alive and Kept(path).is_kept
    ]


def schemas(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """The files that have a schema."""
    from orchestrator.schemas import FILES

    return _offered(typed, sorted(FILES))


def one_of(place: str) -> "Offer":
    """The words of an enumeration or of a tuple, which is imported on demand: `module:name`."""

    def offer(_context: Any, _parameter: Any, typed: str) -> list[str]:
        from pkgutil import resolve_name

        return _offered(typed, [str(word) for word in resolve_name(place)])

    return offer


GATES = one_of("orchestrator.gate:Gate")
DEPTHS = one_of("helper.depth:Depth")
EXECUTORS = one_of("orchestrator.executors:NAMES")
FAIL_FAST = one_of("orchestrator.options:FAIL_FAST")
FAIL_ON = one_of("orchestrator.outcome:FAIL_ON")
KEEP = one_of("orchestrator.settings:Keep")
LOG_LEVELS = one_of("orchestrator.levels:Level")
RIGHTS = one_of("orchestrator.rights:MODES")


def files(_context: Any, _parameter: Any, typed: str) -> "list[CompletionItem]":
    """Files and folders, by the shell's own means."""
    return [_item(typed, "file")]


def folders(_context: Any, _parameter: Any, typed: str) -> "list[CompletionItem]":
    """Folders, by the shell's own means."""
    return [_item(typed, "dir")]


def reports(context: Any, parameter: Any, typed: str) -> "list[CompletionItem]":
    """Runs of this machine, and files: a report can be named in both ways."""
    found = [_item(name) for name in runs(context, parameter, typed)]
    return [_item(typed, "file"), *found]  # bash drops what comes before files


def outputs(_context: Any, _parameter: Any, typed: str) -> "list[CompletionItem]":
    """The formats of a report, each with a name for its file; else files."""
    return _formats(typed, OUTPUTS)


def rendered(_context: Any, _parameter: Any, typed: str) -> "list[CompletionItem]":
    """The same without those that nothing is rendered for."""
    from orchestrator.reports.formats import RENDERED

    return _formats(typed, {name: OUTPUTS[name] for name in sorted(RENDERED)})


def _formats(typed: str, outputs: "Mapping[str, str]") -> "list[CompletionItem]":
    offered = [f"{name}={file}" for name, file in outputs.items()]
    found = [_item(text) for text in offered if text.startswith(typed)]
    return found or [_item(typed, "file")]


def _item(value: str, kind: str = "plain") -> "CompletionItem":
    from click.shell_completion import CompletionItem

    return CompletionItem(value, type=kind)


def _offered(typed: str, names: list[str]) -> list[str]:
    before, comma, last = typed.rpartition(",")
    return [f"{before}{comma}{name}" for name in names if name.startswith(last)]


def _runs() -> "list[Path]":
    from orchestrator.lookup import folders

    return list(folders(os.environ))[:MAX_RUNS]


def _catalog() -> "Catalog":
    from orchestrator.catalog import built_in

    return built_in()

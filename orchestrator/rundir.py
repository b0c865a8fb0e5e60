"""The folder of one run on the operator's machine: results that no crash can take away."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestrator import ctrf, state
from orchestrator.diagnostics import naming
from orchestrator.outcome import Outcome

REPORT, LOG = "ctrf.json", "log"


class RunDir:
    """Keeps each result as soon as it is there, and the whole report at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_run(cls, run_id: str, env: Mapping[str, str]) -> "RunDir":
        """The folder of a run below that of its user, made on first use."""
        return cls(state.home(env) / "runs" / run_id)

    def keep(self, outcome: Outcome) -> None:
        """Store one result; OSError when the disk does not take it."""
        folder = self.path / "checks"
        state.make(folder)
        write(folder / f"{outcome.phase}.{outcome.check}.json", ctrf.test(outcome))

    def diagnosis(self, outcome: Outcome, files: Mapping[str, str]) -> Path:
        """Store files about a check that did not pass; OSError when the disk does not take it."""
        folder = self.path / naming.folder_of(outcome.phase, outcome.check)
        state.make(folder)
        for name, content in files.items():
            place = folder / name
            state.make(place.parent)
            write_text(place, content)
        return folder

    def forget_diagnoses(self, but: Iterable[tuple[str, str]]) -> None:
        """Remove what is kept of checks that run again, `but` these, by phase and check."""
        kept = {Path(naming.folder_of(phase, check)).name for phase, check in but}
        for folder in (self.path / naming.FOLDER).glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def report(self, document: Mapping[str, Any]) -> Path:
        """Store the whole report; OSError when the disk does not take it."""
        state.make(self.path)
        place = self.path / REPORT
        write(place, document)
        return place


def short(path: Path) -> str:
    """Write a path in the operator's home as shells do."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises for a nameless user
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON file that is there whole or not at all, as `write_text` does."""
    write_text(path, text(document))


def write_text(path: Path, content: str) -> None:
    """Write a file that is there whole or not at all.

    Behind a link the file that it points to is written; a device or pipe is written to, not
    replaced. OSError when the place does not take it.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(content)
        return
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def text(document: Mapping[str, Any]) -> str:
    """A report as JSON text, as it stands in files and on stdout."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

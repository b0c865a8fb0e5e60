"""`--data DIR`: catalog entries of a team, laid over the built-in ones."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helper.documents import MAX_BYTES
from orchestrator import catalog
from orchestrator.catalog import Catalog
from orchestrator.errors import CatalogError, UsageError

CATALOG = Path("validators/catalog.yaml")
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_FILES = 10_000  # a folder with more is the wrong one, such as `/`
NAMED = 5  # unused files in one message


@dataclass(frozen=True)
class Overlaid:
    """A catalog, and what the operator should know about how it came about."""

    catalog: Catalog
    warnings: tuple[str, ...] = ()


def apply(built_in: Catalog, folder: str) -> Overlaid:
    """Lay a data folder over a catalog; StopError when a part of the folder cannot be used.

    An entry replaces the built-in one of its name whole and keeps its place; others come last.
    """
    if not folder:
        return Overlaid(built_in)
    root = Path(folder)
    files = list(_files(root))
    unused = [path for path in files if path != CATALOG]
    warnings = (f"--data {folder}: {_unused(unused)}",) if unused or not files else ()
    if CATALOG not in files:
        return Overlaid(built_in, warnings)
    return Overlaid(merge(built_in, _read(root / CATALOG)), warnings)


def merge(built_in: Catalog, own: Catalog) -> Catalog:
    """Replace entries by name, append new ones; the rest is the built-in catalog's."""
    by_name = {entry.name: entry.as_external() for entry in own.validators}
    kept = [by_name.pop(entry.name, entry) for entry in built_in.validators]
    return built_in.model_copy(update={"validators": [*kept, *by_name.values()]})


def _read(path: Path) -> Catalog:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--data: {path}: {error.strerror}") from error
    found = catalog.parse(data, str(path))
    if not found.validators:
        raise CatalogError(f"{path}: has no validators; want a list of entries")
    return found


def _files(root: Path) -> Iterator[Path]:
    """All files below a folder by their path in it; UsageError for what no data folder holds."""
    if not root.is_dir():
        why = "is no folder" if os.path.lexists(root) else "no such folder"
        raise UsageError(f"--data {root}: {why}")
    seen = 0
    for place, folders, names in os.walk(root, onerror=_refuse):
        for name in sorted([*folders, *names]):
            seen += 1
            if seen > MAX_FILES:
                raise UsageError(f"--data {root}: holds more than {MAX_FILES} files")
            path = Path(place, name)
            if _is_file(path):
                yield path.relative_to(root)


def _is_file(path: Path) -> bool:
    """False for folders; UsageError for links, devices and files that are too large."""
    try:
        found = path.lstat()
    except OSError as error:
        _refuse(error)
    if stat.S_ISLNK(found.st_mode):
        raise UsageError(f"--data: {path}: is a symbolic link; give the file itself")
    if stat.S_ISDIR(found.st_mode):
        return False
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"--data: {path}: is no regular file")
    if found.st_size > MAX_FILE_BYTES:
        raise UsageError(f"--data: {path}: larger than {MAX_FILE_BYTES} bytes")
    return True


def _refuse(error: OSError) -> None:
    raise UsageError(f"--data: {error.filename}: {error.strerror}") from error


def _unused(files: list[Path]) -> str:
    if not files:
        return f"is empty; entries are read from {CATALOG}"
    named = ", ".join(map(str, files[:NAMED]))
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return f"{named}{more} not used by this version; entries are read from {CATALOG}"

"""Runs by name, or by the beginning of one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.plan import parse_run_id
from orchestrator.rundir import RunDir

BEGINS = "at least the day, YYYYMMDD"
BEGINNING = re.compile(r"[0-9]{8}(-[0-9]{0,6}(-[0-9a-f]{0,16})?)?")


def folders(env: Mapping[str, str]) -> Sequence[Path]:
    """The folders of all runs that were started here, the latest first."""
    home = RunDir.of_run("x", env).path.parent
    found = (path for path in home.glob("*") if parse_run_id(path.name))
    return sorted(found, key=lambda path: path.name, reverse=True)


def folder(wanted: str, env: Mapping[str, str]) -> Path | None:
    """The folder of one run; None when this machine does not know it, UsageError for several."""
    found = {path.name: path for path in folders(env)}
    name = one(wanted, found)
    return found[name] if name else None


def is_name(wanted: str) -> bool:
    """Whether this can be the beginning of a run's name: at least the day."""
    return BEGINNING.fullmatch(wanted) is not None


def one(wanted: str, names: Iterable[str]) -> str | None:
    """The one name that begins so; None when none does, UsageError for several.

    UsageError as well for what can begin no name: an empty one would begin all of them.
    """
    if not is_name(wanted):
        raise UsageError(f"run {wanted!r}: want the name of a run, or its beginning: {BEGINS}")
    found = [name for name in names if name.startswith(wanted)]
    if len(found) > 1:
        raise UsageError(f"run {wanted}: {len(found)} runs begin so; write more of the name")
    return found[0] if found else None

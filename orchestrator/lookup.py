"""Runs of this machine by name, or by the beginning of one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.plan import RUN_ID
from orchestrator.rundir import RunDir


def folders(env: Mapping[str, str]) -> Sequence[Path]:
    """The folders of all runs that were started here, the latest first."""
    home = RunDir.of_run("x", env).path.parent
    found = (path for path in home.glob("*") if RUN_ID.fullmatch(path.name))
    return sorted(found, key=lambda path: path.name, reverse=True)


def folder(wanted: str, env: Mapping[str, str]) -> Path | None:
    """The folder of one run; None when this machine does not know it, UsageError for several."""
    found = [path for path in folders(env) if path.name.startswith(wanted)]
    if len(found) > 1:
        raise UsageError(f"run {wanted}: {len(found)} runs begin so; write more of the name")
    return found[0] if found else None

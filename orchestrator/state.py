"""Where runs keep what they have on the operator's machine: folders that only this user reads."""

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import UsageError

NAME = "aicr-orch"
STATE = ".local/state"  # https://specifications.freedesktop.org/basedir-spec/
MINE = 0o700  # recipes, logs and objects of the cluster are nobody else's
OTHERS = 0o077


def home(env: Mapping[str, str]) -> Path:
    """The user's folder of runs: below XDG_STATE_HOME, below HOME, or among temporary files.

    UsageError when only the last is left, and it is not this user's alone.
    """
    if env.get("XDG_STATE_HOME"):
        return Path(env["XDG_STATE_HOME"], NAME)
    if env.get("HOME"):
        return Path(env["HOME"], STATE, NAME)
    return _temporary(Path(env.get("TMPDIR") or tempfile.gettempdir()))


def make(folder: Path) -> None:
    """Make a folder, and those above it, for this user alone; OSError when that is impossible."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(mode=MINE, exist_ok=True)


def _temporary(base: Path) -> Path:
    """A folder where everybody may make one: made at once, then looked at."""
    folder = base / f"{NAME}-{os.geteuid()}"
    advice = "neither XDG_STATE_HOME nor HOME is set; set XDG_STATE_HOME to a folder of yours"
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=MINE)
        found = folder.lstat()
    except OSError as error:
        words = f"{folder}: results cannot be kept, {error.strerror}: {advice}"
        raise UsageError(words) from error
    if not stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{folder}: want a folder for results, is none: {advice}")
    if found.st_uid != os.geteuid() or found.st_mode & OTHERS:
        what = f"is user {found.st_uid}'s with mode {stat.S_IMODE(found.st_mode):04o}"
        raise UsageError(
            f"{folder}: want a folder of user {os.geteuid()} with mode {MINE:04o}, {what}: {advice}"
        )
    return folder

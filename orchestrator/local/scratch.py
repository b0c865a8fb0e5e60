"""A folder that goes with its owner; those of owners that were killed are removed."""

import fcntl
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_OWNER = ".owner"  # locked as long as the owner lives, wherever it runs


class Scratch:
    """A folder for nobody else's eyes, from its creation until `remove`."""

    def __init__(self, prefix: str) -> None:
        remove_stale(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
        self._lock = (self.path / _OWNER).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def remove_stale(prefix: str) -> None:
    """Remove the folders whose owner is gone, as after a kill -9."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # somebody else's, or just being removed
            if _is_stale(folder, prefix):
                shutil.rmtree(folder, ignore_errors=True)


def _is_stale(folder: Path, prefix: str) -> bool:
    match = re.match(rf"{re.escape(prefix)}(\d+)-", folder.name)
    if not match or folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return False
    if _is_alive(int(match[1])):
        return False
    # The owner may live where process numbers are others, as in a container with the same /tmp.
    with (folder / _OWNER).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""The folder that a server works in; folders of servers that were killed are removed."""

import fcntl
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "aicr-replay-"
_OWNER = ".owner"  # locked as long as the owner lives, wherever it runs


class Scratch:
    """A folder of one server, from its creation until `remove`."""

    def __init__(self) -> None:
        remove_stale()
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._lock = (self.path / _OWNER).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def remove_stale() -> None:
    """Remove the folders whose owner is gone, as after a kill -9."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or just being removed
            if _is_stale(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_stale(folder: Path) -> bool:
    match = re.match(rf"{_PREFIX}(\d+)-", folder.name)
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

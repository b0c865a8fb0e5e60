"""The process that a run belongs to: it holds the lock in the run's folder, and says who it is."""

import fcntl
import getpass
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError

LOCK, CANCELLED_BY = "lock", "cancelled-by"
TRIES, PAUSE_S = 5, 0.02  # who only looks whether somebody holds it has it for an instant
MAX_CHARS = 200
START_FIELD = 19  # of what follows the name in /proc/PID/stat, see proc(5)


@dataclass(frozen=True)
class Process:
    """A process of some machine, told apart from a later one with its number."""

    pid: int
    host: str
    began: str  # in the words of its system; empty when it could not be told

    @classmethod
    def here(cls) -> "Process":
        """This process."""
        return cls(os.getpid(), socket.gethostname(), _began(os.getpid()))

    @classmethod
    def parse(cls, text: str) -> "Process | None":
        """Read what `str` wrote; None for anything else."""
        pid, host, began = (*text.split(), "", "", "")[:3]
        return cls(int(pid), host, began) if pid.isascii() and pid.isdecimal() else None

    def __str__(self) -> str:
        return f"{self.pid} {self.host} {self.began}"

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host == socket.gethostname()

    def tell(self, number: signal.Signals) -> bool:
        """Send it a signal; False when it is gone, whatever has its number now.

        PermissionError when it is somebody else's.
        """
        if not hasattr(os, "pidfd_open"):
            if not self.is_alive:
                return False
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
                return True
            return False
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(self.pid)
            try:
                if self.is_alive:  # asked while the handle keeps its number from being used again
                    signal.pidfd_send_signal(handle, number)
                    return True
            finally:
                os.close(handle)
        return False

    @property
    def is_alive(self) -> bool:
        """Whether it runs on this machine, as far as its system tells."""
        return self.is_here and bool(self.began) and _began(self.pid) == self.began


class Ownership:
    """One process at a time may be that of a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def take(self) -> None:
        """Be the process of this run; UsageError while another one is."""
        if self._lock is not None:
            return
        lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if not _locked(lock):
            os.close(lock)
            raise _taken(self._folder)
        (self._folder / CANCELLED_BY).unlink(missing_ok=True)  # meant an earlier process
        os.truncate(lock, 0)
        os.write(lock, f"{Process.here()}\n".encode())
        self._lock = lock

    def release(self) -> None:
        """Let another process continue this run."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sign(folder: Path) -> None:
    """Leave word of who is about to end the run; a courtesy."""
    with suppress(OSError, KeyError):  # KeyError: a user without a name
        (folder / CANCELLED_BY).write_text(myself(), encoding="utf-8")


def signed(folder: Path) -> str:
    """Who has ended the run; empty when nobody left word."""
    with suppress(OSError):
        return (folder / CANCELLED_BY).read_text(encoding="utf-8", errors="replace")[:MAX_CHARS]
    return ""


def myself() -> str:
    """Who runs this program, and where."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def check_free(folder: Path) -> None:
    """Raise UsageError while the run has a process."""
    if lives(folder):
        raise _taken(folder)


def lives(folder: Path) -> bool:
    """Whether the process of a run lives: it holds the lock in the run's folder.

    UsageError where that cannot be seen: whose lock nobody may read is not dead.
    """
    place = folder / LOCK
    try:
        with place.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise UsageError(
            f"run {folder.name}: whether its process lives cannot be seen, {place}: "
            f"{error.strerror}; ask as the user who started it"
        ) from error
    return False


def holder(folder: Path) -> Process | None:
    """The process of a run that lives, as it says itself; None when nothing readable is there."""
    with suppress(OSError):
        return Process.parse((folder / LOCK).read_text(encoding="utf-8", errors="replace"))
    return None


def machine(proc: Path = Path("/proc")) -> str:
    """What tells where a process number means the same: this machine, since it was started.

    A container of it may have its name, but has numbers of its own. Empty where nothing tells.
    """
    with suppress(OSError):
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {(proc / 'self/ns/pid').readlink()}"
    return ""


def _taken(folder: Path) -> UsageError:
    found = holder(folder)
    who = f"{found.pid}" if found else "unknown"
    where = f" on {found.host}" if found and not found.is_here else ""
    return UsageError(
        f"run {folder.name} is still going on in process {who}{where}; "
        f"follow it with aicr-orch attach {folder.name}"
    )


def _locked(lock: int) -> bool:
    for attempt in range(TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(PAUSE_S)
        else:
            return True
    return False


def _began(pid: int) -> str:
    """When a process began; empty when there is none of this number."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return told.rpartition(")")[2].split()[START_FIELD]
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return ""
    ps = ["ps", "-o", "lstart=", "-p", str(pid)]
    try:
        found = subprocess.run(ps, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return "-".join(found.stdout.split())

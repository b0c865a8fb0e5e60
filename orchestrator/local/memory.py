"""How much memory a process and its descendants hold, where the system tells (Linux)."""

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def held(pid: int, limit: int) -> int:
    """Give the bytes that a process tree holds; exact only where it may be more than `limit`.

    Resident pages are quick to ask for but count what is shared once a process; a memory cgroup
    counts it once, which takes longer to find out.
    """
    family = list(_family(pid))
    resident = sum(_resident(member) for member in family)
    if resident <= limit or len(family) == 1:
        return resident
    return sum(_proportional(member) for member in family)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in _tasks(pid):
        for child in _read(task / "children").split():
            yield from _family(int(child))


def _tasks(pid: int) -> list[Path]:
    """Give the threads of a process; none when it ends while they are listed."""
    try:
        return list((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return []


def _resident(pid: int) -> int:
    fields = _read(_PROC / str(pid) / "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _proportional(pid: int) -> int:
    for line in _read(_PROC / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    """Read a file of a process that may be gone by now."""
    try:
        return path.read_text()
    except OSError:
        return ""

"""Processes as a test looks at them."""

import subprocess


def runs(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=True
        )
    except subprocess.CalledProcessError:
        return False
    return not state.stdout.startswith("Z")

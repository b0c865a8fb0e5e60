"""A local process in the place of a container, with a process group of its own."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrator.local import memory
from orchestrator.local.guardian import Guardian

_JOIN_S = 5.0


class LocalProcess:
    """One started process; `on_exit` hears its exit status once, from another thread."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        output: int,
        *,
        guardian: Guardian,
        on_exit: Callable[[int], object],
    ) -> None:
        """Start it; stdout and stderr go to the file of `output`. OSError when it cannot be."""
        self._process = subprocess.Popen(
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reaping = threading.Lock()  # held while the number of the group may become free
        self._guardian = guardian
        try:
            guardian.guard(self._process.pid)
        except BaseException:  # nobody would end it
            self.kill()
            self._process.wait()
            raise
        self._on_exit = on_exit
        self._waiter = threading.Thread(target=self._wait, name="local-process", daemon=True)
        self._waiter.start()

    def terminate(self) -> None:
        """Ask the process to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and everything that it started."""
        self._signal(signal.SIGKILL)

    def holds_more_than(self, limit: int) -> bool:
        """Whether the process and its children need more memory than that."""
        return self._process.returncode is None and memory.held(self._process.pid, limit) > limit

    def join(self) -> None:
        """Wait until the exit was reported."""
        self._waiter.join(_JOIN_S)

    def _wait(self) -> None:
        self._until_it_ends()
        with self._reaping:
            # What a container leaves behind ends with it.
            self._signal_group(signal.SIGKILL)
            self._guardian.release(self._process.pid)
            code = self._process.wait()
        self._on_exit(128 - code if code < 0 else code)

    def _until_it_ends(self) -> None:
        """Wait for its end, where possible without giving its number to somebody else."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            self._process.wait()
            return
        with contextlib.suppress(ChildProcessError):  # our caller has SIGCHLD ignored
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)

    def _signal(self, number: signal.Signals) -> None:
        with self._reaping:
            if self._process.returncode is None:
                self._signal_group(number)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

"""The memory of processes, some of which end while they are looked at."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from orchestrator.local.memory import held

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells")


def test_a_process_holds_memory() -> None:
    assert held(os.getpid(), limit=0) > 1_000_000


def test_a_process_that_ends_while_it_is_looked_at_holds_nothing_in_the_end() -> None:
    for _ in range(20):
        with subprocess.Popen(["true"]) as process:
            waiter = threading.Thread(target=process.wait)
            waiter.start()
            while held(process.pid, limit=0):
                pass
            waiter.join()

        assert held(process.pid, limit=0) == 0

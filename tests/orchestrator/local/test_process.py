"""The end of local processes, and of what they started."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.local.guardian import Guardian
from orchestrator.local.process import LocalProcess
from tests.orchestrator.local.processes import runs


class NoGuardian(Guardian):
    """One that cannot be started, and remembers whom it was asked to guard."""

    asked = 0

    def guard(self, group: int) -> None:
        self.asked = group
        raise BlockingIOError("no more processes")


class Witness(Guardian):
    """One that looks at what runs under the number of a group that it is to forget."""

    found = ""

    def release(self, group: int) -> None:
        self.found = Path(f"/proc/{group}/stat").read_text().rpartition(")")[2].split()[0]
        super().release(group)


def start(guardian: Guardian, codes: list[int], argv: Sequence[str]) -> LocalProcess:
    output = os.open(os.devnull, os.O_WRONLY)
    try:
        return LocalProcess(argv, {}, Path("/"), output, guardian=guardian, on_exit=codes.append)
    finally:
        os.close(output)


@pytest.mark.parametrize(("code", "told"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_an_exit_is_told_as_a_container_tells_it(tmp_path: Path, code: str, told: int) -> None:
    guardian, codes = Guardian(tmp_path / "none"), list[int]()
    start(guardian, codes, ["/bin/sh", "-c", code]).join()
    guardian.stop()

    assert codes == [told]


def test_a_process_that_nobody_would_end_is_ended_at_once(tmp_path: Path) -> None:
    guardian, codes = NoGuardian(tmp_path), list[int]()
    with pytest.raises(BlockingIOError):
        start(guardian, codes, [sys.executable, "-c", "import signal; signal.pause()"])

    assert guardian.asked
    assert not runs(guardian.asked)
    assert codes == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")
def test_a_group_is_forgotten_before_its_number_is_free(tmp_path: Path) -> None:
    guardian, codes = Witness(tmp_path / "none"), list[int]()
    start(guardian, codes, ["/bin/sh", "-c", "exit 0"]).join()
    guardian.stop()

    assert guardian.found == "Z"  # ended, and not reaped
    assert codes == [0]

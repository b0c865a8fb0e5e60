import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from orchestrator.exits import Exit
from tests.source import ROOT


def listed(stdout: int | IO[bytes], **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", "list", "--phase", "conformance"],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_a_reader_that_leaves_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)

    said = listed(write)

    os.close(write)
    assert (said.returncode, said.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        said = listed(full)

    assert said.returncode == Exit.USAGE
    assert said.stderr.startswith(b"aicr-orch: error: stdout cannot be written: ")
    assert said.stderr.count(b"\n") == 1


def test_a_terminal_without_utf_8_is_written_to(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        said = listed(out, PYTHONIOENCODING="ascii:strict")

    assert (said.returncode, said.stderr) == (0, b"")

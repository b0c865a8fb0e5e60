import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from orchestrator import stdout
from orchestrator.exits import Exit
from tests.source import ROOT


def test_columns_stand_under_their_names() -> None:
    assert stdout.table(("A", "LONGER"), [("long", "x"), ("b", "y")]) == (
        "A     LONGER\nlong  x\nb     y\n"
    )


def test_lines_are_cut_where_a_terminal_ends() -> None:
    assert stdout.table(("A",), [("0123456789",)], 5) == "A\n0123…\n"


def test_foreign_text_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in stdout.table(("A",), [("\x1b[2J",)])


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

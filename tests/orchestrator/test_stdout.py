import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from orchestrator.exits import Exit
from tests.source import ROOT


def printed(
    stdout: int | IO[bytes], command: str = "list --phase conformance", **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", *command.split()],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_a_reader_that_leaves_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)

    said = printed(write)

    os.close(write)
    assert (said.returncode, said.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "command", ["list", "schema recipe", "images list", "catalog lint", "--version"]
)
def test_a_full_disk_is_one_line(command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        said = printed(full, command)

    assert said.returncode == Exit.USAGE
    assert said.stderr.startswith(b"aicr-orch: error: stdout cannot be written: ")
    assert said.stderr.count(b"\n") == 1


def test_a_terminal_without_utf_8_is_written_to(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        said = printed(out, PYTHONIOENCODING="ascii:strict")

    assert (said.returncode, said.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["list", "schema recipe", "snapshot --replay EXAMPLE"])
def test_without_a_stdout_nothing_was_printed(command: str) -> None:
    line = f"exec {sys.executable} -m orchestrator {command} >&-"
    example = "examples/eks-h100-inference"

    said = subprocess.run(
        ["sh", "-c", line.replace("EXAMPLE", example)], cwd=ROOT, capture_output=True, check=False
    )

    assert said.returncode == Exit.USAGE
    assert said.stderr.splitlines()[-1] == b"aicr-orch: error: stdout is closed"


def test_a_report_on_stdout_is_that_of_a_file(tmp_path: Path) -> None:
    command = "validate --replay examples/eks-h100-inference --no-cluster -o md=- -o"
    file = tmp_path / "ctrf.json"

    with (tmp_path / "out").open("wb") as out:
        state = {"XDG_STATE_HOME": str(tmp_path)}
        said = printed(out, f"{command} {file}", PYTHONIOENCODING="ascii:strict", **state)
    rendered = printed(subprocess.PIPE, f"report render {file} -o md=-")

    assert (said.returncode, rendered.returncode) == (0, 0)
    assert (tmp_path / "out").read_bytes() == rendered.stdout
    assert not rendered.stdout.isascii()

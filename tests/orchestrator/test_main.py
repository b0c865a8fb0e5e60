"""The command as a process: how it begins, and what becomes of it when nobody reads its words."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from tests.example import FOLDER
from tests.source import ROOT

ENDS_S = 60.0
DEMO = ("validate", "--phase", "deployment", "--replay", str(FOLDER))


def run(stderr: int, state: Path, *arguments: str, **env: str) -> int:
    """Run the command with its words going to a file descriptor; gives the exit code."""
    given = {**os.environ, "XDG_STATE_HOME": str(state), **env}
    command = [sys.executable, "-m", "orchestrator", *arguments]
    ended = subprocess.run(
        command,
        env=given,
        cwd=ROOT,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        timeout=ENDS_S,
    )
    return ended.returncode


@pytest.fixture(params=["/dev/full", "a pipe that nobody reads"])
def unread(request: pytest.FixtureRequest) -> Iterator[int]:
    """A file descriptor that takes nothing."""
    if request.param == "/dev/full":
        if not Path(request.param).exists():
            pytest.skip("this system has none")
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    yield descriptor
    os.close(descriptor)


def test_a_verdict_does_not_need_a_reader(unread: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    assert run(unread, tmp_path, *DEMO, "-o", str(report)) == Exit.OK
    assert report.is_file()


@pytest.mark.parametrize(
    "arguments", [("validate", "--no-such-flag"), ("validate", "-r", "/no/such/file")], ids=str
)
def test_wrong_usage_is_told_by_its_code_where_words_are_lost(
    unread: int, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert run(unread, tmp_path, *arguments) == Exit.USAGE


def test_a_ctrl_c_while_the_program_is_loaded_is_no_fault_of_it(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")  # found before the library
    said = tmp_path / "said"

    with said.open("w") as file:
        code = run(file.fileno(), tmp_path, "--help", PYTHONPATH=str(tmp_path))

    assert (code, said.read_text()) == (Exit.INTERRUPTED, "")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_end_changes_no_exit_code(ending: signal.Signals) -> None:
    lines = (
        "import os, sys",
        "from orchestrator import __main__, cli",
        "cli.main = lambda: 7",
        "code = __main__.main()",
        f"os.kill(os.getpid(), {int(ending)})",
        "sys.exit(code)",
    )

    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, check=False, timeout=ENDS_S
    )

    assert ended.returncode == Exit.LEFTOVERS


def test_a_fault_is_told_by_its_code_where_words_are_lost(unread: int, tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("")  # found before the library

    assert run(unread, tmp_path, "list", PYTHONPATH=str(tmp_path)) == Exit.INTERNAL

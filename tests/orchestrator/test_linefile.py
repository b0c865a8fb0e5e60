import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.linefile import BLOCK, LineFile
from tests.source import ROOT


def written(path: Path, *lines: str, goes_on: bool) -> str:
    file = LineFile(str(path), goes_on=goes_on)
    for line in lines:
        file.write(line)
    file.close()
    return path.read_text()


def test_a_new_file_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text("of yesterday\n")

    assert written(path, "a\n", "b\n", goes_on=False) == "a\nb\n"


@pytest.mark.parametrize(
    ("there", "stays"),
    [
        ("", ""),
        ("a\n", "a\n"),
        ("a\n{ha", "a\n"),
        ("{half", ""),
        (f"a\n{'x' * 3 * BLOCK}", "a\n"),
        (f"a\n{'x' * (BLOCK - 1)}", "a\n"),
        (f"{'x' * 3 * BLOCK}", ""),
    ],
    ids=["empty", "whole", "half", "only-half", "long-half", "half-of-a-block", "long-only-half"],
)
def test_what_goes_on_keeps_whole_lines_only(tmp_path: Path, there: str, stays: str) -> None:
    path = tmp_path / "events"
    path.write_text(there)

    assert written(path, "b\n", goes_on=True) == f"{stays}b\n"


def test_what_goes_on_but_is_not_there_begins(tmp_path: Path) -> None:
    assert written(tmp_path / "events", "a\n", goes_on=True) == "a\n"


def test_what_cannot_be_encoded_is_written_all_the_same(tmp_path: Path) -> None:
    assert written(tmp_path / "events", "a\ud800\n", goes_on=False) == "a\\ud800\n"


def test_a_line_for_which_there_is_no_room_leaves_no_half(tmp_path: Path) -> None:
    path = tmp_path / "events"
    program = (
        "from orchestrator.linefile import LineFile\n"
        f"file = LineFile({str(path)!r}, goes_on=False)\n"
        "for number in range(100):\n"
        "    try:\n"
        "        file.write(f'{number:9}\\n')\n"
        "    except OSError as error:\n"
        "        print(number, error.strerror)\n"
        "        break\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25)),
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "2 File too large\n"
    assert path.read_text() == f"{0:9}\n{1:9}\n"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    file = LineFile(str(pipe), goes_on=True)
    file.write("a\n")
    file.close()

    assert os.read(reader, 10) == b"a\n"
    os.close(reader)


def test_a_place_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        LineFile(str(tmp_path), goes_on=False)

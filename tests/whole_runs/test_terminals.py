"""Terminals and pipes that close while a run goes on: its verdict and its report need none."""

import fcntl
import json
import os
import pty
import select
import signal
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from tests.whole_runs.place import ENDS_S, Place, ended, placed, statuses, wait_for

CHECKS = {"first": {}, "second": {"delaySeconds": 0.5}}
FOUND = {"first": "passed", "second": "passed"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, CHECKS) as place:
        yield place


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Place]:
    """One whose second check ends only with the run."""
    with placed(tmp_path, {"first": {}, "second": {"exitCode": None}}) as place:
        yield place


def of_the_only_run(place: Place) -> dict[str, str]:
    """What the report in the folder of the only run says."""
    (run,) = place.runs
    return statuses(run / "ctrf.json")


@pytest.mark.parametrize("output", ["", "md=-", "events=-"])
def test_a_reader_that_has_seen_enough_changes_no_verdict(place: Place, output: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    said = place.run(*([f"--output={output}"] if output else []), stdout=writer)

    os.close(writer)
    assert said.code == Exit.OK, said.err
    assert "BrokenPipe" not in said.err
    assert of_the_only_run(place) == FOUND
    assert place.left() == []


@pytest.mark.parametrize("output", ["", "junit=-", "events=-"])
def test_a_stdout_that_is_full_is_told(place: Place, output: str) -> None:
    with Path("/dev/full").open("w") as full:
        said = place.run(*([f"--output={output}"] if output else []), stdout=full)

    assert said.code == Exit.INTERNAL, said.err
    assert said.err.count("No space left on device") == 1
    assert "but not every report could be written (exit 8)" in said.err
    assert of_the_only_run(place) == FOUND
    assert place.left() == []


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_never_open_change_nothing(place: Place, closed: str) -> None:
    report = place.folder / "report.json"
    command = f'exec "$@" {closed}'
    process = place.validate("-o", str(report), under=["sh", "-c", command, "sh"])

    said = ended(process)

    assert said.code == Exit.OK, said.err
    assert statuses(report) == FOUND
    assert "Traceback" not in said.err
    assert place.left() == []


@pytest.mark.usefixtures("signals_count")
def test_a_terminal_that_is_closed_ends_the_run_in_order(endless: Place) -> None:
    report = endless.folder / "report.json"
    endless.env["TERM"] = "xterm-256color"
    terminal, inner = pty.openpty()
    process = endless.validate(
        "-o",
        str(report),
        "--max-parallel=1",
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(inner)
    wait_for(lambda: endless.kept() or not drained(terminal))
    os.close(terminal)

    assert process.wait(ENDS_S) == Exit.TERMINATED
    assert statuses(report)["first"] == "passed"
    assert statuses(report)["second"] in {"skipped", "other"}
    assert endless.left() == []


def take_terminal() -> None:
    """Make what is on stdin the terminal of this session, as a login does."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def drained(terminal: int) -> bool:
    """Read what was written to a terminal, so that nobody waits for its reader."""
    while select.select([terminal], [], [], 0)[0]:
        try:
            os.read(terminal, 65536)
        except OSError:
            return False
    return True


def test_a_terminal_that_only_goes_away_changes_no_verdict(place: Place) -> None:
    """As `setsid` or a supervisor leaves a program: no hang-up reaches it, writing fails."""
    report = place.folder / "report.json"
    terminal, inner = pty.openpty()
    process = place.validate("-o", str(report), stdout=inner, stderr=inner, start_new_session=True)
    os.close(inner)
    wait_for(place.kept)
    os.close(terminal)

    assert process.wait(ENDS_S) == Exit.OK
    assert statuses(report) == FOUND
    assert place.left() == []


def test_what_nohup_protects_goes_on(place: Place) -> None:
    report = place.folder / "report.json"
    with place.validate(
        "-o", str(report), preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ) as process:
        wait_for(place.kept)
        process.send_signal(signal.SIGHUP)
        said = ended(process)

    assert said.code == Exit.OK, said.err
    assert statuses(report) == FOUND


def test_a_reader_of_events_that_leaves_in_the_middle_ends_nothing(place: Place) -> None:
    process = place.validate("-o", "events=-", "--log-json")
    assert process.stdout
    first = process.stdout.readline()
    process.stdout.close()

    process.stdout = None
    said = ended(process)

    assert json.loads(first)["event"] == "run-started"
    assert said.code == Exit.OK, said.err
    assert all(json.loads(line) for line in said.err.splitlines())
    assert of_the_only_run(place) == FOUND

"""What only a process of its own can show: signals from outside, and what outlives a kill."""

import signal
from pathlib import Path

from helper.contract import ExitCode
from tests.helper.launch import started


def test_sigterm_lets_a_check_clean_up_and_exits_143(tmp_path: Path) -> None:
    with started(tmp_path, "waits") as check:
        check.wait_for("RESULT: waiting")
        check.signal(signal.SIGTERM)
        check.wait_for("RESULT: cleaning up")
        check.signal(signal.SIGTERM)  # an impatient kubelet changes nothing
        check.answer()
        outcome = check.end()
    assert (outcome.code, outcome.message) == (143, "terminated before completion")
    assert outcome.stdout.endswith("RESULT: cleaned up\n")


def test_a_cleanup_that_hangs_does_not_wait_for_sigkill(tmp_path: Path) -> None:
    with started(tmp_path, "waits") as check:
        check.wait_for("RESULT: waiting")
        check.signal(signal.SIGTERM)
        check.wait_for("RESULT: cleaning up")
        check.signal(signal.SIGALRM)  # what the timer sends when the bound is over
        outcome = check.end()
    assert outcome.code == ExitCode.TERMINATED
    assert outcome.message.endswith("cleanup was cut off, objects may be left behind")


def test_what_was_printed_outlives_sigkill(tmp_path: Path) -> None:
    with started(tmp_path, "waits") as check:
        check.wait_for("a line that nobody flushed")
        check.signal(signal.SIGKILL)
        outcome = check.end()
    assert outcome.code == -signal.SIGKILL
    assert outcome.stdout == "RESULT: waiting\na line that nobody flushed\n"


def test_output_is_utf_8_wherever_the_process_runs(tmp_path: Path) -> None:
    with started(tmp_path, "speaks-in-tongues", PYTHONIOENCODING="ascii:strict") as check:
        outcome = check.end()
    assert (outcome.code, outcome.message) == (ExitCode.FAIL, "hé \\udcff 😀")
    assert outcome.stdout.startswith("hé \\udcff 😀\n--- hé \\udcff 😀 ---\n")
    assert "Traceback" not in outcome.stderr


def test_bad_usage_of_the_program_is_no_skip(tmp_path: Path) -> None:
    with started(tmp_path) as check:
        outcome = check.end()
    assert outcome.code == ExitCode.FAIL
    assert outcome.message.startswith("no check named; usage: ")

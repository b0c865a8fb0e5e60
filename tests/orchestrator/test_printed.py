import json
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.owner import Ownership
from orchestrator.rundir import RunDir
from tests.orchestrator.conftest import Command
from tests.orchestrator.samples import outcome

RUN = "20260101-000000-0123456789abcdef"
EXAMPLE = ("--replay", "examples/eks-h100-inference")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "state/aicr-orch/runs" / RUN
    path.mkdir(parents=True)
    return path


def write_events(folder: Path, *events: dict[str, str]) -> None:
    """Begin a run of alpha and beta, then let this happen."""
    planned = {"conformance": ["alpha", "beta"]}
    begun = {"event": "run-started", "planned": planned}
    phase = {"event": "phase-started", "phase": "conformance"}
    lines = [json.dumps({"time": "2026-01-01T00:00:00Z", **line}) for line in (begun, phase)]
    lines += [json.dumps({"phase": "conformance", **event}) for event in events]
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))


def test_evidence_and_log_lines_come_apart(aicr: Command, folder: Path) -> None:
    found = outcome("alpha", stdout=("one\ttwo", "\x1b[2J"), stderr=("time=now level=INFO",))
    RunDir(folder).keep(found)

    said = aicr("logs", RUN[:8], "alpha")

    assert (said.code, said.out) == (Exit.OK, "one\ttwo\n\\x1b[2J\n")
    assert said.err == "time=now level=INFO\n"


def test_a_check_that_printed_nothing_has_its_verdict(aicr: Command, folder: Path) -> None:
    RunDir(folder).keep(outcome("alpha", Status.OTHER, message="image cannot be pulled"))

    said = aicr("logs", RUN, "alpha")

    assert said.out == ""
    assert "alpha printed nothing; it is other: image cannot be pulled" in said.err


def test_files_about_a_bad_end_are_named(aicr: Command, folder: Path) -> None:
    found = outcome("alpha", Status.FAILED, stdout=("evidence",))
    RunDir(folder).keep(found)
    place = RunDir(folder).diagnosis(found, {"events.txt": "x"})

    assert str(place) in aicr("logs", RUN, "alpha").err


def test_of_a_check_that_goes_on_there_is_what_it_wants_to_be_seen(
    aicr: Command, folder: Path
) -> None:
    write_events(
        folder,
        {"event": "check-started", "check": "alpha"},
        {"event": "check-said", "check": "alpha", "message": "3 of 8 nodes"},
    )
    mine = Ownership(folder)
    mine.take()

    going, waiting = aicr("logs", RUN, "alpha"), aicr("logs", RUN, "beta")
    mine.release()

    assert going.out == "RESULT: 3 of 8 nodes\n"
    assert "alpha: goes on; evidence and log are kept once it is over" in going.err
    assert (waiting.out, waiting.err) == ("", "aicr-orch: beta: has not started\n")
    assert "was not over when its run ended" in aicr("logs", RUN, "alpha").err


def test_a_check_without_a_kept_result_has_what_its_end_said(aicr: Command, folder: Path) -> None:
    end = {"event": "check-finished", "check": "alpha", "status": "skipped", "message": "left out"}
    write_events(folder, end)

    said = aicr("logs", RUN, "alpha")

    assert "alpha: skipped: left out; no result of it is kept in" in said.err


def test_a_run_of_the_example_can_be_read_afterwards(aicr: Command, tmp_path: Path) -> None:
    aicr("validate", *EXAMPLE, "--check", "operator-health", "-o", "/dev/null")
    (run,) = (tmp_path / "state/aicr-orch/runs").iterdir()

    said = aicr("logs", run.name, "operator-health")

    assert said.out.startswith("--- ")
    assert "level=INFO" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([RUN, "alhpa"], "has no check alhpa, did you mean alpha?", id="misspelt"),
        pytest.param([RUN, "other-thing"], "it has alpha, beta", id="unknown"),
        pytest.param(["20200101", "alpha"], "not of this machine", id="run-of-others"),
    ],
)
def test_what_is_not_known_is_one_line(
    aicr: Command, folder: Path, arguments: list[str], words: str
) -> None:
    write_events(folder)

    said = aicr("logs", *arguments)

    assert (said.code, said.out, said.err.count("\n")) == (Exit.USAGE, "", 1)
    assert words in said.err

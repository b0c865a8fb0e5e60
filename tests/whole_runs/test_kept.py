"""A run with --keep that is interrupted: what is over may stay, what would go on may not."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from tests.orchestrator.engine import everything
from tests.whole_runs.place import Place, ended, placed, statuses, wait_for


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, {"first": {"exitCode": 1}, "second": {"exitCode": None}}) as place:
        yield place


def test_ctrl_c_leaves_no_pod_that_runs_without_its_rights(place: Place) -> None:
    report = place.folder / "report.json"
    with place.validate("--keep", "on-failure", "-o", str(report)) as process:
        wait_for(lambda: "first" in place.kept() and "Running" in phases(place))
        process.send_signal(signal.SIGINT)
        said = ended(process)

    assert said.code == Exit.INTERRUPTED, said.err
    assert statuses(report) == {"first": "failed", "second": "other"}
    assert phases(place) == ["Failed"]
    assert "second: its Job is not kept: it is not over" in said.err
    (job,) = [words for words in place.left() if words.startswith("Job ")]
    audit = json.loads(report.read_text())["results"]["summary"]["extra"]["audit"]
    assert [f"Job {name}" for name in audit["keptJobs"]] == [job]
    assert job.startswith("Job aicr-first-")
    assert audit["left"] == 0


def phases(place: Place) -> list[str]:
    """The phases of all pods."""
    pods = [item for item in everything(place.cluster) if item["kind"] == "Pod"]
    return [pod["status"].get("phase", "") for pod in pods]

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import partial
from orchestrator.errors import UsageError
from orchestrator.outcome import Status
from orchestrator.owner import Ownership
from orchestrator.resumption import Kept
from orchestrator.rundir import RunDir
from orchestrator.settings import Keep, RunSettings
from orchestrator.status import find, with_cluster
from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import RUN_ID, Engine, entry, script, served
from tests.orchestrator.samples import outcome

ABOUT = {
    "runID": RUN_ID,
    "recipe": "https://example.com/h100.yaml",
    "version": "v1.2.3",
    "server": "v1.36.2",
    "cluster": "live",
    "planned": json.dumps({"deployment": ["first"], "conformance": ["alpha", "beta"]}),
}
BEGUN = {
    "event": "run-started",
    "time": "2026-01-02T03:04:05Z",
    "planned": {"conformance": ["alpha", "beta", "gamma"]},
}
STARTED = {
    "event": "check-started",
    "time": "2026-01-02T03:04:06Z",
    "phase": "conformance",
    "check": "beta",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run that was killed when one of its results was there."""
    folder = tmp_path / "state/aicr-orch/runs" / RUN_ID
    kept = Kept(folder)
    kept.begin({"min_coverage": 100.0}, b"kind: RecipeResult\n", "h100.yaml", ABOUT)
    kept.release()
    RunDir(folder).keep(outcome("alpha", Status.FAILED))
    return folder


def tell(folder: Path, *lines: dict[str, Any]) -> None:
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / "events.jsonl").write_text(text)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {test["name"]: test["status"] for test in document["results"]["tests"]}


def test_what_a_killed_run_kept_is_a_partial_report(folder: Path) -> None:
    tell(folder, BEGUN, STARTED)

    found = partial.of_folder(folder)

    assert verdicts(found) == {"alpha": "failed", "beta": "other", "gamma": "skipped"}
    summary = found["results"]["summary"]
    assert summary["extra"]["complete"] is False
    assert summary["extra"]["notProven"] == ["conformance"]
    assert summary["start"] <= summary["stop"]
    environment = found["results"]["environment"]
    assert (environment["appName"], environment["extra"]["cluster"]) == ("h100.yaml", "live")


def test_a_run_without_events_is_told_by_its_plan(folder: Path) -> None:
    found = partial.of_folder(folder)

    assert verdicts(found) == {"first": "other", "alpha": "failed", "beta": "other"}


def test_a_run_that_has_written_its_report_has_no_other(folder: Path) -> None:
    tell(folder, BEGUN, {"event": "run-finished", "result": "failed", "exitCode": 1})
    report: dict[str, Any] = {"results": {"tests": [], "summary": {}}}
    RunDir(folder).report(report)

    assert partial.of_folder(folder) == report


def test_the_report_of_an_earlier_part_is_not_that_of_the_part_that_was_killed(
    folder: Path,
) -> None:
    RunDir(folder).report({"results": {"tests": [], "summary": {}}})
    tell(folder, {"event": "run-finished", "result": "interrupted"}, BEGUN, STARTED)

    assert verdicts(partial.of_folder(folder))["alpha"] == "failed"


def test_a_folder_of_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder of a run"):
        partial.of_folder(tmp_path)


@pytest.mark.parametrize(
    ("planned", "found"),
    [
        pytest.param('{"conformance": ["beta", "alpha"]}', ["beta", "alpha"], id="known"),
        pytest.param("[", ["alpha"], id="broken"),
        pytest.param("[]", ["alpha"], id="odd"),
    ],
)
def test_the_cluster_knows_a_run_without_its_folder(planned: str, found: list[str]) -> None:
    settings = RunSettings(keep=Keep.ALWAYS)
    engine = Engine([entry("alpha")], [script("alpha")], settings=settings)
    engine.record = {**ABOUT, "planned": planned}

    with served(engine.run().cluster) as kube:
        document = partial.of_cluster(kube, find(with_cluster([], kube, 20), RUN_ID))

    assert list(verdicts(document)) == found
    assert verdicts(document)["alpha"] == "passed"
    assert document["results"]["environment"]["extra"]["serverVersion"] == "v1.36.2"


def test_a_run_is_rendered_by_the_beginning_of_its_name(
    aicr: Command, folder: Path, tmp_path: Path
) -> None:
    tell(folder, BEGUN, STARTED)
    record = tmp_path / "partial.json"

    said = aicr("report", "render", RUN_ID[:10], "-o", "md=-", "-o", f"ctrf={record}")

    assert said.code == 0, said.err
    assert said.out.startswith("> **partial**: the run was cut short")
    assert verdicts(json.loads(record.read_text()))["alpha"] == "failed"
    assert aicr("report", "render", str(folder), "-o", "md=-").out == said.out


def test_a_run_that_goes_on_has_no_report_yet(aicr: Command, folder: Path) -> None:
    mine = Ownership(folder)
    mine.take()

    said = aicr("report", "render", RUN_ID, "-o", "md=-")
    mine.release()

    assert said.code == 2
    assert "is still going on" in said.err


@pytest.mark.parametrize("has_report", [True, False], ids=["with-a-report", "without"])
def test_a_folder_whose_name_is_no_day_breaks_nothing(tmp_path: Path, has_report: bool) -> None:
    folder = tmp_path / "20261332-256199-0123456789abcdef"
    RunDir(folder).keep(outcome("alpha", Status.FAILED))
    tell(folder, BEGUN)
    if not has_report:
        with pytest.raises(UsageError, match="is no folder of a run"):
            partial.of_folder(folder)
        return
    (folder / "ctrf.json").write_text("{}")

    assert verdicts(partial.of_folder(folder))["alpha"] == "failed"

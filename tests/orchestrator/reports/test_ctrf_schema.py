import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestrator import ctrf, rundir
from orchestrator.outcome import Outcome, Split, Status
from tests.needs import missing
from tests.orchestrator.conftest import Command
from tests.orchestrator.reports.samples import Json, document, full
from tests.orchestrator.reports.schema import SCHEMA, breaches_of_ctrf
from tests.orchestrator.samples import RUN_ID, phase

PACKAGE = "ctrf@0.3.0"
FULL = Outcome(
    "alpha",
    "conformance",
    Status.OTHER,
    message="killed",
    raw_status="Killed",
    exit_code=137,
    started=1767322245.0,
    stopped=1767322247.0,
    stdout=("evidence",),
    stderr=("log",),
    facts={"coverage": {"seen": 1, "total": 2}},
    extra={
        "attempts": 2,
        "earlierAttempts": [{"rawStatus": "Evicted", "message": "memory", "job": "j"}],
    },
    split=Split(wait_s=0.25, run_s=2.5, collect_s=0.1, created=1767322245.25),
)


def made() -> Json:
    return ctrf.report(
        [phase(FULL, Outcome("beta", "conformance", Status.SKIPPED))],
        version="1.2.3",
        environment=ctrf.Environment("r", "v", "t", {"commit": "c"}, {"cluster": "replay"}),
        run_id=RUN_ID,
        started=1767322245.0,
        stopped=1767322250.5,
        beside=beside,
    )


def beside(_: Outcome) -> ctrf.Beside:
    files = [
        {"name": name, "contentType": "text/plain", "path": f"diagnostics/conformance.x/{name}"}
        for name in ("attempt-1/events.txt", "events.txt")
    ]
    return ctrf.Beside({"phase": "conformance", "lock": ["gpu"]}, files)


def test_our_report_is_strict_ctrf() -> None:
    assert breaches_of_ctrf(made()) == []


def test_the_samples_of_these_tests_are_strict_ctrf() -> None:
    assert breaches_of_ctrf(document()) == []
    assert full().cases


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"suite": "conformance"}, ".results.tests[].suite: is no array"),
        ({"suite": []}, ".results.tests[].suite: has fewer than 1"),
        ({"duration": 1.5}, ".results.tests[].duration: is no integer"),
        ({"status": "green"}, ".results.tests[].status: is none of"),
        ({"name": ""}, ".results.tests[].name: has fewer than 1"),
        ({"own": 1}, ".results.tests[].own: is not known"),
        ({"retries": -1}, ".results.tests[].retries: is less than 0"),
    ],
)
def test_the_schema_is_strict(change: Json, said: str) -> None:
    given = made()
    given["results"]["tests"][0].update(change)

    assert breaches_of_ctrf(given)[0].startswith(said)


def test_times_are_those_that_the_watch_saw_to_the_millisecond() -> None:
    found = ctrf.test(FULL)

    assert (found["start"], found["stop"], found["duration"]) == (
        1767322245500,
        1767322248000,
        2500,
    )
    assert found["extra"]["created"] == 1767322245250


def test_earlier_attempts_stand_in_the_fields_of_the_format_too() -> None:
    found = ctrf.test(FULL)

    assert found["retries"] == 1
    assert found["retryAttempts"] == [
        {
            "attempt": 1,
            "status": "other",
            "message": "memory",
            "extra": {"rawStatus": "Evicted", "job": "j"},
        }
    ]


def test_files_are_attached_to_the_attempt_that_they_are_about() -> None:
    alpha, beta = made()["results"]["tests"]

    (attempt,) = alpha["retryAttempts"]
    assert [item["name"] for item in attempt["attachments"]] == ["attempt-1/events.txt"]
    assert [item["name"] for item in alpha["attachments"]] == ["events.txt"]
    assert "attachments" not in beta  # it was skipped
    assert alpha["labels"] == beta["labels"] == {"phase": "conformance", "lock": ["gpu"]}


def test_a_document_has_an_identity_and_that_of_its_run() -> None:
    assert made()["runId"] == RUN_ID
    assert made()["reportId"] == made()["reportId"]
    assert made()["results"]["environment"]["commit"] == "c"


def test_a_run_writes_strict_ctrf(aicr: Command, tmp_path: Path) -> None:
    place = tmp_path / "r.json"
    said = aicr(
        "validate",
        "--replay",
        "examples/eks-h100-inference",
        "--phase",
        "deployment",
        "-o",
        str(place),
    )

    assert said.code == 0
    assert breaches_of_ctrf(json.loads(place.read_text())) == []


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that carries schema and validator, installed for these tests alone."""
    if not shutil.which("npm"):
        missing("npm")
    folder = tmp_path_factory.mktemp("npm")
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, PACKAGE],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder / "node_modules/ctrf"


@pytest.mark.npm
def test_the_schema_here_is_that_of_the_package(validator: Path) -> None:
    there: Any = json.loads((validator / "dist/ctrf-schema-0.0.json").read_text())

    assert there == SCHEMA


@pytest.mark.npm
def test_the_formats_own_validator_takes_our_report(validator: Path, tmp_path: Path) -> None:
    rundir.write(tmp_path / "r.json", made())
    program = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ validateStrict }} from "{validator / "dist/index.js"}";
        validateStrict(JSON.parse(readFileSync("{tmp_path / "r.json"}")));
    """

    ended = subprocess.run(
        ["node", "--input-type=module", "--eval", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")

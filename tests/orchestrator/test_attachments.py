import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from orchestrator import attachments
from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, Status
from orchestrator.rundir import RunDir
from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import RUN_ID
from tests.orchestrator.reports.schema import breaches_of_ctrf
from tests.whole_runs.place import Place, placed

Json = dict[str, Any]
OUTCOME = Outcome("alpha", "conformance", Status.FAILED)
WAITS = {"waiting": {"reason": "ErrImagePull", "message": "registry is away"}}
HASTY = {"patience": {"imagePull": "1s"}, "retries": 1}
ENTRIES: Mapping[str, Json] = {
    "beta": HASTY,
    "alpha": {"requirement": "dra_support", "locks": ["gpu"]},
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A cluster in which one check fails and another one cannot start."""
    checks: Mapping[str, Json] = {"alpha": {"exitCode": 1}, "beta": WAITS, "gamma": {}}
    with ExitStack() as stack:
        yield stack.enter_context(placed(tmp_path, checks, entries=ENTRIES))


def read(path: Path) -> Json:
    document: Json = json.loads(path.read_text())
    assert breaches_of_ctrf(document) == []
    return {test["name"]: test for test in document["results"]["tests"]}


def test_a_report_names_the_files_about_what_is_not_well_wherever_it_lies(
    aicr: Command, place: Place, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    access = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--run-id", RUN_ID)
    made = ("-o", str(report), "-o", f"md={tmp_path}/r.md", "-o", f"html={tmp_path}/r.html")

    said = aicr("validate", *place.inputs, *access, *made)

    (folder,) = place.runs
    base = folder / "diagnostics/conformance.alpha"
    assert said.code == Exit.FAILED
    there, inside = read(report), read(folder / "ctrf.json")
    paths = [Path(item["path"]) for item in there["alpha"]["attachments"]]
    assert paths == sorted(base.iterdir())
    relative = [item["path"] for item in inside["alpha"]["attachments"]]
    assert relative == [path.relative_to(folder).as_posix() for path in paths]
    assert "attachments" not in there["gamma"]
    (attempt,) = there["beta"]["retryAttempts"]
    names = {item["name"] for item in attempt["attachments"]}
    assert {"attempt-1/pod.yaml", "attempt-1/log.txt"} <= names
    assert not any(item["name"].startswith("attempt") for item in there["beta"]["attachments"])
    shown = f"diagnostics: ~/{base.relative_to(tmp_path)}\n"
    assert shown in said.err
    assert f"diagnostics: `{base}`" in (tmp_path / "r.md").read_text()
    assert f"<code>{base}</code>" in (tmp_path / "r.html").read_text()


def test_a_report_has_the_labels_that_checks_are_selected_by(
    aicr: Command, place: Place, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    access = ("--kubeconfig", str(tmp_path / "kubeconfig"), "-o", str(report))

    aicr("validate", *place.inputs, *access, "--check", "alpha,gamma")

    tests = read(report)
    own = {"phase": "conformance", "depth": "full"}
    assert tests["alpha"]["labels"] == {**own, "requirement": "dra_support", "lock": ["gpu"]}
    assert tests["beta"]["labels"] == own  # it was left out
    assert tests["gamma"]["labels"] == own


def test_a_check_without_files_has_none(tmp_path: Path) -> None:
    assert attachments.found(tmp_path, "conformance", "alpha") == []


def test_a_file_that_was_not_written_to_its_end_is_none(tmp_path: Path) -> None:
    base = RunDir(tmp_path).diagnosis(OUTCOME, {"pod.yaml": "{}\n", "inner/x.log": "1\n"})
    (base / ".node.yaml.partial").write_text("")

    found = attachments.found(tmp_path, "conformance", "alpha")

    assert [(item["name"], item["contentType"]) for item in found] == [
        ("inner/x.log", "text/plain"),
        ("pod.yaml", "application/yaml"),
    ]


def test_files_of_a_check_that_runs_again_are_not_mistaken_for_its_own(tmp_path: Path) -> None:
    folder = RunDir(tmp_path)
    kept = folder.diagnosis(OUTCOME, {"pod.yaml": "{}\n"})
    stale = folder.diagnosis(Outcome("beta", "conformance", Status.OTHER), {"pod.yaml": "{}\n"})

    folder.forget_diagnoses(but=[("conformance", "alpha")])

    assert (kept.is_dir(), stale.exists()) == (True, False)

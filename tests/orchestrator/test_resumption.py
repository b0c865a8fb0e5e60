import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator import resumption
from orchestrator.errors import MissingError, UsageError
from orchestrator.resumption import Kept
from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import RUN_ID
from tests.source import ROOT

FLAGS: dict[str, Any] = {
    "recipe": "https://example.com/h100.yaml",
    "run_id": None,
    "resume": None,
    "config": "ci.yaml",
    "snapshot": None,
    "phase": ("deployment",),
    "max_parallel": 4,
    "namespace": "gpu-checks",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / RUN_ID


def begun(folder: Path, **report: Any) -> Path:
    """The folder of a run that was started and then killed."""
    kept = Kept(folder)
    kept.begin(FLAGS, b"kind: RecipeResult\n", "https://example.com/h100.yaml")
    kept.release()
    if report:
        summary = {"results": {"summary": {"extra": report}}}
        (folder / "ctrf.json").write_text(json.dumps(summary))
    return folder


def of_state(folder: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(folder)}


def problem(folder: Path) -> str:
    with pytest.raises((UsageError, MissingError)) as caught:
        resumption.flags_of(folder)
    return str(caught.value)


def test_a_run_is_started_again_as_it_was_started(folder: Path) -> None:
    found = resumption.flags_of(begun(folder))

    recipe = folder / "inputs/h100.yaml"
    assert found == {
        "recipe": str(recipe),
        "run_id": RUN_ID,
        "phase": ["deployment"],
        "max_parallel": 4,
        "namespace": "gpu-checks",
    }
    assert recipe.read_bytes() == b"kind: RecipeResult\n"


def test_what_the_cluster_was_held_against_stays_the_same(folder: Path) -> None:
    kept = Kept(begun(folder))
    kept.keep_snapshot("kind: Snapshot\n", "taken through the API at noon")

    found = resumption.flags_of(folder)

    assert Path(found["snapshot"]).read_text() == "kind: Snapshot\n"
    assert kept.origin(found["snapshot"]) == "taken through the API at noon"
    assert kept.origin("another.yaml") == ""


@pytest.mark.parametrize("name", ["snapshot.yaml", "recipe.yaml", "ctrf.json", "lock"])
def test_a_recipe_of_any_name_stays_what_it_is(folder: Path, name: str) -> None:
    kept = Kept(folder)
    kept.begin(FLAGS, b"kind: RecipeResult\n", f"https://example.com/{name}")
    kept.keep_snapshot("kind: Snapshot\n", "taken at noon")
    kept.release()

    found = resumption.flags_of(folder)

    assert Path(found["recipe"]).read_text() == "kind: RecipeResult\n"
    assert Path(found["recipe"]).name == name
    assert Path(found["snapshot"]).read_text() == "kind: Snapshot\n"


def test_places_are_kept_so_that_they_mean_the_same_from_anywhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {
        "data": "mine",
        "kubeconfig": "a/config:/b/config",
        "replay": "recorded",
        "output": ("r.json", "html=out/r.html", "-", "cm://ns/report", "/r.json"),
    }
    (tmp_path / "recorded").mkdir()

    kept = Kept(folder)
    kept.begin({**FLAGS, **given}, b"kind: RecipeResult\n", "recipe.yaml")
    kept.release()
    found = resumption.flags_of(folder)

    assert {key: found[key] for key in given} == {
        "data": f"{tmp_path}/mine",
        "kubeconfig": f"{tmp_path}/a/config:/b/config",
        "replay": f"{tmp_path}/recorded",
        "output": [
            f"ctrf={tmp_path}/r.json",
            f"html={tmp_path}/out/r.html",
            "ctrf=-",
            "ctrf=cm://ns/report",
            "ctrf=/r.json",
        ],
    }


CLUSTER = {"clusterID": "1234", "where": "context one"}


@pytest.mark.parametrize(
    ("now", "recipe", "unknown", "said"),
    [
        pytest.param(CLUSTER, b"r", "", "", id="the-same"),
        pytest.param({**CLUSTER, "where": "context two"}, b"r", "", "", id="another-name-for-it"),
        pytest.param(
            {"clusterID": "5678", "where": "context two"},
            b"r",
            "",
            "this run began in the cluster context one (1234), and this is context two (5678)",
            id="another-cluster",
        ),
        pytest.param(
            {"clusterID": "https://there", "where": "context two"},
            b"r",
            "get namespaces kube-system: 403 Forbidden",
            "and whether it is context two (https://there) cannot be told, get namespaces kube-sys",
            id="not-allowed-to-look",
        ),
        pytest.param(CLUSTER, b"R", "", "is not the recipe that this run was", id="another-recipe"),
    ],
)
def test_a_run_goes_on_with_its_own_cluster_and_recipe_only(
    folder: Path, now: dict[str, str], recipe: bytes, unknown: str, said: str
) -> None:
    kept = Kept(folder)
    kept.begin(FLAGS, b"r", "recipe.yaml", CLUSTER)
    kept.release()

    if not said:
        resumption.check_same(folder, now, recipe, unknown)
        return
    with pytest.raises(UsageError) as caught:
        resumption.check_same(folder, now, recipe, unknown)
    assert said in str(caught.value)
    assert str(caught.value).endswith("or leave out --resume to begin anew")


def test_another_run_may_have_come_and_gone_before_the_folder_is_taken(folder: Path) -> None:
    begun(folder)

    with pytest.raises(UsageError, match="already, cut short with 0 results; go on with it by"):
        Kept(folder).begin(FLAGS, b"", "recipe.yaml")


def test_a_run_whose_report_is_partial_may_go_on(folder: Path) -> None:
    assert resumption.flags_of(begun(folder, complete=False))


def test_a_complete_run_does_not_go_on(folder: Path) -> None:
    said = problem(begun(folder, complete=True))

    assert said == f"--resume {RUN_ID}: this run is complete; its report is {folder}/ctrf.json"


def test_a_run_in_progress_does_not_begin_again(folder: Path) -> None:
    going_on = Kept(begun(folder))
    going_on.hold()

    assert f"run {RUN_ID} is still going on in process {os.getpid()}" in problem(folder)
    going_on.release()
    assert resumption.flags_of(folder)


def test_a_run_that_nobody_knows_is_named_with_the_nearest(tmp_path: Path) -> None:
    folder = begun(tmp_path / "aicr-orch/runs" / RUN_ID)
    other = folder.with_name(RUN_ID[:-1] + "0")

    assert resumption.flags_of(other) == {}
    said = str(resumption.untold(other.name, of_state(tmp_path)))
    assert f"no such run in {folder.parent}, did you mean {RUN_ID}?; to go on with what" in said


def test_what_is_no_name_of_a_run_is_refused(tmp_path: Path) -> None:
    assert "want YYYYMMDD-HHMMSS, a time that there is, and 16 hex digits" in problem(
        tmp_path / ".."
    )


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(None, id="none"),
        pytest.param('{"flags": {"phase"', id="half-written"),
        pytest.param("[]", id="list"),
        pytest.param('{"flags": [], "recipe": "h100.yaml"}', id="no-flags"),
        pytest.param('{"flags": {}, "recipe": "../../another.yaml"}', id="elsewhere"),
    ],
)
def test_a_record_that_cannot_be_used_says_what_to_do(tmp_path: Path, record: str | None) -> None:
    folder = begun(tmp_path / "aicr-orch/runs" / RUN_ID)
    (folder / "run.json").unlink()
    if record is not None:
        (folder / "run.json").write_text(record)

    assert resumption.flags_of(folder) == {}
    said = str(resumption.untold(RUN_ID, of_state(tmp_path)))
    assert f"{folder} does not hold how it was started; give again what it was" in said


def test_a_run_whose_process_lives_is_left_alone(folder: Path) -> None:
    begun(folder)
    program = (
        "import sys; from pathlib import Path; from orchestrator.resumption import Kept\n"
        f"kept = Kept(Path({str(folder)!r})); kept.hold(); print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"still going on in process {other.pid}"):
            Kept(folder).hold()
        other.kill()

    Kept(folder).hold()  # the lock went with the process


def reported(folder: Path, *tests: tuple[str, str, str]) -> Path:
    """A report of checks by phase, name and status."""
    path = folder.parent / "report.json"
    listed = [{"suite": [phase], "name": name, "status": status} for phase, name, status in tests]
    path.write_text(json.dumps({"results": {"tests": listed}}))
    return path


def failed(report: str, folder: Path) -> Any:
    state = {"XDG_STATE_HOME": str(folder.parents[2])}
    return resumption.flags_of_failed(report, state)


def test_only_what_had_no_good_verdict_runs_again(folder: Path) -> None:
    report = reported(
        folder,
        ("deployment", "operator-health", "passed"),
        ("conformance", "dra-support", "failed"),
        ("conformance", "platform-health", "other"),
        ("readiness", "K8s.server.version", "failed"),
        ("orchestrator", "orchestrator", "other"),
    )

    assert failed(str(report), folder) == {"check": ["dra-support", "platform-health"]}


def test_a_run_of_this_machine_runs_again_as_it_was_started(tmp_path: Path) -> None:
    folder = begun(tmp_path / "aicr-orch/runs" / RUN_ID)
    reported(folder, ("conformance", "dra-support", "failed")).rename(folder / "ctrf.json")

    found = failed(RUN_ID, folder)

    assert (found["check"], found["namespace"]) == (["dra-support"], "gpu-checks")
    assert "run_id" not in found  # it is another run


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "no such report, and no such run here", id="none"),
        pytest.param("[]", "is no CTRF report with tests", id="no-report"),
        pytest.param("{", "is no CTRF report with tests", id="no-json"),
        pytest.param(
            '{"results": {"tests": [{"name": "a", "suite": ["x"], "status": "passed"}]}}',
            "every check in it passed or did not apply",
            id="nothing-failed",
        ),
    ],
)
def test_a_report_without_a_failure_runs_nothing(
    tmp_path: Path, content: str | None, said: str
) -> None:
    report = tmp_path / "report.json"
    if content is not None:
        report.write_text(content)

    with pytest.raises((UsageError, MissingError), match=said):
        resumption.flags_of_failed(str(report), {})


@pytest.mark.parametrize(("skip", "again"), [("gated", True), ("user-excluded", False)])
def test_what_was_gated_runs_again_and_what_nobody_wanted_does_not(
    folder: Path,
    skip: str,
    again: bool,
) -> None:
    path = reported(folder, ("conformance", "alpha", "failed"), ("conformance", "beta", "skipped"))
    document = json.loads(path.read_text())
    document["results"]["tests"][1]["extra"] = {"skip": skip}
    path.write_text(json.dumps(document))

    found = failed(str(path), folder)["check"]

    assert found == (["alpha", "beta"] if again else ["alpha"])


def test_what_does_not_run_again_says_in_which_run_it_was_settled(tmp_path: Path) -> None:
    folder = begun(tmp_path / "aicr-orch/runs" / RUN_ID)
    path = reported(
        folder,
        ("deployment", "operator-health", "passed"),
        ("conformance", "dra-support", "failed"),
    )
    document = json.loads(path.read_text())

    by_file = resumption.settled(str(path), {})
    path.write_text(json.dumps({**document, "runId": RUN_ID}))
    by_run = resumption.settled(str(path), {})

    assert by_file.why_not("operator-health") == f"passed in {path} (--rerun-failed)"
    assert by_run.why_not("operator-health") == f"passed in run {RUN_ID} (--rerun-failed)"
    assert by_run.why_not("new-check") == f"not in run {RUN_ID} (--rerun-failed)"


def test_the_beginning_of_a_name_is_enough_to_go_on(aicr: Command, tmp_path: Path) -> None:
    begun(tmp_path / "state/aicr-orch/runs" / RUN_ID, complete=True)

    said = aicr("validate", "--resume", RUN_ID[:11])

    assert (said.code, said.err.count(f"--resume {RUN_ID}: this run is complete")) == (2, 1)


def test_a_run_of_another_machine_needs_its_inputs(aicr: Command) -> None:
    said = aicr("validate", "--resume", RUN_ID)

    assert said.code == 2
    assert "give again what it was started with, --recipe at least" in said.err

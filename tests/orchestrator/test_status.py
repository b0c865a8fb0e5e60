import fcntl
import json
import os
from pathlib import Path

import pytest

from orchestrator import status
from orchestrator.events import CheckFinished, Event
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, Status
from orchestrator.owner import Ownership
from orchestrator.replay import ReplayCluster
from orchestrator.resumption import Kept
from orchestrator.rundir import RunDir
from orchestrator.status import State
from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import NAMESPACE, Engine, entry, node, script, served
from tests.orchestrator.samples import outcome

A, B = "20260101-000000-0123456789abcdef", "20260102-000000-0123456789abcdef"
EXAMPLE = ("--replay", "examples/eks-h100-inference")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "state/aicr-orch/runs"


def keep(runs: Path, run_id: str, *outcomes: Outcome) -> Path:
    folder = RunDir(runs / run_id)
    for item in outcomes:
        folder.keep(item)
    return folder.path


def finish(runs: Path, run_id: str, *, complete: bool = True) -> None:
    tests = [{"name": "alpha", "status": "failed", "suite": ["conformance"], "message": "two\nx"}]
    summary = {"extra": {"complete": complete}}
    environment = {"extra": {"exitCode": 1}}
    results = {"tests": tests, "summary": summary, "environment": environment}
    RunDir(runs / run_id).report({"results": results})


def test_a_run_with_a_report_is_finished(runs: Path) -> None:
    finish(runs, A)

    (known,) = status.here(runs, 20)

    assert (known.state, known.exit_code, known.so_far) == (State.FINISHED, "1", "1 failed")
    assert known.report == str(runs / A / "ctrf.json")
    assert "alpha" in status.text(known)
    assert "two" in status.text(known)


def test_what_a_cluster_says_of_a_run_steers_no_terminal() -> None:
    about = {"recipe": "r\x1b]0;owned\x07.yaml", "where": "x\x1b[2J"}
    known = status.Known(A, State.UNKNOWN, about=about, notes=("\x1b[31mred",))

    shown = status.text(known) + status.table([known])

    assert r"x\x1b[2J" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_a_run_whose_lock_cannot_be_read_is_not_taken_for_a_dead_one(runs: Path) -> None:
    (runs / A / "lock").mkdir(parents=True)
    finish(runs, B)

    finished, unseen = status.here(runs, 20)

    assert (finished.state, unseen.state) == (State.FINISHED, State.UNKNOWN)
    assert "whether its process lives cannot be seen" in status.text(unseen)


def test_a_run_with_a_partial_report_was_cut_short(runs: Path) -> None:
    finish(runs, A, complete=False)

    assert status.here(runs, 20)[0].state is State.CUT_SHORT


def test_a_run_without_a_report_runs_as_long_as_its_process_lives(runs: Path) -> None:
    folder = keep(runs, A, outcome("alpha"), outcome("beta", Status.FAILED))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (known,) = status.here(runs, 20)
    (later,) = status.here(runs, 20)

    assert (known.state, known.so_far) == (State.RUNNING, "1 failed, 1 passed")
    assert (later.state, later.report) == (State.CUT_SHORT, "")


def test_a_run_that_goes_on_after_it_was_cut_short_is_running(runs: Path) -> None:
    finish(runs, A, complete=False)
    mine = Ownership(runs / A)
    mine.take()

    (known,) = status.here(runs, 20)
    mine.release()

    assert known.state is State.RUNNING
    assert f"aicr-orch attach {A}" in status.text(known)
    assert f"process {os.getpid()} on " in status.text(known)


def test_a_run_that_can_go_on_says_how(runs: Path) -> None:
    folder = keep(runs, A, outcome("alpha"))
    (folder / "run.json").write_text("{}")

    assert f"validate --resume {A}" in status.text(status.here(runs, 20)[0])


def test_a_killed_run_says_what_it_found_and_what_is_missing_in_the_order_of_phases(
    runs: Path,
) -> None:
    kept = Kept(runs / A)
    planned = {"deployment": ["first"], "conformance": ["alpha"], "performance": ["last"]}
    about = {"recipe": "/x/h100.yaml", "where": "context gpu", "planned": json.dumps(planned)}
    kept.begin({}, b"", "h100.yaml", about)
    kept.release()
    keep(
        runs,
        A,
        outcome("alpha", stdout=("RESULT: 3 of 3 devices",)),
        outcome("first", Status.FAILED, phase="deployment", message="not ready"),
    )

    (known,) = status.here(runs, 20)
    text = status.text(known)

    assert [line.phase for line in known.checks] == ["deployment", "conformance"]
    assert [line.message for line in known.checks] == ["not ready", "3 of 3 devices"]
    assert "2 of 3 checks over; without a result: performance/last" in text
    assert "recipe h100.yaml, against context gpu" in text
    assert f"aicr-orch report render {A} -o html=report.html" in text
    assert f"aicr-orch validate --resume {A}" in text
    assert status.document(known)["unfinished"] == ["performance/last"]
    assert "h100.yaml  context gpu" in status.table([known])


@pytest.mark.parametrize("planned", ["{", "[]", '{"conformance": 1}'])
def test_a_plan_that_cannot_be_read_names_no_check(runs: Path, planned: str) -> None:
    Kept(runs / A).begin({}, b"", "h100.yaml", {"planned": planned})

    assert status.here(runs, 20)[0].unfinished == ()


def test_the_latest_runs_come_first_and_no_more_than_asked_for(runs: Path) -> None:
    for run_id in (A, B):
        finish(runs, run_id)
    (runs / "notes").mkdir()

    assert [item.run_id for item in status.here(runs, 20)] == [B, A]
    assert [item.run_id for item in status.here(runs, 1)] == [B]
    assert status.here(runs / "gone", 20) == []


def test_the_cluster_knows_what_another_machine_runs() -> None:
    seen: list[status.Known] = []

    def look(_: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckFinished):
            seen.extend(status.with_cluster([], kube, 20))

    about = {"recipe": "h100.yaml", "planned": '{"conformance": ["alpha", "beta"]}'}
    cluster = ReplayCluster([node()], outcomes=[script("alpha")])
    with served(cluster) as kube:
        done = Engine([entry("alpha")], cluster=cluster, kube=kube, record=about).run(look)

    (known,) = seen
    assert known.run_id == done.result.run_id
    assert [(line.check, line.status) for line in known.checks] == [("alpha", "passed")]
    assert known.unfinished == ("conformance/beta",)
    assert known.about["recipe"] == "h100.yaml"
    assert known.namespace == NAMESPACE
    assert known.objects > 0


def test_what_a_dead_run_left_in_the_cluster_can_be_removed() -> None:
    labels = {"app.kubernetes.io/name": "aicr-validator", "aicr.run/run-id": A}
    meta = {"name": "aicr-run", "namespace": "default", "labels": labels}
    left = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}

    with served(ReplayCluster(objects=[left])) as kube:
        (known,) = status.with_cluster([], kube, 20)

    assert (known.state, known.objects) == (State.UNKNOWN, 1)
    assert f"aicr-orch gc --run-id {A}" in status.text(known)


def test_a_run_is_found_by_the_beginning_of_its_name(aicr: Command, runs: Path) -> None:
    for run_id in (A, B):
        finish(runs, run_id)

    assert json.loads(aicr("status", "20260102", "--local", "-o", "json").out)["runID"] == B
    finish(runs, f"{A[:-1]}0")
    assert "2 runs begin so" in aicr("status", "20260101", "--local").err
    assert "at least the day, YYYYMMDD" in aicr("status", "2026", "--local").err
    said = aicr("status", "20260103", "--local")
    assert (said.code, said.err.count("\n")) == (Exit.USAGE, 1)


def test_a_folder_whose_name_is_no_day_is_no_run(aicr: Command, runs: Path) -> None:
    finish(runs, A)
    finish(runs, "20261332-256199-0123456789abcdef")

    said = aicr("status", "--local", "-o", "json")

    assert said.code == Exit.OK
    assert [item["runID"] for item in json.loads(said.out)] == [A]


def test_without_a_cluster_this_machine_answers(aicr: Command, runs: Path, tmp_path: Path) -> None:
    finish(runs, A)
    kubeconfig = tmp_path / ".kube/config"
    kubeconfig.parent.mkdir()
    kubeconfig.write_text("{}")

    said = aicr("status")

    assert said.code == Exit.OK
    assert A in said.out
    assert said.err.startswith("aicr-orch: warning: the cluster is not asked, only this machine:")
    assert aicr("status", "--kubeconfig", "gone").code == Exit.USAGE


def test_lists_runs_of_a_recorded_cluster(aicr: Command) -> None:
    aicr("validate", *EXAMPLE, "--check", "operator-health", "-o", "/dev/null")

    (run,) = json.loads(aicr("status", *EXAMPLE, "-o", "json").out)

    assert (run["state"], run["exitCode"], run["objectsInCluster"]) == ("finished", "0", 0)
    assert {item["status"] for item in run["checks"]} == {"passed", "skipped"}


@pytest.mark.parametrize("content", ["", "[]", '{"results": {"tests": [5, {"name": []}]}}'])
def test_a_broken_report_hides_no_other_run(runs: Path, content: str) -> None:
    finish(runs, A)
    (runs / B).mkdir()
    (runs / B / "ctrf.json").write_text(content)

    known = status.here(runs, 20)

    assert [item.run_id for item in known] == [B, A]
    assert A in status.table(known)

from pathlib import Path

import yaml

from orchestrator.outcome import Outcome, Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.rundir import RunDir
from orchestrator.settings import RunSettings
from orchestrator.verdict import PATIENCE_S, Stage
from tests.orchestrator.engine import Engine, entry, node, script

TOKEN = "hf_" + "a1B2" * 6
HASTY = RunSettings(patience_s={**PATIENCE_S, Stage.PULLING: 0.2})


def test_what_the_cluster_knew_of_a_failed_check_is_kept_and_of_others_nothing() -> None:
    pods = [script("alpha", exitCode=1, message="2 of 3"), script("beta"), script("gamma")]

    done = Engine([entry("alpha"), entry("beta")], pods).run()

    assert list(done.diagnosed) == ["alpha"]
    files = done.diagnosed["alpha"]
    assert sorted(files) == ["events.txt", "job.yaml", "node.yaml", "owners.txt", "pod.yaml"]
    assert yaml.safe_load(files["job.yaml"])["kind"] == "Job"
    [status] = yaml.safe_load(files["pod.yaml"])["status"]["containerStatuses"]
    assert status["state"]["terminated"]["message"] == "2 of 3"
    assert yaml.safe_load(files["node.yaml"])["metadata"]["name"] == "node-1"
    assert "Scheduled: Successfully assigned" in files["events.txt"]
    assert "managedFields" not in "".join(files.values())


def test_a_check_that_never_started_leaves_its_events() -> None:
    waiting = {"reason": "ErrImagePull", "message": "registry is away"}

    done = Engine([entry("alpha")], [script("alpha", waiting=waiting)], settings=HASTY).run()

    assert "Failed: " in done.diagnosed["alpha"]["events.txt"]
    assert "registry is away" in done.diagnosed["alpha"]["pod.yaml"]


def test_what_looks_like_a_secret_in_a_reason_is_not_kept() -> None:
    message = f"refused: token={TOKEN}\nwith Authorization: Bearer abcdef123456"

    done = Engine([entry("alpha")], [script("alpha", exitCode=1, message=message)]).run()

    kept = done.diagnosed["alpha"]["pod.yaml"]
    assert "refused: token=<redacted>" in kept
    assert TOKEN not in kept
    assert "abcdef123456" not in kept


def test_what_looks_like_a_secret_in_an_event_is_not_kept() -> None:
    waiting = {"reason": "ErrImagePull", "message": f"no answer of https://me:{TOKEN}@registry/x"}

    done = Engine([entry("alpha")], [script("alpha", waiting=waiting)], settings=HASTY).run()

    files = done.diagnosed["alpha"]
    assert "no answer of https://me:<redacted>@registry/x" in files["events.txt"]
    assert TOKEN not in "".join(files.values())


def test_what_cannot_be_read_is_said_and_changes_no_verdict() -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", exitCode=1)])
    cluster.faults.append(Fault(verb="list", resource="events", status=403, message="no"))

    done = Engine([entry("alpha")], cluster=cluster).run()

    assert done.outcome("alpha").status is Status.FAILED
    assert done.diagnosed["alpha"]["events.txt"] == (
        "not allowed to list events in aicr-validation\n"
    )


def test_the_files_lie_beside_the_results(tmp_path: Path) -> None:
    outcome = Outcome("alpha", "conformance", Status.FAILED)

    folder = RunDir(tmp_path).diagnosis(outcome, {"events.txt": "none\n"})

    assert folder == tmp_path / "diagnostics/conformance.alpha"
    assert (folder / "events.txt").read_text() == "none\n"

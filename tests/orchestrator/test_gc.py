from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.collect import collect
from orchestrator.errors import UsageError
from orchestrator.events import Event, PhaseFinished
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import Keep, RunSettings
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry, everything, script
from tests.orchestrator.machine import wait_for

OLD = {"run_id": None, "older_than": "24h", "dry_run": False, "context": None, "force": False}
ANOTHER = "20260102-030405-ffffffffffffffff"
NO_DAY = "20261332-256199-0123456789abcdef"


def gone(env: dict[str, str], kubeconfig: str, **flags: object) -> tuple[Exit, list[str]]:
    """Collect an hour after the last sign of life; the code and what is said."""
    said: list[str] = []
    later = datetime.now(UTC) + timedelta(hours=1)
    code = collect({**OLD, "kubeconfig": kubeconfig, **flags}, env, said.append, later)
    return code, said


@pytest.fixture
def cluster() -> ReplayCluster:
    """A cluster in which a run of long ago left everything behind."""
    kept = RunSettings(keep=Keep.ALWAYS)
    return Engine([entry("alpha")], [script("alpha")], settings=kept).run(until_over).cluster


def until_over(_: Execution, cluster: ReplayCluster, event: Event) -> None:
    """Wait for the end of Jobs, which comes after that of their checks."""
    if isinstance(event, PhaseFinished):
        wait_for(lambda: not any(is_active(obj) for obj in everything(cluster)))


def is_active(obj: dict[str, Any]) -> bool:
    return obj["kind"] == "Job" and bool(obj["status"].get("active"))


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine that knows of no run."""
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def kubeconfig(cluster: ReplayCluster, tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "kubeconfig"
    with cluster.serve() as server:
        server.write_kubeconfig(path)
        yield str(path)


def of_run(cluster: ReplayCluster) -> list[str]:
    labelled = (obj for obj in everything(cluster) if obj["metadata"].get("labels"))
    return [
        obj["kind"]
        for obj in labelled
        if obj["metadata"]["labels"].get("aicr.run/run-id") == RUN_ID
    ]


def test_removes_old_runs_and_names_what_it_removes(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    code, said = gone(env, kubeconfig)

    assert code is Exit.OK
    assert of_run(cluster) == []
    assert any(f"{RUN_ID}  jobs.batch" in line for line in said)
    assert said[-1] == "1 run removed"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param({"dry_run": True}, "1 run found", id="dry-run"),
        pytest.param({"older_than": "1000000h"}, "0 runs removed, 1 left alone", id="too-young"),
        pytest.param({"run_id": ANOTHER}, "0 runs removed", id="another-run"),
    ],
)
def test_leaves_what_was_not_meant(
    cluster: ReplayCluster,
    kubeconfig: str,
    env: dict[str, str],
    flags: dict[str, object],
    said: str,
) -> None:
    before = of_run(cluster)

    code, lines = gone(env, kubeconfig, **flags)

    assert (code, lines[-1]) == (Exit.OK, said)
    assert of_run(cluster) == before


def test_a_run_that_is_too_young_is_named_with_the_way_to_remove_it(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    count = len(of_run(cluster))

    _, said = gone(env, kubeconfig, older_than="1000000h")

    assert said[0] == (
        f"left alone: {RUN_ID} ({count} objects) is younger than 1000000h; "
        f"remove it with aicr-orch gc --run-id {RUN_ID}"
    )


@pytest.mark.parametrize("name", [RUN_ID, RUN_ID[:12]], ids=["whole", "beginning"])
def test_the_named_run_is_removed_whatever_its_age(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str], name: str
) -> None:
    gone(env, kubeconfig, older_than="1000000h", run_id=name)

    assert of_run(cluster) == []


def test_a_label_that_names_no_day_keeps_nobody_from_collecting(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    labels = {"app.kubernetes.io/name": "aicr-validator", "aicr.run/run-id": NO_DAY}
    meta = {"name": "strange", "namespace": "default", "labels": labels}
    cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})

    code, said = gone(env, kubeconfig, older_than="0s")

    assert (code, said[-1]) == (Exit.OK, "1 run removed")
    assert of_run(cluster) == []


def test_a_name_that_begins_like_no_run_is_refused(kubeconfig: str, env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no run with objects in this cluster"):
        gone(env, kubeconfig, run_id="20250101")


def test_an_empty_name_does_not_mean_every_run(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    before = of_run(cluster)

    with pytest.raises(UsageError, match="run '': want the name of a run"):
        gone(env, kubeconfig, run_id="")

    assert before
    assert of_run(cluster) == before


@pytest.mark.parametrize("flags", [{"older_than": "0s"}, {"older_than": "24h"}])
def test_a_run_that_goes_on_is_left_alone_with_what_was_seen_of_it(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str], flags: dict[str, object]
) -> None:
    before, said = of_run(cluster), list[str]()

    code = collect({**OLD, "kubeconfig": kubeconfig, **flags}, env, said.append)

    assert code is Exit.OK
    assert of_run(cluster) == before
    assert "goes on (" in said[0]
    assert "was made" in said[0]
    assert f"end it with aicr-orch cancel {RUN_ID}" in said[0]
    assert said[-1] == "0 runs removed, 1 left alone"


def test_a_named_run_that_goes_on_is_removed_by_force_only(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    flags = {**OLD, "run_id": RUN_ID, "kubeconfig": kubeconfig}
    with pytest.raises(UsageError, match=f"goes on .*end it with aicr-orch cancel {RUN_ID}"):
        collect(flags, env, lambda _: None)
    before = of_run(cluster)

    collect({**flags, "force": True}, env, lambda _: None)

    assert before
    assert of_run(cluster) == []


def test_force_is_for_one_run_only(kubeconfig: str, env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="give --run-id ID as well"):
        gone(env, kubeconfig, force=True)


def test_a_lock_that_a_killed_run_left_is_removed_with_it(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    labels = {"app.kubernetes.io/name": "aicr-validator", "aicr.run/run-id": RUN_ID}
    lease = {"name": "aicr-lock-gpu", "namespace": NAMESPACE, "labels": labels}
    cluster.add({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": lease})

    gone(env, kubeconfig)

    assert of_run(cluster) == []


def test_who_may_not_list_secrets_everywhere_can_still_collect(
    cluster: ReplayCluster, kubeconfig: str, env: dict[str, str]
) -> None:
    cluster.faults.append(Fault(verb="list", resource="secrets", status=403))

    code, _ = gone(env, kubeconfig)

    assert code is Exit.OK
    assert of_run(cluster) == []

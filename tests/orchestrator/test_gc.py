from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.collect import collect
from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import Keep, RunSettings
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry, everything, script

OLD = {"run_id": None, "older_than": "24h", "dry_run": False, "context": None}


@pytest.fixture
def cluster() -> ReplayCluster:
    """A cluster in which a run of long ago left everything behind."""
    kept = RunSettings(keep=Keep.ALWAYS)
    return Engine([entry("alpha")], [script("alpha")], settings=kept).run().cluster


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
    cluster: ReplayCluster, kubeconfig: str
) -> None:
    said: list[str] = []

    code = collect({**OLD, "kubeconfig": kubeconfig}, {}, said.append)

    assert code is Exit.OK
    assert of_run(cluster) == []
    assert any(f"{RUN_ID}  jobs.batch" in line for line in said)
    assert said[-1] == "1 runs removed"


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param({"dry_run": True}, id="dry-run"),
        pytest.param({"older_than": "1000000h"}, id="too-young"),
        pytest.param({"run_id": "20260102-030405-ffffffffffffffff"}, id="another-run"),
    ],
)
def test_leaves_what_was_not_meant(
    cluster: ReplayCluster, kubeconfig: str, flags: dict[str, object]
) -> None:
    before = of_run(cluster)

    collect({**OLD, "kubeconfig": kubeconfig, **flags}, {}, lambda _: None)

    assert of_run(cluster) == before


def test_the_named_run_is_removed_whatever_its_age(cluster: ReplayCluster, kubeconfig: str) -> None:
    flags = {**OLD, "older_than": "1000000h", "run_id": RUN_ID, "kubeconfig": kubeconfig}

    collect(flags, {}, lambda _: None)

    assert of_run(cluster) == []


def test_a_lock_that_a_killed_run_left_is_removed_with_it(
    cluster: ReplayCluster, kubeconfig: str
) -> None:
    labels = {"app.kubernetes.io/name": "aicr-validator", "aicr.run/run-id": RUN_ID}
    lease = {"name": "aicr-lock-gpu", "namespace": NAMESPACE, "labels": labels}
    cluster.add({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": lease})

    collect({**OLD, "kubeconfig": kubeconfig}, {}, lambda _: None)

    assert of_run(cluster) == []


def test_who_may_not_list_secrets_everywhere_can_still_collect(
    cluster: ReplayCluster, kubeconfig: str
) -> None:
    cluster.faults.append(Fault(verb="list", resource="secrets", status=403))

    code = collect({**OLD, "kubeconfig": kubeconfig}, {}, lambda _: None)

    assert code is Exit.OK
    assert of_run(cluster) == []

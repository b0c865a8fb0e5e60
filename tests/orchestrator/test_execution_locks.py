import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from helper.kinds import LEASES, NAMESPACES
from orchestrator.events import CheckFinished, Event, Notice
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import RunSettings
from tests.orchestrator.engine import NAMESPACE, Engine, entry, everything, node, script, served

OTHER = "20260102-030405-00000000000000aa"


def held_lease() -> dict[str, Any]:
    """A lock that another run has just renewed."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": "aicr-lock-gpu", "namespace": NAMESPACE},
        "spec": {
            "holderIdentity": OTHER,
            "leaseDurationSeconds": 30,
            "acquireTime": now,
            "renewTime": now,
        },
    }


@pytest.fixture
def cluster() -> ReplayCluster:
    home = {
        "apiVersion": NAMESPACES.api_version,
        "kind": NAMESPACES.kind,
        "metadata": {"name": NAMESPACE},
    }
    return ReplayCluster(objects=[node(), home], outcomes=[script("alpha"), script("beta")])


def leases(cluster: ReplayCluster) -> list[dict[str, Any]]:
    return [obj for obj in everything(cluster) if obj["kind"] == LEASES.kind]


def test_a_check_holds_its_lock_while_it_runs_and_leaves_none(cluster: ReplayCluster) -> None:
    holders: list[str] = []

    def look(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckFinished):
            holders.extend(item["metadata"]["name"] for item in leases(cluster))

    done = Engine([entry("alpha", locks=["gpu"]), entry("beta")], cluster=cluster).run(look)

    assert done.result.exit is Exit.OK
    assert "aicr-lock-gpu" in holders
    assert leases(cluster) == []


def test_a_lock_that_stays_is_among_what_the_run_left(cluster: ReplayCluster) -> None:
    cluster.faults.append(Fault(verb="delete", resource="leases", status=403))

    done = Engine([entry("alpha", locks=["gpu"])], cluster=cluster).run()

    assert done.result.exit is Exit.LEFTOVERS
    assert done.result.leftovers == (f"leases.coordination.k8s.io {NAMESPACE}/aicr-lock-gpu",)


def test_a_lock_of_another_run_is_waited_for_and_its_holder_named(cluster: ReplayCluster) -> None:
    cluster.add(held_lease())

    def give_back(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and "lock gpu" in event.text:
            cluster.remove(held_lease())

    done = Engine([entry("alpha", locks=["gpu"])], cluster=cluster).run(give_back)

    told = [notice.text for notice in done.told(Notice)]
    assert done.outcome("alpha").status is Status.PASSED
    assert any(text.startswith(f"alpha waits: lock gpu is held by run {OTHER}") for text in told)


def test_without_waiting_a_held_lock_blocks_its_checks_only(cluster: ReplayCluster) -> None:
    cluster.add(held_lease())
    settings = RunSettings(wait_for_locks=False)

    done = Engine(
        [entry("alpha", locks=["gpu"]), entry("beta")], cluster=cluster, settings=settings
    ).run()

    outcome = done.outcome("alpha")
    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "Blocked")
    assert outcome.message.startswith(f"lock gpu is held by run {OTHER} since 20")
    assert done.outcome("beta").status is Status.PASSED
    assert done.result.exit is Exit.INCONCLUSIVE
    assert [item["spec"]["holderIdentity"] for item in leases(cluster)] == [OTHER]


def test_a_stop_while_waiting_leaves_the_check_unrun(cluster: ReplayCluster) -> None:
    cluster.add(held_lease())

    def interrupt(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, Notice) and "lock gpu" in event.text:
            run.stop.request(Exit.INTERRUPTED, "asked to")

    done = Engine([entry("alpha", locks=["gpu"])], cluster=cluster).run(interrupt)

    assert done.outcome("alpha").status is Status.SKIPPED
    assert done.result.exit is Exit.INTERRUPTED
    assert not done.result.complete
    assert not [r for r in cluster.requests if r.path.endswith("/jobs") and r.method == "POST"]


def test_a_lock_that_cannot_be_looked_at_is_no_reason_to_go_on(cluster: ReplayCluster) -> None:
    cluster.faults.append(Fault(verb="get", resource="leases", status=403, message="no"))

    done = Engine([entry("alpha", locks=["gpu"])], cluster=cluster).run()

    assert done.outcome("alpha").raw_status == "LockError"
    assert "403" in done.outcome("alpha").message


def test_two_runs_never_have_the_same_lock_at_once() -> None:
    cluster = ReplayCluster(
        objects=[node()],
        outcomes=[script("alpha", delaySeconds=0.1), script("beta", delaySeconds=0.1)],
    )
    started = threading.Barrier(2, timeout=20)
    running, most = set[str](), list[int]()

    def note(_run: Execution, _cluster: ReplayCluster, _event: Event) -> None:
        active = [o for o in everything(cluster) if o["kind"] == "Job"]
        most.append(len(active))
        running.update(item["metadata"]["name"] for item in active)

    def run(name: str, number: int) -> None:
        run_id = f"{OTHER[:-1]}{number}"
        engine = Engine([entry(name, locks=["gpu"])], cluster=cluster, kube=kube, run_id=run_id)
        started.wait()
        done = engine.run(note)
        said = [(done.outcome(name).status, done.outcome(name).message)]
        ended.append((done.result.exit, said + [(n.level, n.text) for n in done.told(Notice)]))

    ended: list[tuple[Exit, list[tuple[str, str]]]] = []
    with served(cluster) as kube:
        threads = [
            threading.Thread(target=run, args=(name, number))
            for number, name in enumerate(("alpha", "beta"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert [code for code, _ in ended] == [Exit.OK, Exit.OK], ended
    assert (len(running), max(most)) == (2, 1)

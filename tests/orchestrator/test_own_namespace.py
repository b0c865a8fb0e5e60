from typing import Any

import pytest

from orchestrator.events import Event, Notice, PhaseStarted
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import RunSettings
from tests.orchestrator.engine import NAMESPACE, Engine, Finished, entry, everything, node, script

REMOVE = RunSettings(delete_namespace=True)
OWN = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def namespaces(cluster: ReplayCluster) -> set[str]:
    """Those that are not about to go."""
    return {
        obj["metadata"]["name"]
        for obj in everything(cluster)
        if obj["kind"] == "Namespace" and "deletionTimestamp" not in obj["metadata"]
    }


def run(*objects: dict[str, Any], settings: RunSettings = REMOVE, **changes: Any) -> Finished:
    engine = Engine(
        [entry("alpha")], [script("alpha")], objects=[node(), *objects], settings=settings
    )
    return engine.run(**changes)


def told(found: Finished) -> list[str]:
    return [item.text for item in found.told(Notice) if item.text.startswith("namespace")]


def test_a_namespace_that_the_run_made_goes_with_it() -> None:
    found = run()

    assert NAMESPACE not in namespaces(found.cluster)
    assert told(found) == []
    assert found.result.exit is Exit.OK


def test_by_default_it_stays() -> None:
    assert NAMESPACE in namespaces(run(settings=RunSettings()).cluster)


def test_one_that_was_there_stays() -> None:
    found = run(OWN)

    assert NAMESPACE in namespaces(found.cluster)
    assert told(found) == [f"namespace {NAMESPACE} stays: this run did not make it"]


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("ConfigMap", "configmaps theirs"),
        ("Secret", "secrets theirs"),
        ("Service", "services theirs"),
    ],
)
def test_one_that_somebody_uses_stays(kind: str, named: str) -> None:
    def put(_: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.plan.phase == "conformance":
            meta = {"name": "theirs", "namespace": NAMESPACE}
            spec = {"spec": {"ports": [{"port": 80}]}} if kind == "Service" else {}
            cluster.add({"apiVersion": "v1", "kind": kind, "metadata": meta, **spec})

    found = run(during=put)

    assert NAMESPACE in namespaces(found.cluster)
    assert told(found) == [f"namespace {NAMESPACE} stays, it holds {named}"]
    assert found.result.exit is Exit.OK


def test_one_that_nobody_may_look_into_stays() -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha")])
    cluster.faults.append(Fault(verb="list", resource="services", status=403))

    found = Engine([entry("alpha")], cluster=cluster, settings=REMOVE).run()

    assert NAMESPACE in namespaces(cluster)
    assert told(found)[0].startswith(f"namespace {NAMESPACE} stays: ")

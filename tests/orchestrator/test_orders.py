import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from helper.credentials import Credentials
from helper.kinds import CONFIG_MAPS, NAMESPACES
from helper.kube import Kube, connect
from orchestrator import afar, orders
from orchestrator.events import CheckProgressed, Event, Notice
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.manifests import record_name
from orchestrator.orders import Orders
from orchestrator.outcome import Status
from orchestrator.replay import ReplayCluster
from orchestrator.status import find, with_cluster
from orchestrator.stop import Stop
from orchestrator.verdict import Stage
from tests.orchestrator.callers import cluster_role
from tests.orchestrator.engine import (
    NAMESPACE,
    RUN_ID,
    Engine,
    Finished,
    entry,
    node,
    script,
    served,
)

RECORD = record_name(RUN_ID)
RUNS = CheckProgressed("alpha", Stage.RUNNING)
LONG_S = 600.0  # far longer than a test may take: only an order ends such a check


def during(act: Callable[[Kube], object]) -> Finished:
    """A run of a check that would take for ever, and what somebody does meanwhile."""

    def on(_: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if event == RUNS:
            act(kube)

    entries = [entry("alpha"), entry("beta", "performance")]
    cluster = endless()
    with served(cluster) as kube:
        return Engine(entries, cluster=cluster, kube=kube).run(on)


def endless() -> ReplayCluster:
    """A cluster in which the first check does not end by itself."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return ReplayCluster([node(), namespace], outcomes=[script("alpha", delaySeconds=LONG_S)])


def annotate(kube: Kube, **annotations: str) -> None:
    found = {f"aicr.run/{key.replace('_', '-')}": value for key, value in annotations.items()}
    kube.patch(CONFIG_MAPS, RECORD, {"metadata": {"annotations": found}}, NAMESPACE)


@pytest.mark.parametrize("order", [orders.IN_ORDER, orders.AT_ONCE])
def test_an_annotation_ends_a_run(order: str) -> None:
    done = during(lambda kube: annotate(kube, cancel=order, cancelled_by="ada@there"))

    assert done.result.exit is Exit.TERMINATED
    assert done.outcome("alpha").message == "cancelled by ada@there"
    assert done.outcome("beta").message == "not run: cancelled by ada@there"
    assert done.result.leftovers == ()


def test_who_gave_the_order_is_named_within_bounds() -> None:
    done = during(lambda kube: annotate(kube, cancel=orders.IN_ORDER, cancelled_by="a" * 100_000))

    assert done.outcome("beta").message == f"not run: cancelled by {'a' * 200}"


def test_an_order_behind_the_end_is_none() -> None:
    stop = Stop()
    meta = {"name": RECORD, "namespace": NAMESPACE, "annotations": {orders.CANCEL: "in-order"}}
    record = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    told: list[Event] = []
    with served(ReplayCluster(objects=[record])) as kube:
        watched = Orders(kube, NAMESPACE, RUN_ID, stop, told.append)
        watched.close()
        watched._obey(record)  # as the last of a stream that was buffered

    assert not stop


def test_other_annotations_are_no_order() -> None:
    def act(kube: Kube) -> None:
        annotate(kube, note="hello")
        annotate(kube, cancel=orders.IN_ORDER)

    message = during(act).outcome("beta").message
    assert message == "not run: cancelled by an annotation of its ConfigMap"


def test_a_run_whose_config_map_is_deleted_ends_and_says_so() -> None:
    done = during(lambda kube: kube.delete(CONFIG_MAPS, RECORD, NAMESPACE))

    words = f"somebody deleted ConfigMap {NAMESPACE}/{RECORD}, and so the run"
    assert done.result.exit is Exit.INCONCLUSIVE
    assert Notice(words, "error") in done.events
    assert done.outcome("beta").message == f"not run: {words}"
    assert done.result.leftovers == ()


def test_a_run_whose_namespace_is_deleted_ends_and_says_so() -> None:
    done = during(lambda kube: kube.delete(NAMESPACES, NAMESPACE))

    words = f"somebody deleted namespace {NAMESPACE} under the run"
    assert done.result.exit is Exit.INCONCLUSIVE
    assert Notice(words, "error") in done.events
    assert done.outcome("beta").message == f"not run: {words}"


def test_what_a_run_removes_itself_is_no_order() -> None:
    done = Engine([entry("alpha")], [script("alpha")]).run()

    assert done.result.exit is Exit.OK
    assert done.told(Notice) == []


def test_a_run_is_cancelled_from_another_machine() -> None:
    said: list[str] = []
    codes: list[Exit] = []
    helpers: list[threading.Thread] = []

    def act() -> None:
        known = find(with_cluster([], kube, 20), RUN_ID)
        codes.append(afar.cancel(known, kube, lambda words, _: said.append(words), now=False))

    def on(_: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if event == RUNS:
            helpers.append(threading.Thread(target=act))
            helpers[-1].start()

    cluster = endless()
    with served(cluster) as kube:
        done = Engine([entry("alpha")], cluster=cluster, kube=kube).run(on)
        for helper in helpers:
            helper.join()

    assert done.result.exit is Exit.TERMINATED
    assert done.outcome("alpha").status is Status.OTHER
    assert codes == [Exit.OK]
    assert "through the cluster" in said[0]
    assert said[-1].startswith(f"run {RUN_ID} has ended")


def test_who_may_not_watch_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    meta = {"name": RECORD, "namespace": NAMESPACE}
    record = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    told: queue.SimpleQueue[Event] = queue.SimpleQueue()
    stop = Stop()
    with ReplayCluster(objects=[record, *cluster_role([rule])]).serve() as server:
        path = tmp_path / "kubeconfig"
        server.write_kubeconfig(path, user="caller")
        kube = connect(Credentials(str(path)), {}, patience_s=1.0)
        watched = Orders(kube, NAMESPACE, RUN_ID, stop, told.put)
        watched.start()
        warning = told.get(timeout=20)
        watched.close()
        kube.close()

    assert isinstance(warning, Notice)
    assert warning.text.startswith("this run cannot be cancelled from another machine: ")
    assert not stop

"""The last look of a sweep: after its last deletions."""

from typing import Any

import pytest

from helper.deadline import Deadline
from helper.transport import BACKOFF_S
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.sweep import sweep
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import RUN_ID, served


def of_the_run(**metadata: Any) -> dict[str, Any]:
    labels = {"aicr.run/run-id": RUN_ID}
    metadata = {"name": "left", "namespace": "default", "labels": labels, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_names_what_it_could_not_remove_and_nothing_else(seconds: float) -> None:
    held = of_the_run(name="held", finalizers=["example.com/stay"])
    with served(ReplayCluster([of_the_run(), held])) as kube:
        left = sweep(kube, RUN_ID, Deadline.after(seconds, FakeClock()))

    assert left == ["configmaps default/held (ending, held by example.com/stay)"]


def test_deletions_that_all_fail_take_no_longer_than_there_is_time() -> None:
    clock, names = FakeClock(), [f"left-{number}" for number in range(9)]
    cluster = ReplayCluster([of_the_run(name=name) for name in names])
    cluster.faults.append(Fault(verb="delete", status=500))

    with served(cluster, clock) as kube:
        left = sweep(kube, RUN_ID, Deadline.after(30.0, clock))

    assert left == [f"configmaps default/{name}" for name in names]
    assert sum(clock.slept) <= 30.0 + BACKOFF_S[-1]

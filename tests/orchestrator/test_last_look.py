"""The last look of a sweep: after its last deletions."""

from typing import Any

import pytest

from helper.deadline import Deadline
from orchestrator.replay import ReplayCluster
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

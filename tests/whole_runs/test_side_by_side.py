"""Ten runs in one cluster at once, half of them in one namespace: none disturbs another."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import pytest
import yaml

from helper.kube import Kube
from orchestrator import plan, recipe
from orchestrator.catalog import Catalog
from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, Status
from orchestrator.replay import ReplayCluster
from orchestrator.result import RunResult
from orchestrator.run import Run
from tests.orchestrator.engine import NAMESPACE, entry, everything, node, script, served

RUNS, TOGETHER, LOCKING = 10, 5, 3  # of those together some want one lock
FREE, LOCKED, FAILING = "needs-no-lock", "holds-the-lock", "fails-in-every-other-run"
FOREIGN = "20260102-030405-ffffffffffffffff"  # a run that was killed long ago


@dataclass(frozen=True)
class Finished:
    """One of the runs, after its end."""

    number: int
    result: RunResult

    def outcome(self, check: str) -> Outcome:
        """What became of a check."""
        found = {item.check: item for phase in self.result.phases for item in phase.outcomes}
        return found[check]


@pytest.fixture(scope="module")
def cluster() -> ReplayCluster:
    leftover = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "of-another-run",
            "namespace": NAMESPACE,
            "labels": {"aicr.run/run-id": FOREIGN, "app.kubernetes.io/name": "aicr-validator"},
        },
    }
    pods = [
        script(FREE, delaySeconds=0.1),
        script(LOCKED, delaySeconds=0.1),
        script(FAILING, exitCode=1, message="broken"),
    ]
    return ReplayCluster(objects=[node(), node("node-2"), leftover], outcomes=pods)


@pytest.fixture(scope="module")
def finished(cluster: ReplayCluster) -> Iterator[Sequence[Finished]]:
    with served(cluster) as kube, ThreadPoolExecutor(RUNS) as pool:
        yield list(
            pool.map(lambda number: Finished(number, carried_out(kube, number)), range(RUNS))
        )


def carried_out(kube: Kube, number: int) -> RunResult:
    """One of ten runs, from its plan to its result."""
    namespace = NAMESPACE if number < TOGETHER else f"validation-{number}"
    names = [FREE, *([LOCKED] if number < LOCKING else []), *([FAILING] if number % 2 else [])]
    entries = [entry(name, locks=["gpu"] if name == LOCKED else []) for name in names]
    text = yaml.dump({"kind": "RecipeResult", "validation": {"conformance": {"checks": names}}})
    given = recipe.parse(text, "recipe.yaml")
    catalog = Catalog.model_validate({"validators": entries})
    with Run(plan.build(catalog, given.input, namespace=namespace), given, kube) as run:
        run.deploy()
        run.wait()
        return run.result()


def test_each_run_has_its_own_verdict(finished: Sequence[Finished]) -> None:
    assert [each.result.exit for each in finished] == [
        Exit.FAILED if each.number % 2 else Exit.OK for each in finished
    ]
    assert {each.outcome(FREE).status for each in finished} == {Status.PASSED}
    assert len({each.result.run_id for each in finished}) == RUNS


def test_no_two_in_one_namespace_hold_its_lock_at_once(finished: Sequence[Finished]) -> None:
    held = [each.outcome(LOCKED) for each in finished[:LOCKING]]
    times = sorted((item.started or 0.0, item.stopped or 0.0) for item in held)

    assert {item.status for item in held} == {Status.PASSED}
    assert all(stopped <= started for (_, stopped), (started, _) in pairwise(times))


def test_runs_remove_their_own_objects_and_no_others(
    finished: Sequence[Finished], cluster: ReplayCluster
) -> None:
    labels = [obj["metadata"].get("labels") or {} for obj in everything(cluster)]
    left = [found["aicr.run/run-id"] for found in labels if "aicr.run/run-id" in found]

    assert [each.result.leftovers for each in finished] == [()] * RUNS
    assert left == [FOREIGN]

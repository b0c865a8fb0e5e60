"""Ten runs in one namespace at once, half of which want the same lock."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from helper import contract
from helper.kinds import CONFIG_MAPS
from helper.kube import Kube
from orchestrator.events import CheckStarted, Event
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from tests.e2e.leftovers import left_behind
from tests.e2e.real_cluster import temporary_namespace
from tests.e2e.real_run import Finished, RealRun, entry

RUNS, LOCKING = 10, 5
STUCK = "that-stays"  # an object of the last run that somebody holds on to
FINALIZERS = ["e2e.aicr.run/held"]


@pytest.fixture(scope="module")
def finished(real_kube: Kube, run_id: str, acting: str) -> Iterator[Sequence[Finished]]:
    """How they end; in the middle of the last one somebody makes what does not go away."""
    entries = [
        entry("holds-the-lock", acting, "leave", "0", locks=["gpu"]),
        entry("needs-no-lock", acting, "leave", "0"),
    ]
    with temporary_namespace(real_kube, run_id) as namespace, ThreadPoolExecutor(RUNS) as pool:
        runs = [
            RealRun(real_kube, namespace, entries if number < LOCKING else entries[1:])
            for number in range(RUNS)
        ]
        *others, last = runs

        def during(event: Event) -> None:
            if isinstance(event, CheckStarted) and event.planned.name == "needs-no-lock":
                hold_on(real_kube, namespace, last.run_id)

        started = [pool.submit(each.execute) for each in others]
        started.append(pool.submit(last.execute, during))
        try:
            yield [each.result() for each in started]
        finally:
            released = {"metadata": {"finalizers": None}}
            real_kube.patch(CONFIG_MAPS, STUCK, released, namespace)
            assert left_behind(real_kube, last.run_id) == []


def hold_on(kube: Kube, namespace: str, run_id: str) -> None:
    """Make an object of a run that cannot be removed."""
    labels = {contract.LABEL_RUN_ID: run_id}
    metadata = {"name": STUCK, "labels": labels, "finalizers": FINALIZERS}
    body = {"apiVersion": "v1", "kind": CONFIG_MAPS.kind, "metadata": metadata}
    kube.create(CONFIG_MAPS, body, namespace)


def test_each_run_has_its_own_verdicts(finished: Sequence[Finished]) -> None:
    for each in finished:
        assert each.outcome("needs-no-lock").status is Status.PASSED


def test_no_two_hold_the_lock_at_once(finished: Sequence[Finished]) -> None:
    holders = [each.outcome("holds-the-lock") for each in finished[:LOCKING]]
    times = sorted((held.started or 0.0, held.stopped or 0.0) for held in holders)

    assert {held.status for held in holders} == {Status.PASSED}
    assert all(stopped <= started for (_, stopped), (started, _) in pairwise(times))


def test_runs_leave_nothing_behind(finished: Sequence[Finished]) -> None:
    assert [each.left for each in finished[:-1]] == [[]] * (RUNS - 1)
    assert {each.result.exit for each in finished[:-1]} == {Exit.OK}


def test_what_cannot_be_removed_is_named_and_has_its_exit_code(
    finished: Sequence[Finished],
) -> None:
    last = finished[-1]

    assert last.result.exit == Exit.LEFTOVERS
    (left,) = last.left
    assert left.startswith("configmaps ")
    assert left.endswith(f"/{STUCK}")
    (told,) = last.result.leftovers
    assert told.startswith(f"{left} (ending, held by ")

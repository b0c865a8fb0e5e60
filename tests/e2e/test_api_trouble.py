"""Trouble with the API server in the middle of a run: no verdict is another one for it."""

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helper.kube import Kube
from helper.resource import Json
from orchestrator.events import CheckSaid, Event
from orchestrator.outcome import Status
from tests.e2e.real_cluster import ROOT
from tests.e2e.real_run import Finished, RealRun, entry
from tests.e2e.troubled_server import TROUBLES, TroubledServer

RESTART = ROOT / ".ci/cluster/restart"
BEGINS_S = RESTARTS_S = 60.0


def entries(image: str) -> list[Json]:
    """A check that ends at once, one that ends in the middle of the trouble, one that lasts."""
    return [
        entry("fails-meanwhile", image, "leave", "1", "as without trouble"),
        entry("skips-meanwhile", image, "leave", "2", "nothing to judge"),
        entry("passes-meanwhile", image, "wait", "1"),
        entry("passes-later", image, "wait", "8"),
    ]


def require_verdicts(finished: Finished) -> None:
    """All checks ended as they would have without trouble."""
    found = {
        outcome.check: (outcome.status, outcome.message)
        for phase in finished.result.phases
        for outcome in phase.outcomes
    }
    assert found == {
        "fails-meanwhile": (Status.FAILED, "as without trouble"),
        "skips-meanwhile": (Status.SKIPPED, "nothing to judge"),
        "passes-meanwhile": (Status.PASSED, ""),
        "passes-later": (Status.PASSED, ""),
    }
    assert (finished.left, finished.result.leftovers) == ([], ())


@pytest.mark.alone
def test_a_restart_of_the_api_server_changes_no_verdict(
    real_kube: Kube, namespace: str, acting: str, own_node: Path
) -> None:
    working = threading.Event()

    def during(event: Event) -> None:
        if isinstance(event, CheckSaid):
            working.set()

    def restart() -> None:
        working.wait(BEGINS_S)
        env = {**os.environ, "CLUSTER_HOME": str(own_node)}
        subprocess.run([RESTART, "kube-apiserver"], check=True, env=env, timeout=RESTARTS_S)

    with ThreadPoolExecutor() as beside:
        restarted = beside.submit(restart)
        finished = RealRun(real_kube, namespace, entries(acting)).execute(during)
        restarted.result()

    require_verdicts(finished)


@pytest.fixture
def troubled(real_kube: Kube) -> Iterator[TroubledServer]:
    with TroubledServer.before(real_kube.server) as server:
        yield server


def test_refusals_and_watches_that_end_change_no_verdict(
    real_kube: Kube, troubled: TroubledServer, namespace: str, acting: str
) -> None:
    with troubled.connected() as kube:
        finished = RealRun(kube, namespace, entries(acting), auditor=real_kube).execute()

    require_verdicts(finished)
    assert set(troubled.made) == set(TROUBLES)

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helper.errors import Unreachable
from helper.kinds import CONFIG_MAPS, JOBS, SERVICE_ACCOUNTS
from helper.kube import Kube
from orchestrator import afar
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.manifests import record_name
from orchestrator.replay import ReplayCluster
from orchestrator.status import Known, State, find, with_cluster
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import NAMESPACE, RUN_ID, served

LABELS = {"app.kubernetes.io/name": "aicr-validator", "aicr.run/run-id": RUN_ID}


def made(kind: str, api_version: str, name: str, **fields: Any) -> dict[str, Any]:
    """An object of the run."""
    meta = {"name": name, "namespace": NAMESPACE, "labels": LABELS}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **fields}


RECORD = made("ConfigMap", "v1", record_name(RUN_ID))
JOB = made("Job", "batch/v1", "aicr-alpha", status={"active": 1})
ACCOUNT = made("ServiceAccount", "v1", "aicr-alpha")


class WaitingClock(FakeClock):
    """A clock whose sleepers see something happen instead of time passing."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self._then = then

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._then()


@pytest.fixture
def objects() -> list[dict[str, Any]]:
    return [RECORD, JOB, ACCOUNT]


@pytest.fixture
def cluster(objects: list[dict[str, Any]]) -> ReplayCluster:
    return ReplayCluster(objects=objects)


@pytest.fixture
def kube(cluster: ReplayCluster) -> Iterator[Kube]:
    with served(cluster) as kube:
        yield kube


class Said(list[str]):
    """What the operator hears."""

    def __call__(self, words: str, _level: str) -> None:
        self.append(words)


def known(kube: Kube) -> Known:
    return find(with_cluster([], kube, 20), RUN_ID)


def test_an_order_that_nobody_hears_is_no_success(kube: Kube) -> None:
    said = Said()

    code = afar.cancel(known(kube), kube, said, now=True, clock=FakeClock())

    assert code is Exit.INCONCLUSIVE
    assert "nothing has changed for 90 s; its process is gone, or hangs" in said
    assert f"to remove what it left: aicr-orch gc --run-id {RUN_ID}" in said
    annotations = kube.get(CONFIG_MAPS, record_name(RUN_ID), NAMESPACE)["metadata"]["annotations"]
    assert annotations["aicr.run/cancel"] == "at-once"


@pytest.mark.parametrize("objects", [[RECORD, {**JOB, "status": {}}, ACCOUNT]])
def test_a_run_whose_process_was_killed_is_not_followed_for_ever(kube: Kube) -> None:
    said = Said()
    running = Known(RUN_ID, State.RUNNING, namespace=NAMESPACE)

    assert afar.attach(running, kube, said, FakeClock()) is Exit.INCONCLUSIVE
    assert "nothing has changed for 90 s; its process is gone, or hangs" in said
    assert said[-1] == f"to remove what it left: aicr-orch gc --run-id {RUN_ID}"


def test_a_check_at_work_is_followed_however_long_it_says_nothing(kube: Kube) -> None:
    said = Said()
    looks: list[int] = []

    def wait() -> None:
        looks.append(1)
        if len(looks) > afar.SILENCE_S:  # of two seconds each
            kube.delete(CONFIG_MAPS, record_name(RUN_ID), NAMESPACE)

    assert afar.attach(known(kube), kube, said, WaitingClock(wait)) is Exit.INCONCLUSIVE
    assert said[-1].startswith(f"run {RUN_ID} is over")


def test_what_keep_left_of_a_run_does_not_hold_it(kube: Kube) -> None:
    said = Said()

    def end() -> None:
        kube.delete(JOBS, "aicr-alpha", NAMESPACE)
        for item in kube.list(SERVICE_ACCOUNTS, NAMESPACE, labels="aicr.run/run-id"):
            kube.delete(SERVICE_ACCOUNTS, item["metadata"]["name"], NAMESPACE)

    code = afar.cancel(known(kube), kube, said, now=False, clock=WaitingClock(end))

    assert code is Exit.OK
    assert said[-1] == f"1 object left; to remove what is left: aicr-orch gc --run-id {RUN_ID}"


@pytest.mark.parametrize("objects", [[JOB]])
def test_a_run_without_its_config_map_is_over(kube: Kube) -> None:
    with pytest.raises(UsageError, match="is over: its ConfigMap is gone"):
        afar.cancel(Known(RUN_ID, State.UNKNOWN, namespace=NAMESPACE), kube, Said(), now=False)


@pytest.mark.parametrize("objects", [[RECORD, ACCOUNT]])
def test_a_run_of_which_nothing_works_is_not_waited_for(kube: Kube) -> None:
    said = Said()

    assert afar.attach(known(kube), kube, said) is Exit.INCONCLUSIVE
    assert said[-1] == f"run {RUN_ID} is another machine's, and nothing of it works right now"


def test_a_cluster_that_is_lost_meanwhile_is_an_error_of_its_own(kube: Kube) -> None:
    found = known(kube)

    def lose() -> None:
        raise Unreachable("list", "configmaps")

    with pytest.raises(Unreachable):
        afar.attach(found, kube, Said(), WaitingClock(lose))

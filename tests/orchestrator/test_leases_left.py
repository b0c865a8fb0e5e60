"""Leases that are still there when their run has given them back."""

from collections.abc import Iterator

import pytest

from helper.errors import Forbidden
from helper.kinds import LEASES
from helper.kube import Kube
from helper.resource import Json
from orchestrator.leases import Leases
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.stop import Stop
from tests.orchestrator.engine import NAMESPACE, RUN_ID, served

OTHER = "20260102-030405-0000000000000002"


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster(
        objects=[{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    )


@pytest.fixture
def kube(cluster: ReplayCluster) -> Iterator[Kube]:
    with served(cluster) as kube:
        yield kube


@pytest.fixture
def leases(kube: Kube) -> Leases:
    return Leases(kube, NAMESPACE, RUN_ID, Stop())


def lease(kube: Kube) -> Json | None:
    return kube.find(LEASES, "aicr-lock-gpu", NAMESPACE)


def change(kube: Kube, **spec: str) -> None:
    """Change the Lease behind the back of its run, as a renewal does whose answer got lost."""
    found = lease(kube)
    assert found
    kube.update(LEASES, {**found, "spec": {**found["spec"], **spec}}, NAMESPACE)


def test_a_lock_whose_last_renewal_was_never_answered_is_given_back_at_last(
    kube: Kube, leases: Leases
) -> None:
    leases.acquire(["gpu"])
    change(kube, renewTime="2026-01-02T03:04:05.000000Z")

    leases.close()

    assert lease(kube)  # it is no longer the one that was to be removed
    assert leases.left() == []
    assert lease(kube) is None


def test_a_lock_that_cannot_be_given_back_is_named(cluster: ReplayCluster, leases: Leases) -> None:
    leases.acquire(["gpu", "slurm"])
    leases.release(["slurm"])
    cluster.faults.append(Fault(verb="delete", resource="leases", status=403))

    leases.close()

    assert leases.left() == [f"leases.coordination.k8s.io {NAMESPACE}/aicr-lock-gpu"]
    cluster.faults.append(Fault(verb="get", resource="leases", status=403))
    with pytest.raises(Forbidden):
        leases.left()


def test_a_lock_that_another_run_has_by_now_is_not_left_by_us(kube: Kube, leases: Leases) -> None:
    leases.acquire(["gpu"])
    change(kube, holderIdentity=OTHER)

    leases.close()

    assert leases.left() == []
    assert lease(kube)

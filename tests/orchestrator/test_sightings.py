import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from helper.kinds import JOBS, PODS, Resource
from helper.kube import Kube
from helper.resource import Json
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.sightings import Sightings
from tests.orchestrator.engine import NAMESPACE, RUN_ID, served

WAIT_S = 20.0  # far more than it takes; a hang must end the test


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
def sightings(kube: Kube) -> Iterator[Sightings]:
    found = Sightings(kube, NAMESPACE, RUN_ID, threading.Condition())
    yield found
    found.stop()


def pod(
    name: str = "alpha-xyz", job: str = "alpha", phase: str = "Pending", run: str = RUN_ID
) -> Json:
    labels = {"aicr.run/run-id": run, "batch.kubernetes.io/job-name": job}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {"containers": [{"name": "validator", "image": "i"}]},
        "status": {"phase": phase},
    }


def wait_for(sightings: Sightings, job: str, phase: str) -> None:
    def seen() -> bool:
        found = sightings.of(job).pod
        return found is not None and found["status"]["phase"] == phase

    with sightings.changed:
        assert sightings.changed.wait_for(seen, WAIT_S), f"{job} was never seen {phase}"


def test_what_happens_after_the_start_is_seen(cluster: ReplayCluster, sightings: Sightings) -> None:
    sightings.start()

    cluster.add(pod(phase="Running"))

    wait_for(sightings, "alpha", "Running")


def test_pods_of_other_runs_are_not_seen(cluster: ReplayCluster, sightings: Sightings) -> None:
    sightings.start()

    cluster.add(pod("other-xyz", "other", run="20260102-030405-ffffffffffffffff"))
    cluster.add(pod())

    wait_for(sightings, "alpha", "Pending")
    assert sightings.of("other").pod is None


def test_a_deleted_pod_keeps_its_last_state(cluster: ReplayCluster, sightings: Sightings) -> None:
    sightings.start()
    cluster.add(pod(phase="Running"))
    wait_for(sightings, "alpha", "Running")

    cluster.remove(pod())

    with sightings.changed:
        assert sightings.changed.wait_for(lambda: sightings.of("alpha").pod_gone, WAIT_S)
    assert sightings.of("alpha").pod is not None


def test_a_dropped_watch_goes_on_where_it_ended(
    cluster: ReplayCluster, sightings: Sightings
) -> None:
    cluster.faults.append(Fault(verb="watch", resource="pods", drop=True, times=3))
    sightings.start()

    cluster.add(pod(phase="Running"))

    wait_for(sightings, "alpha", "Running")


def test_an_expired_version_leads_to_a_new_list(
    cluster: ReplayCluster, sightings: Sightings
) -> None:
    gone = {"status": 410, "reason": "Expired", "message": "too old resource version"}
    cluster.faults.append(Fault(verb="watch", resource="pods", times=2, **gone))  # type: ignore[arg-type]
    sightings.start()

    cluster.add(pod(phase="Running"))

    wait_for(sightings, "alpha", "Running")


def test_a_pod_that_went_while_nobody_watched_is_known_to_be_gone(
    cluster: ReplayCluster, sightings: Sightings
) -> None:
    cluster.add(pod(phase="Running"))
    sightings.start()
    wait_for(sightings, "alpha", "Running")
    outage = Fault(verb="watch", resource="pods", status=410, message="too old")
    cluster.faults.append(outage)

    cluster.remove(pod())
    cluster.add(pod("alpha-2", phase="Pending"))  # ends the open watch's silence
    cluster.faults.remove(outage)

    with sightings.changed:
        assert sightings.changed.wait_for(
            lambda: sightings.of("alpha").pod_gone or _name(sightings) == "alpha-2", WAIT_S
        )


class Meanwhile:
    """A connection on which something happens, and is seen, while a list is on its way."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self.acts: dict[str, Callable[[], None]] = {}  # by plural, each once

    def patient(self, *_: object) -> "Meanwhile":
        return self

    def page(self, resource: Resource, *arguments: Any) -> object:
        page = self._kube.page(resource, *arguments)
        self.acts.pop(resource.plural, lambda: None)()
        return page

    def watch(self, *arguments: Any) -> object:
        return self._kube.watch(*arguments)


@pytest.fixture
def meanwhile(kube: Kube) -> Meanwhile:
    return Meanwhile(kube)


@pytest.fixture
def looking(meanwhile: Meanwhile) -> Iterator[Sightings]:
    found = Sightings(cast("Kube", meanwhile), NAMESPACE, RUN_ID, threading.Condition())
    found.start()
    yield found
    found.stop()


def test_a_pod_that_came_while_a_list_was_on_its_way_is_not_missing(
    cluster: ReplayCluster, meanwhile: Meanwhile, looking: Sightings
) -> None:
    def come() -> None:
        cluster.add(pod(phase="Running"))
        wait_for(looking, "alpha", "Running")

    meanwhile.acts["pods"] = come
    looking.look_again()

    assert not looking.of("alpha").pod_gone


def test_what_a_watch_has_shown_is_not_undone_by_an_older_list(
    cluster: ReplayCluster, meanwhile: Meanwhile, looking: Sightings
) -> None:
    cluster.add(pod(phase="Running"))
    wait_for(looking, "alpha", "Running")

    def end() -> None:
        cluster.add(pod(phase="Succeeded"))
        wait_for(looking, "alpha", "Succeeded")

    meanwhile.acts["pods"] = end
    looking.look_again()

    wait_for(looking, "alpha", "Succeeded")


def test_a_pod_that_went_unseen_is_missed_by_the_next_look(
    cluster: ReplayCluster, meanwhile: Meanwhile, looking: Sightings
) -> None:
    cluster.add(pod(phase="Running"))
    wait_for(looking, "alpha", "Running")
    looking.stop()
    cluster.remove(pod())

    looking.look_again()

    assert looking.of("alpha").pod_gone
    assert not meanwhile.acts


def _name(sightings: Sightings) -> str:
    found = sightings.of("alpha").pod
    return str(found["metadata"]["name"]) if found else ""


@pytest.mark.parametrize("resource", [JOBS, PODS], ids=["jobs", "pods"])
def test_a_watch_that_is_forbidden_is_told_to_those_who_wait(
    cluster: ReplayCluster, sightings: Sightings, resource: object
) -> None:
    plural = "jobs" if resource is JOBS else "pods"
    cluster.faults.append(Fault(verb="watch", resource=plural, status=403, message="no"))

    sightings.start()

    with sightings.changed:
        assert sightings.changed.wait_for(lambda: sightings.failure is not None, WAIT_S)

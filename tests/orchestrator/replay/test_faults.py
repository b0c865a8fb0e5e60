"""Errors on demand."""

import pytest
import urllib3

from orchestrator.replay import Fault, ReplayCluster
from tests.contract.http import Server
from tests.orchestrator.replay.conftest import Serve

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster()


@pytest.fixture
def server(cluster: ReplayCluster, serve: Serve) -> Server:
    return serve(cluster)


def test_answers_with_the_error(cluster: ReplayCluster, server: Server) -> None:
    cluster.faults.append(Fault(verb="list", resource="pods", status=500, message="broken"))
    reply = server.get(PODS)

    assert (reply.status, reply.body["reason"]) == (500, "InternalError")
    assert reply.message == "broken"
    assert server.get(f"{PODS}/x").status == 404


def test_happens_so_many_times(cluster: ReplayCluster, server: Server) -> None:
    cluster.faults.append(Fault(status=503, times=2))

    assert [server.get(PODS).status for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Fault(resource="pods"), True),
        (Fault(resource="nodes"), False),
        (Fault(namespace="default"), True),
        (Fault(namespace="other"), False),
        (Fault(user="admin"), True),
        (Fault(user="somebody"), False),
        (Fault(name="x"), False),
        (Fault(verb="watch"), False),
    ],
)
def test_matches_what_it_names(
    cluster: ReplayCluster, server: Server, fault: Fault, hit: bool
) -> None:
    cluster.faults.append(fault)

    assert (server.get(PODS).status == 500) is hit


def test_names_a_group_or_a_subresource(cluster: ReplayCluster, server: Server) -> None:
    cluster.faults += [Fault(resource="jobs.batch"), Fault(resource="pods/log", status=504)]

    assert server.get("/apis/batch/v1/jobs").status == 500
    assert server.get(f"{PODS}/x/log").status == 504
    assert server.get(f"{PODS}/x").status == 404


def test_says_when_to_come_back(cluster: ReplayCluster, server: Server) -> None:
    cluster.faults.append(Fault(status=429, retry_after_s=7))
    answer = server.pool.request("GET", server.url + PODS, headers=server.headers)

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


def test_hangs_up(cluster: ReplayCluster, server: Server) -> None:
    cluster.faults.append(Fault(drop=True, times=1))

    with pytest.raises(urllib3.exceptions.HTTPError):
        server.get(PODS)
    assert server.get(PODS).status == 200


def test_only_delays(cluster: ReplayCluster, server: Server) -> None:
    cluster.faults.append(Fault(status=None, delay_s=0.01))

    assert server.get(PODS).status == 200

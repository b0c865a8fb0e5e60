"""Recorded answers."""

import pytest

from orchestrator.replay import ReplayCluster, Reply, ReplyRequest, ReplyResponse
from tests.contract.http import Json, Server
from tests.orchestrator.replay.conftest import Serve

PROXY = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query"
PROMETHEUS: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "prometheus", "namespace": "monitoring"},
    "spec": {"ports": [{"name": "web", "port": 9090}]},
}


@pytest.fixture
def server(serve: Serve) -> Server:
    replies = [
        Reply(
            request=ReplyRequest(path=PROXY, query={"query": "up"}),
            response=ReplyResponse(document={"status": "success"}),
        ),
        Reply(
            request=ReplyRequest(path=PROXY),
            response=ReplyResponse(status=400, body="bad query"),
        ),
    ]
    return serve(ReplayCluster([PROMETHEUS], replies=replies))


def test_the_one_that_names_most_of_the_query_wins(server: Server) -> None:
    reply = server.get(PROXY, query="up", time="1")

    assert (reply.status, reply.body) == (200, {"status": "success"})


def test_the_rest_has_the_general_answer(server: Server) -> None:
    reply = server.get(PROXY, query="down")

    assert (reply.status, reply.body) == (400, "bad query")


def test_needs_the_right_to_ask(server: Server) -> None:
    assert server.get(PROXY, user="somebody").status == 403


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("nope:9090", 404, 'services "nope" not found'),
        ("prometheus:1", 503, 'no service port 1 found for service "prometheus"'),
        ("http:prometheus:web", 501, "the replay cluster does not emulate GET "),
    ],
)
def test_what_was_not_recorded_is_said(
    server: Server, target: str, status: int, message: str
) -> None:
    path = f"/api/v1/namespaces/monitoring/services/{target}/proxy/metrics"
    reply = server.get(path)

    assert (reply.status, reply.message.startswith(message)) == (status, True), reply

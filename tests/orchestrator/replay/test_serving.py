"""Servers of a cluster: errors on demand, the record of requests, and an end without remains."""

import socket
import tempfile
import threading
from pathlib import Path

import pytest
import urllib3

from orchestrator.replay import ReplayCluster
from orchestrator.replay.api.server import Listener
from tests.contract.conftest import eventually
from tests.contract.http import Json, Server, replay_server
from tests.fakes.objects import node
from tests.orchestrator.replay.conftest import Serve

PODS = "/api/v1/namespaces/default/pods"
PROXY = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query"
PROMETHEUS: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "prometheus", "namespace": "monitoring"},
    "spec": {"ports": [{"name": "web", "port": 9090}]},
}


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster([node("node-1")])


@pytest.fixture
def server(cluster: ReplayCluster, serve: Serve) -> Server:
    return serve(cluster)


def test_starts_and_stops_without_leaving_threads(cluster: ReplayCluster) -> None:
    before = set(threading.enumerate())
    for _ in range(5):
        with replay_server(cluster) as server:
            server.get(PODS)

    eventually(lambda: set(threading.enumerate()) <= before)


def test_leaves_no_files(
    cluster: ReplayCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with replay_server(cluster):
        assert list(tmp_path.iterdir())

    assert list(tmp_path.iterdir()) == []


def test_many_clusters_live_side_by_side(serve: Serve) -> None:
    servers = [serve(ReplayCluster([node(f"node-{number}")])) for number in range(5)]
    names = [server.get("/api/v1/nodes").items[0]["metadata"]["name"] for server in servers]

    assert names == [f"node-{number}" for number in range(5)]


def test_a_server_stops_although_somebody_watches(cluster: ReplayCluster) -> None:
    with urllib3.PoolManager(retries=False) as pool, replay_server(cluster) as server:
        answer = pool.request(
            "GET",
            f"{server.url}{PODS}?watch=1",
            headers=server.headers,
            preload_content=False,
        )
    answer.close()

    assert answer.status == 200


def test_watches_end_properly_when_told(cluster: ReplayCluster) -> None:
    with cluster.serve() as served, urllib3.PoolManager(retries=False) as pool:
        headers = {"Authorization": f"Bearer {served.token()}"}
        url = f"{served.url}{PODS}?watch=1"
        watch = pool.request("GET", url, headers=headers, preload_content=False)
        served.end_watches()

        assert watch.read() == b""
        assert pool.request("GET", served.url + PODS, headers=headers).status == 200


def test_connections_drop_when_told(cluster: ReplayCluster) -> None:
    with cluster.serve() as served, urllib3.PoolManager(retries=False) as pool:
        headers = {"Authorization": f"Bearer {served.token()}"}
        url = f"{served.url}{PODS}?watch=1"
        watch = pool.request("GET", url, headers=headers, preload_content=False)
        served.drop_connections()

        with pytest.raises(urllib3.exceptions.ProtocolError):
            watch.read()


def test_a_server_goes_away_although_a_process_being_started_has_its_socket(
    cluster: ReplayCluster,
) -> None:
    listener = Listener(cluster.state)
    copied = listener.socket.dup()  # as a fork has it until it becomes another program
    listener.start()
    try:
        listener.go_away(60.0)
        eventually(lambda: refused(listener))
        listener.come_back()
        eventually(lambda: not refused(listener))
    finally:
        copied.close()
        listener.stop()


def refused(listener: Listener) -> bool:
    """Whether nobody listens at that address."""
    try:
        with urllib3.PoolManager(retries=False) as pool:
            pool.request("GET", f"http://{listener.address}/version", timeout=10.0)
    except urllib3.exceptions.NewConnectionError:
        return True
    except urllib3.exceptions.ProtocolError:  # one of the connections that were dropped
        return False
    return False


def test_a_cluster_keeps_its_objects_from_one_server_to_the_next(cluster: ReplayCluster) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    with replay_server(cluster) as server:
        server.post(path, {"metadata": {"name": "cm"}})
    with replay_server(cluster) as server:
        assert server.get(f"{path}/cm").status == 200


def test_the_kubeconfig_is_for_its_owner_only(cluster: ReplayCluster, tmp_path: Path) -> None:
    with cluster.serve() as served:
        path = served.write_kubeconfig(tmp_path / "kubeconfig")

        assert path.stat().st_mode & 0o777 == 0o600
        assert served.url in path.read_text()


def test_a_kubeconfig_appears_whole(cluster: ReplayCluster, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("an old one, for everybody")
    path.chmod(0o644)
    with cluster.serve() as served, path.open() as being_read:
        served.write_kubeconfig(path)

        assert being_read.read() == "an old one, for everybody"
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_account_has_a_kubeconfig_of_its_own(cluster: ReplayCluster) -> None:
    with cluster.serve() as served, urllib3.PoolManager() as pool:
        config = served.kubeconfig("system:serviceaccount:default:default")
        headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        reply = pool.request("GET", f"{served.url}/api/v1/nodes", headers=headers).json()

    assert 'User "system:serviceaccount:default:default" cannot list' in reply["message"]


def test_a_cluster_that_is_served_is_not_served_again(cluster: ReplayCluster) -> None:
    with cluster.serve(), pytest.raises(RuntimeError, match="is served already"):
        cluster.serve().__enter__()

    with cluster.serve():  # free again
        pass


def test_a_server_that_cannot_begin_leaves_the_cluster_free(cluster: ReplayCluster) -> None:
    with ReplayCluster().serve() as other:
        port = int(other.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            cluster.serve(port=port).__enter__()

    with cluster.serve():
        pass


def test_a_watch_whose_time_is_up_still_gives_what_has_happened(server: Server) -> None:
    since = server.get(PODS).body["metadata"]["resourceVersion"]
    server.post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "cm"}})

    # As when the thread that serves it slept through its time.
    path, over = "/api/v1/namespaces/default/configmaps", "-1"
    events = server.watch(path, resourceVersion=since, timeoutSeconds=over)

    assert [event["object"]["metadata"]["name"] for event in events] == ["cm"]


def test_a_token_may_stand_in_the_address(cluster: ReplayCluster) -> None:
    with cluster.serve() as served, urllib3.PoolManager() as pool:
        address = served.kubectl_config()["clusters"][0]["cluster"]["server"]

        assert pool.request("GET", f"{address}/api/v1/nodes").status == 200
        assert pool.request("GET", f"{served.url}/api/v1/nodes").status == 403
        assert pool.request("GET", f"{served.url}/token/guessed/api/v1/nodes").status == 401
        assert cluster.requests[0].path == "/api/v1/nodes"


def test_serves_on_the_port_that_it_is_given(cluster: ReplayCluster) -> None:
    with cluster.serve() as first:
        port = int(first.url.rpartition(":")[2])
    with cluster.serve(port=port) as second:
        assert second.url == f"http://127.0.0.1:{port}"


def test_a_token_ends_with_its_account(server: Server) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    server.post(accounts, {"metadata": {"name": "a"}})
    token = server.post(f"{accounts}/a/token", {}).body["status"]["token"]
    server.call("DELETE", f"{accounts}/a")

    assert server.call_with_token(token, "/api").status == 401


class TestRequests:
    """The record of what was asked."""

    def test_says_who_asked_what_and_what_came_back(
        self, cluster: ReplayCluster, server: Server
    ) -> None:
        server.get(f"{PODS}/x/log", user="somebody", container="c")
        last = cluster.requests[-1]

        assert (last.method, last.path, last.query) == ("GET", f"{PODS}/x/log", "container=c")
        assert (last.user, last.status) == ("somebody", 403)
        assert (last.action.verb, last.action.title) == ("get", "pods/log")
        assert (last.action.namespace, last.action.name) == ("default", "x")

    @pytest.mark.parametrize(
        ("method", "path", "verb"),
        [
            ("GET", PODS, "list"),
            ("GET", f"{PODS}?watch=1&timeoutSeconds=1", "watch"),
            ("GET", f"{PODS}/x", "get"),
            ("POST", PODS, "create"),
            ("PUT", f"{PODS}/x", "update"),
            ("PATCH", f"{PODS}/x", "patch"),
            ("DELETE", f"{PODS}/x", "delete"),
            ("DELETE", PODS, "deletecollection"),
            ("GET", "/api", "get"),
        ],
    )
    def test_names_the_verb(
        self, cluster: ReplayCluster, server: Server, method: str, path: str, verb: str
    ) -> None:
        server.call(method, path, {})

        assert cluster.requests[-1].action.verb == verb


class TestChangesFromOutside:
    """What tests do to a cluster behind the API's back."""

    def test_watches_see_what_is_added_and_removed(
        self, cluster: ReplayCluster, server: Server
    ) -> None:
        start = server.get("/api/v1/nodes").body["metadata"]["resourceVersion"]
        cluster.add(node("node-2"))
        cluster.add(node("node-2", extra="label"))
        cluster.remove(node("node-2"))
        events = server.watch("/api/v1/nodes", 3, resourceVersion=start)

        assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]

    def test_a_compacted_past_is_gone(self, cluster: ReplayCluster, server: Server) -> None:
        start = server.get(PODS).body["metadata"]["resourceVersion"]
        cluster.add(node("node-2"))
        cluster.compact()
        events = server.watch(PODS, 1, resourceVersion=start)
        status = events[0]["object"]

        assert (events[0]["type"], status["code"], status["reason"]) == ("ERROR", 410, "Expired")
        assert status["message"].startswith(f"too old resource version: {start} (")

    def test_a_page_of_a_compacted_list_is_gone(
        self, cluster: ReplayCluster, server: Server
    ) -> None:
        cluster.add(node("node-2"))
        page = server.get("/api/v1/nodes", limit="1").body
        cluster.add(node("node-3"))
        cluster.compact()
        reply = server.get("/api/v1/nodes", **{"continue": page["metadata"]["continue"]})

        assert (reply.status, reply.body["reason"]) == (410, "Expired")
        assert reply.message.startswith("The provided continue parameter is too old to display")

        fresh = reply.body["metadata"]["continue"]
        rest = server.get("/api/v1/nodes", **{"continue": fresh}).items
        assert [item["metadata"]["name"] for item in rest] == ["node-2", "node-3"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{PODS}/x/exec", None),
        ("POST", f"{PODS}/x/eviction", {}),
        ("GET", "/openapi/v2", None),
        ("POST", "/apis/events.k8s.io/v1/namespaces/default/events", {"metadata": {"name": "e"}}),
        ("POST", "/apis/apps/v1/namespaces/default/statefulsets", {"metadata": {"name": "s"}}),
        (
            "POST",
            "/api/v1/namespaces/default/resourcequotas",
            {"metadata": {"name": "q"}, "spec": {"scopes": ["PriorityClass"]}},
        ),
        (
            "POST",
            PODS,
            {
                "metadata": {"name": "p"},
                "spec": {
                    "containers": [{"name": "c", "image": "i"}],
                    "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
                },
            },
        ),
    ],
    ids=["exec", "eviction", "schemas", "new-events", "stateful-set", "scopes", "host-path"],
)
def test_what_is_not_emulated_is_said(
    server: Server, method: str, path: str, body: Json | None
) -> None:
    reply = server.call(method, path, body)

    assert (reply.status, reply.body["reason"]) == (501, "NotImplemented")
    assert reply.message.startswith("the replay cluster does not emulate ")


def test_a_request_that_was_cut_off_asks_for_nothing(cluster: ReplayCluster) -> None:
    """Without its options the deletion of a Job would leave the Job's pods behind."""
    nodes = "/api/v1/nodes"
    with replay_server(cluster) as server:
        host, port = server.url.removeprefix("http://").split(":")
        head = f"DELETE {nodes}/node-1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n"
        token = f"Authorization: {server.headers['Authorization']}\r\n\r\n"
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(f"{head}{token}{{".encode())
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(1) == b""

        assert server.get(f"{nodes}/node-1").status == 200

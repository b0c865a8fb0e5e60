"""ResourceQuota: what a namespace may use."""

import time

import pytest

from tests.contract.conftest import SETTLE_S, eventually
from tests.contract.http import Json, Reply, Server
from tests.contract.pods import NOWHERE, container, job, pod
from tests.contract.test_objects import config_map

HARD = {
    "pods": "2",
    "requests.cpu": "1",
    "limits.memory": "1Gi",
    "configmaps": "2",
    "count/jobs.batch": "1",
    "requests.nvidia.com/gpu": "1",
}
AT_ONCE = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}


def sized(name: str, cpu: str = "500m", memory: str = "512Mi", **limits: str) -> Json:
    resources = {"requests": {"cpu": cpu}, "limits": {"memory": memory, **limits}}
    return pod(name, container(resources=resources), nodeSelector=NOWHERE)


@pytest.fixture
def limited(server: Server, home: str) -> str:
    """A namespace with a quota that is being counted."""
    eventually(lambda: server.get(f"{home}/configmaps/kube-root-ca.crt").status == 200)
    quota = {"metadata": {"name": "q"}, "spec": {"hard": HARD}}
    assert server.post(f"{home}/resourcequotas", quota).status == 201
    await_used(server, home, configmaps="1")
    require_refusal(server, f"{home}/pods", pod("p"), "must specify", "?dryRun=All")
    return home


def await_used(server: Server, home: str, **expected: str) -> Json:
    def look() -> Json | None:
        status = server.get(f"{home}/resourcequotas/q").body["status"]
        used = status.get("used") or {}
        return dict(status) if expected.items() <= used.items() else None

    return dict(eventually(look))


def require_refusal(server: Server, path: str, body: Json, words: str, query: str = "") -> Reply:
    """The quota refuses an object in these words, by and by.

    Its controller may write a count from before it heard of an object that admission has counted,
    and counts again when something goes: so what was admitted all the same comes and goes.
    """
    end = time.monotonic() + SETTLE_S
    while (reply := server.post(path + query, body)).status != 403 or words not in reply.message:
        assert time.monotonic() < end, reply
        if query:
            server.post(path, body)
        server.call("DELETE", f"{path}/{body['metadata']['name']}", AT_ONCE)
        time.sleep(0.05)
    assert reply.body["reason"] == "Forbidden"
    return reply


def require_pod_refusal(server: Server, home: str, body: Json, words: str) -> None:
    name = body["metadata"]["name"]
    reply = require_refusal(server, f"{home}/pods", body, words)
    assert reply.message == f'pods "{name}" is forbidden: {words}'


def test_shows_what_is_used(server: Server, limited: str) -> None:
    status = server.get(f"{limited}/resourcequotas/q").body["status"]

    assert status["hard"] == HARD
    assert status["used"] == {**dict.fromkeys(HARD, "0"), "configmaps": "1"}


def test_counts_what_comes_and_goes(server: Server, limited: str) -> None:
    counted = {"pods": "1", "requests.cpu": "500m", "limits.memory": "512Mi"}

    def come() -> bool:
        server.post(f"{limited}/pods", sized("p"))
        used = server.get(f"{limited}/resourcequotas/q").body["status"]["used"]
        if counted.items() <= used.items():
            return True
        server.call("DELETE", f"{limited}/pods/p", AT_ONCE)  # so that it is counted again
        return False

    eventually(come)
    server.call("DELETE", f"{limited}/pods/p", AT_ONCE)

    assert await_used(server, limited, **{"pods": "0", "limits.memory": "0"})


def test_a_pod_must_say_what_it_needs(server: Server, limited: str) -> None:
    words = "failed quota: q: must specify limits.memory for: c; requests.cpu for: c"
    require_pod_refusal(server, limited, pod("p"), words)


def test_a_pod_may_be_too_large(server: Server, limited: str) -> None:
    words = (
        "exceeded quota: q, requested: limits.memory=2Gi,requests.cpu=2, "
        "used: limits.memory=0,requests.cpu=0, limited: limits.memory=1Gi,requests.cpu=1"
    )
    require_pod_refusal(server, limited, sized("p", cpu="2", memory="2Gi"), words)


def test_devices_are_counted_by_their_limits(server: Server, limited: str) -> None:
    words = (
        "exceeded quota: q, requested: requests.nvidia.com/gpu=2, "
        "used: requests.nvidia.com/gpu=0, limited: requests.nvidia.com/gpu=1"
    )
    require_pod_refusal(server, limited, sized("p", **{"nvidia.com/gpu": "2"}), words)


def test_what_others_use_is_gone(server: Server, limited: str) -> None:
    assert server.post(f"{limited}/pods", sized("p")).status == 201

    words = (
        "exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, "
        "limited: requests.cpu=1"
    )
    require_pod_refusal(server, limited, sized("q", cpu="600m", memory="1Mi"), words)


@pytest.mark.parametrize("query", ["", "?dryRun=All"])
def test_counts_objects(server: Server, limited: str, query: str) -> None:
    assert server.post(f"{limited}/configmaps", config_map("a")).status == 201

    words = (
        'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, '
        "used: configmaps=2, limited: configmaps=2"
    )
    reply = require_refusal(server, f"{limited}/configmaps", config_map("b"), words, query)
    assert reply.message == words
    assert reply.body["details"] == {"name": "b", "kind": "configmaps"}


@pytest.mark.usefixtures("limited")
def test_counts_objects_of_any_kind(server: Server, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    assert server.post(path, job("a")).status == 201

    words = (
        'jobs.batch "b" is forbidden: exceeded quota: q, requested: count/jobs.batch=1, '
        "used: count/jobs.batch=1, limited: count/jobs.batch=1"
    )
    assert require_refusal(server, path, job("b"), words).message == words


def test_a_jobs_pods_are_refused_in_events(server: Server, limited: str, namespace: str) -> None:
    wanted = job("a", container(resources={"requests": {"cpu": "2"}, "limits": {"memory": "1Mi"}}))
    server.post(f"/apis/batch/v1/namespaces/{namespace}/jobs", wanted)
    events = eventually(
        lambda: [e for e in server.get(f"{limited}/events").items if e["reason"] == "FailedCreate"]
    )

    assert events[0]["message"].startswith('Error creating: pods "a-')
    assert "is forbidden: exceeded quota: q, requested: requests.cpu=2" in events[0]["message"]


def test_scopes_choose_pods(server: Server, home: str) -> None:
    spec = {"hard": {"pods": "0"}, "scopes": ["BestEffort"]}
    server.post(f"{home}/resourcequotas", {"metadata": {"name": "q"}, "spec": spec})
    await_used(server, home, pods="0")

    require_refusal(server, f"{home}/pods", pod("p"), "exceeded quota: q, requested: pods=1")
    assert server.post(f"{home}/pods", sized("q")).status == 201

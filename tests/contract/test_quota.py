"""ResourceQuota: what a namespace may use."""

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import Json, Server
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
    return home


def await_used(server: Server, home: str, **expected: str) -> Json:
    def look() -> Json | None:
        status = server.get(f"{home}/resourcequotas/q").body["status"]
        used = status.get("used") or {}
        return dict(status) if expected.items() <= used.items() else None

    return dict(eventually(look))


def refused(server: Server, home: str, body: Json) -> str:
    reply = server.post(f"{home}/pods", body)
    assert (reply.status, reply.body["reason"]) == (403, "Forbidden"), reply
    return reply.message.removeprefix(f'pods "{body["metadata"]["name"]}" is forbidden: ')


def test_shows_what_is_used(server: Server, limited: str) -> None:
    status = server.get(f"{limited}/resourcequotas/q").body["status"]

    assert status["hard"] == HARD
    assert status["used"] == {**dict.fromkeys(HARD, "0"), "configmaps": "1"}


def test_counts_what_comes_and_goes(server: Server, limited: str) -> None:
    server.post(f"{limited}/pods", sized("p"))
    await_used(server, limited, **{"pods": "1", "requests.cpu": "500m", "limits.memory": "512Mi"})
    server.call("DELETE", f"{limited}/pods/p?gracePeriodSeconds=0")

    assert await_used(server, limited, **{"pods": "0", "limits.memory": "0"})


def test_a_pod_must_say_what_it_needs(server: Server, limited: str) -> None:
    assert refused(server, limited, pod("p")) == (
        "failed quota: q: must specify limits.memory for: c; requests.cpu for: c"
    )


def test_a_pod_may_be_too_large(server: Server, limited: str) -> None:
    assert refused(server, limited, sized("p", cpu="2", memory="2Gi")) == (
        "exceeded quota: q, requested: limits.memory=2Gi,requests.cpu=2, "
        "used: limits.memory=0,requests.cpu=0, limited: limits.memory=1Gi,requests.cpu=1"
    )


def test_devices_are_counted_by_their_limits(server: Server, limited: str) -> None:
    assert refused(server, limited, sized("p", **{"nvidia.com/gpu": "2"})) == (
        "exceeded quota: q, requested: requests.nvidia.com/gpu=2, "
        "used: requests.nvidia.com/gpu=0, limited: requests.nvidia.com/gpu=1"
    )


def test_what_others_use_is_gone(server: Server, limited: str) -> None:
    server.post(f"{limited}/pods", sized("p"))

    assert refused(server, limited, sized("q", cpu="600m")) == (
        "exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, "
        "limited: requests.cpu=1"
    )


@pytest.mark.parametrize("query", ["", "?dryRun=All"])
def test_counts_objects(server: Server, limited: str, query: str) -> None:
    assert server.post(f"{limited}/configmaps", config_map("a")).status == 201
    reply = server.post(f"{limited}/configmaps{query}", config_map("b"))

    assert reply.status == 403
    assert reply.message == (
        'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, '
        "used: configmaps=2, limited: configmaps=2"
    )
    assert reply.body["details"] == {"name": "b", "kind": "configmaps"}


@pytest.mark.usefixtures("limited")
def test_counts_objects_of_any_kind(server: Server, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    assert server.post(path, job("a")).status == 201
    reply = server.post(path, job("b"))

    assert reply.message == (
        'jobs.batch "b" is forbidden: exceeded quota: q, requested: count/jobs.batch=1, '
        "used: count/jobs.batch=1, limited: count/jobs.batch=1"
    )


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

    assert refused(server, home, pod("p")).startswith("exceeded quota: q, requested: pods=1")
    assert server.post(f"{home}/pods", sized("q")).status == 201

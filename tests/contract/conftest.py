"""Each test runs against the replay cluster, and with `-m e2e` against the real one."""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.replay import ReplayCluster
from tests.contract.http import Server, real_server, replay_server
from tests.contract.rights import RBAC, review, role_ref

SETTLE_S = 60.0

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-1", "labels": {"kubernetes.io/hostname": "node-1"}},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}


@pytest.fixture(scope="session", params=["replay", pytest.param("real", marks=pytest.mark.e2e)])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An API server with its admin."""
    if request.param == "replay":
        with replay_server(ReplayCluster([NODE])) as replay:
            yield replay
    else:
        with real_server() as real:
            yield real


@pytest.fixture(scope="session")
def node(server: Server) -> str:
    """The name of a node that is none of KWOK's, which come and go."""
    found = server.get("/api/v1/nodes", labelSelector="type!=kwok").items
    return str(found[0]["metadata"]["name"])


@pytest.fixture
def namespace(server: Server) -> Iterator[str]:
    """A namespace of the test's own, with its default ServiceAccount."""
    name = f"aicr-contract-{secrets.token_hex(4)}"
    created = server.post("/api/v1/namespaces", {"metadata": {"name": name}})
    assert created.status == 201, created
    path = f"/api/v1/namespaces/{name}"
    eventually(lambda: server.get(f"{path}/serviceaccounts/default").status == 200)
    yield name
    assert server.call("DELETE", path).status == 200


@pytest.fixture
def home(namespace: str) -> str:
    """The path of the test's namespace in the core API."""
    return f"/api/v1/namespaces/{namespace}"


def eventually(probe: Callable[[], Any]) -> Any:
    """Give the first true value of a probe."""
    end = time.monotonic() + SETTLE_S
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def user(namespace: str) -> str:
    """A ServiceAccount of the test's namespace, without rights."""
    return f"system:serviceaccount:{namespace}:default"


@pytest.fixture
def grant(server: Server, namespace: str, user: str) -> Any:
    """Give the ServiceAccount rules in its namespace, and wait until they count."""

    def give(*rules: dict[str, Any]) -> None:
        roles = f"{RBAC}/namespaces/{namespace}"
        server.post(f"{roles}/roles", {"metadata": {"name": "granted"}, "rules": list(rules)})
        subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
        binding = {
            "metadata": {"name": "granted"},
            "roleRef": role_ref("granted"),
            "subjects": [subject],
        }
        assert server.post(f"{roles}/rolebindings", binding).status == 201
        attributes = {
            "verb": rules[-1]["verbs"][0],
            "group": rules[-1]["apiGroups"][0],
            "resource": rules[-1]["resources"][0],
            "name": (rules[-1].get("resourceNames") or [""])[0],
            "namespace": namespace,
        }
        eventually(lambda: review(server, attributes, user)["allowed"])

    return give

"""The scale subresource of workloads, built in and custom."""

import secrets
from collections.abc import Iterator

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import JSON_PATCH, MERGE, Server
from tests.contract.pods import NOWHERE, pod
from tests.contract.test_custom_resources import CRDS, definition


@pytest.fixture
def scale(server: Server, namespace: str) -> str:
    """The path of the scale of a Deployment."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    template = {**pod(nodeSelector=NOWHERE), "metadata": {"labels": {"a": "b"}}}
    del template["spec"]["restartPolicy"]
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    assert server.post(path, {"metadata": {"name": "d"}, "spec": spec}).status == 201
    return f"{path}/d/scale"


def test_shows_replicas_and_selector(server: Server, scale: str, namespace: str) -> None:
    body = server.get(scale).body

    assert (body["apiVersion"], body["kind"]) == ("autoscaling/v1", "Scale")
    assert (body["metadata"]["name"], body["metadata"]["namespace"]) == ("d", namespace)
    assert (body["spec"], body["status"]) == ({}, {"replicas": 0, "selector": "a=b"})


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        (MERGE, {"spec": {"replicas": 2}}),
        (JSON_PATCH, [{"op": "add", "path": "/spec/replicas", "value": 2}]),
    ],
)
def test_a_patch_sets_the_replicas(server: Server, scale: str, media: str, patch: object) -> None:
    reply = server.call("PATCH", scale, patch, media=media)
    workload = server.get(scale.removesuffix("/scale")).body

    assert (reply.status, reply.body["spec"]) == (200, {"replicas": 2})
    assert (workload["spec"]["replicas"], workload["metadata"]["generation"]) == (2, 2)


def test_an_update_sets_the_replicas(server: Server, scale: str) -> None:
    wanted = {**server.get(scale).body, "spec": {"replicas": 1}}
    del wanted["metadata"]["resourceVersion"]
    reply = server.call("PUT", scale, wanted)

    assert (reply.status, reply.body["spec"]) == (200, {"replicas": 1})


def test_refuses_an_older_version(server: Server, scale: str) -> None:
    wanted = server.get(scale).body
    wanted["metadata"]["resourceVersion"] = "1"
    reply = server.call("PUT", scale, wanted)

    assert reply.status == 409
    assert reply.message.startswith('Operation cannot be fulfilled on deployments.apps "d": ')


def test_refuses_less_than_nothing(server: Server, scale: str) -> None:
    reply = server.call("PATCH", scale, {"spec": {"replicas": -2}}, media=MERGE)

    assert reply.status == 422
    assert reply.message == (
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -2: '
        "must be greater than or equal to 0"
    )


def test_cannot_be_deleted(server: Server, scale: str) -> None:
    assert server.call("DELETE", scale).status == 405


def test_of_a_missing_workload(server: Server, scale: str) -> None:
    reply = server.get(scale.replace("/d/", "/nope/"))

    assert (reply.status, reply.message) == (404, 'deployments.apps "nope" not found')


@pytest.fixture
def widget(server: Server, namespace: str) -> Iterator[str]:
    """The path of a custom resource with a scale of its own."""
    group = f"{secrets.token_hex(4)}.aicr-scale.example.com"
    made = definition(group)
    for version in made["spec"]["versions"]:
        version["subresources"]["scale"] = {
            "specReplicasPath": ".spec.size",
            "statusReplicasPath": ".status.size",
        }
    assert server.post(CRDS, made).status == 201
    path = f"/apis/{group}/v1/namespaces/{namespace}/widgets"
    eventually(lambda: server.get(path).status == 200)
    body = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}}
    eventually(lambda: server.post(path, {**body, "spec": {"size": 3}}).status == 201)
    yield f"{path}/w"
    server.call("DELETE", f"{CRDS}/widgets.{group}")


def test_of_a_custom_resource(server: Server, widget: str) -> None:
    before = server.get(f"{widget}/scale").body
    server.call("PATCH", f"{widget}/scale", {"spec": {"replicas": 5}}, media=MERGE)

    assert before["spec"] == {"replicas": 3}
    assert server.get(widget).body["spec"]["size"] == 5

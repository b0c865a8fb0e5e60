import re

import pytest

from tests.contract.http import Server


def test_says_its_version(server: Server) -> None:
    version = server.get("/version").body

    assert re.fullmatch(r"v\d+\.\d+\.\d+.*", version["gitVersion"])
    assert version["gitVersion"].startswith(f"v{version['major']}.{version['minor']}")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_says_that_it_is_well(server: Server, path: str) -> None:
    reply = server.get(path)

    assert (reply.status, reply.body) == (200, "ok")


def test_lists_the_core_version(server: Server) -> None:
    body = server.get("/api").body

    assert (body["kind"], body["versions"]) == ("APIVersions", ["v1"])


def test_lists_groups_with_their_preferred_version(server: Server) -> None:
    groups = {group["name"]: group for group in server.get("/apis").body["groups"]}

    assert groups["autoscaling"]["preferredVersion"]["version"] == "v2"
    assert [v["version"] for v in groups["autoscaling"]["versions"]] == ["v2", "v1"]
    assert {"apps", "batch", "resource.k8s.io", "rbac.authorization.k8s.io"} <= set(groups)


def test_describes_one_group(server: Server) -> None:
    body = server.get("/apis/batch").body

    assert body["kind"] == "APIGroup"
    assert body["preferredVersion"] == {"groupVersion": "batch/v1", "version": "v1"}


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("/api/v1", "pods", {"kind": "Pod", "namespaced": True, "shortNames": ["po"]}),
        ("/api/v1", "nodes", {"kind": "Node", "namespaced": False, "shortNames": ["no"]}),
        ("/api/v1", "pods/log", {"kind": "Pod", "verbs": ["get"]}),
        ("/apis/batch/v1", "jobs", {"kind": "Job", "singularName": "job"}),
        ("/apis/batch/v1", "jobs/status", {"verbs": ["get", "patch", "update"]}),
        ("/apis/resource.k8s.io/v1", "resourceslices", {"namespaced": False}),
        (
            "/apis/authorization.k8s.io/v1",
            "selfsubjectaccessreviews",
            {"kind": "SelfSubjectAccessReview", "verbs": ["create"]},
        ),
    ],
)
def test_describes_resources(
    server: Server, path: str, name: str, expected: dict[str, object]
) -> None:
    body = server.get(path).body
    entry = next(entry for entry in body["resources"] if entry["name"] == name)

    assert body["kind"] == "APIResourceList"
    assert expected.items() <= entry.items()


@pytest.mark.parametrize(
    "path",
    [
        "/apis/not-served.example.com",
        "/apis/not-served.example.com/v1",
        "/apis/not-served.example.com/v1/things",
        "/nothing",
    ],
)
def test_answers_plain_text_for_what_is_not_served(server: Server, path: str) -> None:
    reply = server.get(path)

    assert (reply.status, reply.body) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/nodes",
        "/api/v1/namespaces/default/pods/x/nothing",
        "/api/v1/namespaces/default/configmaps/kube-root-ca.crt/status",
        "/api/v1/pods/x",
        "/api/v1/things",
        "/api/v2",
        "/apis/batch/v0",
        "/apis/batch/v0/jobs",
        "/apis/batch/v1/things",
    ],
)
def test_knows_the_group_but_not_what_is_asked_of_it(server: Server, path: str) -> None:
    reply = server.get(path)

    assert (reply.status, reply.body["reason"], reply.body["details"]) == (404, "NotFound", {})
    assert reply.message == "the server could not find the requested resource"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/pods"),
        ("POST", "/api/v1/namespaces/default/configmaps/x"),
        ("PUT", "/api/v1/namespaces/default/configmaps"),
        ("DELETE", "/api/v1/namespaces"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    ],
)
def test_refuses_methods_that_a_path_does_not_have(server: Server, method: str, path: str) -> None:
    reply = server.call(method, path, {"metadata": {"name": "x"}})

    assert (reply.status, reply.body["reason"]) == (405, "MethodNotAllowed")
    assert reply.message == "the server does not allow this method on the requested resource"

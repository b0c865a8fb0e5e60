import pytest

from helper.kinds import (
    BUILTIN,
    CLUSTER_ROLES,
    DEPLOYMENTS,
    NODES,
    PODS,
    Resource,
    builtin_by_kind,
)


@pytest.mark.parametrize(
    ("resource", "where", "path"),
    [
        (PODS, (), "/api/v1/pods"),
        (PODS, ("ns",), "/api/v1/namespaces/ns/pods"),
        (PODS, ("ns", "p"), "/api/v1/namespaces/ns/pods/p"),
        (PODS, ("ns", "p", "log"), "/api/v1/namespaces/ns/pods/p/log"),
        (DEPLOYMENTS, ("ns",), "/apis/apps/v1/namespaces/ns/deployments"),
        (NODES, (None, "n"), "/api/v1/nodes/n"),
        (NODES, ("ns", "n"), "/api/v1/nodes/n"),
    ],
    ids=["all", "namespace", "object", "subresource", "group", "cluster", "no-namespace-for-nodes"],
)
def test_every_object_has_its_path(resource: Resource, where: tuple[str], path: str) -> None:
    assert resource.path(*where) == path


def test_resources_are_written_as_kubectl_writes_them() -> None:
    assert (PODS.api_version, PODS.title) == ("v1", "pods")
    assert (DEPLOYMENTS.api_version, DEPLOYMENTS.title) == ("apps/v1", "deployments.apps")


def test_resources_are_found_by_what_stands_in_objects() -> None:
    assert BUILTIN["v1", "Pod"] is PODS
    assert BUILTIN["rbac.authorization.k8s.io/v1", "ClusterRole"] is CLUSTER_ROLES
    assert builtin_by_kind("Deployment") is DEPLOYMENTS
    assert builtin_by_kind("Gadget") is None


def test_no_two_resources_are_one() -> None:
    assert len({resource.path() for resource in BUILTIN.values()}) == len(BUILTIN)
    assert len({resource.kind for resource in BUILTIN.values()}) == len(BUILTIN)

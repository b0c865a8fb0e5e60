"""The example cluster agrees with itself: owners, counts, nodes and addresses tell one story."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from helper.nodes import Node, parse_node
from helper.resource import Json, condition_is, labels, name, namespace
from helper.scheduling import targets
from helper.workloads import health_of
from tests.example import identity, images_of, of_kind, read_objects

WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")


@pytest.fixture(scope="module")
def objects() -> list[Json]:
    return read_objects()


@pytest.fixture(scope="module")
def pods(objects: list[Json]) -> list[Json]:
    return of_kind(objects, "Pod")


@pytest.fixture(scope="module")
def nodes(objects: list[Json]) -> list[Node]:
    return [parse_node(obj) for obj in of_kind(objects, "Node")]


def test_no_object_stands_twice(objects: list[Json]) -> None:
    assert _more_than_once(identity(obj) for obj in objects) == []


def test_every_owner_exists(objects: list[Json]) -> None:
    known = {identity(obj) for obj in objects}
    lost = [
        (identity(obj), owner["name"])
        for obj in objects
        for owner in obj["metadata"].get("ownerReferences", [])
        if known.isdisjoint(
            (owner["apiVersion"], owner["kind"], place, owner["name"])
            for place in (namespace(obj), "")
        )
    ]

    assert lost == []


def test_every_namespace_exists_and_is_active(objects: list[Json]) -> None:
    active = {
        name(obj) for obj in of_kind(objects, "Namespace") if obj["status"]["phase"] == "Active"
    }

    assert {namespace(obj) for obj in objects} - {""} <= active


def test_every_definition_is_established(objects: list[Json]) -> None:
    definitions = of_kind(objects, "CustomResourceDefinition")

    assert definitions
    assert [name(obj) for obj in definitions if not condition_is(obj, "Established")] == []


def test_protected_api_groups_carry_their_approval(objects: list[Json]) -> None:
    """Without it a real API server refuses them."""
    protected = [
        obj
        for obj in of_kind(objects, "CustomResourceDefinition")
        if obj["spec"]["group"].endswith((".k8s.io", ".kubernetes.io"))
    ]

    assert protected
    for definition in protected:
        assert "api-approved.kubernetes.io" in definition["metadata"]["annotations"]


def test_there_is_no_secret(objects: list[Json]) -> None:
    assert of_kind(objects, "Secret") == []


def test_every_workload_is_healthy(objects: list[Json], nodes: list[Node]) -> None:
    sick = {
        name(obj): health.observed
        for obj in of_kind(objects, *WORKLOADS)
        if not (health := health_of(obj["kind"], obj, nodes)).ready
    }

    assert sick == {}


def test_a_status_counts_the_pods_that_exist(objects: list[Json], pods: list[Json]) -> None:
    selected = {
        identity(obj): len(_selected(pods, obj, obj["spec"]["selector"]["matchLabels"]))
        for obj in of_kind(objects, *WORKLOADS, "ReplicaSet")
    }
    counted = {identity(obj): _counts(obj) for obj in of_kind(objects, *WORKLOADS, "ReplicaSet")}

    assert counted == {key: {count} for key, count in selected.items()}


def test_a_daemon_set_has_a_pod_on_each_node_that_it_wants(
    objects: list[Json], pods: list[Json], nodes: list[Node]
) -> None:
    for item in of_kind(objects, "DaemonSet"):
        mine = _selected(pods, item, item["spec"]["selector"]["matchLabels"])
        wanted = sorted(node.name for node in nodes if targets(item, node))

        assert (name(item), sorted(_node(pod) for pod in mine)) == (name(item), wanted)


def test_a_pod_runs_the_images_of_its_workload(objects: list[Json], pods: list[Json]) -> None:
    for item in of_kind(objects, *WORKLOADS):
        wanted = images_of(item["spec"]["template"])
        for pod in _selected(pods, item, item["spec"]["selector"]["matchLabels"]):
            assert (name(pod), images_of(pod)) == (name(pod), wanted)


def test_a_running_pod_is_ready_and_a_finished_one_completed(pods: list[Json]) -> None:
    for pod in pods:
        health = health_of("Pod", pod)
        statuses = pod["status"]["containerStatuses"]

        assert (name(pod), health.ready) == (name(pod), True)
        assert [item["name"] for item in statuses] == [
            item["name"] for item in pod["spec"]["containers"]
        ]
        assert all(item["containerID"] for item in statuses)


def test_pods_stand_on_nodes_that_exist_with_addresses_of_their_own(
    pods: list[Json], nodes: list[Node]
) -> None:
    inside = [pod for pod in pods if not pod["spec"].get("hostNetwork")]

    assert {_node(pod) for pod in pods} == {node.name for node in nodes}
    assert _more_than_once(pod["status"]["podIP"] for pod in inside) == []


def test_every_service_account_of_a_pod_exists(objects: list[Json], pods: list[Json]) -> None:
    accounts = {(namespace(obj), name(obj)) for obj in of_kind(objects, "ServiceAccount")}

    assert {(namespace(pod), pod["spec"]["serviceAccountName"]) for pod in pods} <= accounts


def test_endpoints_are_the_addresses_of_the_selected_pods(
    objects: list[Json], pods: list[Json]
) -> None:
    endpoints = {
        (namespace(obj), labels(obj)["kubernetes.io/service-name"]): {
            endpoint["addresses"][0] for endpoint in obj["endpoints"]
        }
        for obj in of_kind(objects, "EndpointSlice")
    }
    addresses = {
        (namespace(obj), name(obj)): {
            pod["status"]["podIP"] for pod in _selected(pods, obj, obj["spec"]["selector"])
        }
        for obj in of_kind(objects, "Service")
    }

    assert endpoints == addresses
    assert all(addresses.values())


def _selected(pods: Iterable[Json], owner: Json, selector: dict[str, str]) -> list[Json]:
    return [
        pod
        for pod in pods
        if namespace(pod) == namespace(owner) and selector.items() <= labels(pod).items()
    ]


def _counts(workload: Json) -> set[int]:
    """The pods that a healthy workload's status counts, in all fields that do."""
    status = workload["status"]
    fields = {
        "DaemonSet": ("desiredNumberScheduled", "currentNumberScheduled", "numberReady"),
        "StatefulSet": ("replicas", "readyReplicas", "updatedReplicas"),
        "Deployment": ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"),
        "ReplicaSet": ("replicas", "readyReplicas", "availableReplicas"),
    }
    counted = {status[field] for field in fields[workload["kind"]]}
    return counted if workload["kind"] == "DaemonSet" else counted | {workload["spec"]["replicas"]}


def _node(pod: Json) -> str:
    return str(pod["spec"]["nodeName"])


def _more_than_once(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]

"""What a recording lacks is refused, and never looks like an empty cluster."""

from pathlib import Path

import pytest

from helper import contract
from orchestrator.replay import ReplayCluster
from tests.contract.http import Server
from tests.orchestrator.replay.conftest import Serve
from tests.orchestrator.replay.test_folder import CLUSTER, write

CONTENT = """
apiVersion: v1
kind: Namespace
metadata: {name: old}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: known, namespace: old}
"""
GAPS = """
gaps:
  - {resource: configmaps, status: 403, reason: not allowed}
  - {resource: leases.coordination.k8s.io, namespace: old, reason: not wanted}
  - {resource: horizontalpodautoscalers.autoscaling, version: v1, reason: recorded in v2}
"""
RUN = f"{contract.LABEL_RUN_ID}=x"
MAPS, OLD = "/api/v1/configmaps", "/api/v1/namespaces/old/configmaps"
LEASES = "/apis/coordination.k8s.io/v1"


@pytest.fixture
def server(tmp_path: Path, serve: Serve) -> Server:
    return serve(
        ReplayCluster.load(write(tmp_path, cluster=CLUSTER + GAPS, objects__content=CONTENT))
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (MAPS, 403),
        (OLD, 403),
        (f"{OLD}?watch=1", 403),
        (f"{OLD}/unknown", 403),
        (f"{OLD}/known", 200),
        (f"{MAPS}?labelSelector={RUN}", 200),
        ("/api/v1/pods", 200),
        (f"{LEASES}/leases", 501),
        (f"{LEASES}/namespaces/old/leases", 501),
        (f"{LEASES}/namespaces/default/leases", 200),
        ("/apis/autoscaling/v1/horizontalpodautoscalers", 501),
        ("/apis/autoscaling/v2/horizontalpodautoscalers", 200),
    ],
)
def test_reads_are_refused_where_something_is_missing(
    server: Server, path: str, status: int
) -> None:
    assert server.get(path).status == status


def test_a_refusal_says_why(server: Server) -> None:
    assert server.get(OLD).message == "configmaps is forbidden: not in this recording: not allowed"
    assert server.get(f"{LEASES}/leases").message == (
        "the replay cluster does not emulate list leases.coordination.k8s.io: "
        "not in this recording: not wanted"
    )


def test_what_is_made_here_is_known(server: Server) -> None:
    assert server.post("/api/v1/namespaces", {"metadata": {"name": "new"}}).status == 201
    new = "/api/v1/namespaces/new/configmaps"

    assert server.get(new).status == 200
    assert server.get(f"{new}/unknown").status == 404
    assert server.post(OLD, {"metadata": {"name": "mine"}}).status == 201
    assert server.get(f"{OLD}/mine").status == 200


def test_only_chosen_namespaces_are_known(tmp_path: Path, serve: Serve) -> None:
    head = f"{CLUSTER}namespaces: [old]\n"
    server = serve(ReplayCluster.load(write(tmp_path, cluster=head, objects__content=CONTENT)))

    assert server.get(OLD).status == 200
    assert server.get("/api/v1/namespaces").status == 200
    assert server.get("/api/v1/namespaces/default/configmaps").status == 501
    assert server.get(MAPS).message.endswith(
        "not in this recording: only these namespaces are: old"
    )


def test_a_recorded_server_serves_its_own_kinds(tmp_path: Path, serve: Serve) -> None:
    kinds = """
kinds:
  - {apiVersion: v1, kind: Pod, plural: pods, subresources: [log, status]}
  - {apiVersion: v1, kind: ServiceAccount, plural: serviceaccounts}
  - {apiVersion: metrics.k8s.io/v1beta1, kind: PodMetrics, plural: pods, verbs: [get, list]}
"""
    metric = "apiVersion: metrics.k8s.io/v1beta1\nkind: PodMetrics\nmetadata: {name: p}\n"
    server = serve(ReplayCluster.load(write(tmp_path, cluster=CLUSTER + kinds, objects__a=metric)))
    metrics = "/apis/metrics.k8s.io/v1beta1"

    assert [item["metadata"]["name"] for item in server.get(f"{metrics}/pods").items] == ["p"]
    assert server.post(f"{metrics}/namespaces/default/pods", {}).status == 405
    assert server.get("/api/v1/pods").items == []
    assert server.get("/apis/storage.k8s.io/v1/storageclasses").status == 404
    assert server.get("/apis/apps/v1/deployments").status == 200


def test_a_group_that_could_not_be_discovered_is_not_unserved(tmp_path: Path, serve: Serve) -> None:
    gap = "gaps: [{resource: '*.example.com', version: v1, reason: it was down}]\n"
    server = serve(ReplayCluster.load(write(tmp_path, cluster=CLUSTER + gap)))

    for path in ("/apis/example.com/v1", "/apis/example.com/v1/widgets"):
        assert (server.get(path).status, server.get(path).message) == (
            501,
            "the replay cluster does not emulate /apis/example.com/v1: it was down",
        )
    assert server.get("/apis/other.com/v1/widgets").status == 404

"""Client libraries of others find a cluster: the official one for Python, and kr8s."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch

from orchestrator.replay import ReplayCluster
from tests.fakes.objects import node
from tests.orchestrator.replay.conftest import IMAGE

PROGRAM = Path(__file__).parent / "with_kr8s.py"


@pytest.fixture(params=[False, True], ids=["token-in-header", "token-in-address"])
def kubeconfig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    cluster = ReplayCluster([node("node-1")], images={IMAGE: ["python"]})
    with cluster.serve() as server:
        path = tmp_path / "kubeconfig"
        yield server.write_kubeconfig(path, for_kubectl=request.param)


def job(code: str) -> dict[str, Any]:
    container = {"name": "main", "image": f"{IMAGE}:v1", "args": ["-c", code]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    spec = {"backoffLimit": 0, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}


class TestTheOfficialOne:
    """The package kubernetes."""

    @pytest.fixture
    def api(self, kubeconfig: Path) -> Iterator[Any]:
        with config.new_client_from_config(str(kubeconfig)) as made:
            yield made

    def test_watches_from_a_list(self, api: Any) -> None:
        core = client.CoreV1Api(api)
        seen = core.list_namespaced_config_map("default").metadata.resource_version
        for name in "ab":
            core.create_namespaced_config_map("default", {"metadata": {"name": name}})
        core.delete_namespaced_config_map("a", "default")
        stream = watch.Watch().stream(
            core.list_namespaced_config_map,
            "default",
            resource_version=seen,
            timeout_seconds=1,
        )
        told = [(event["type"], event["object"].metadata.name) for event in stream]

        assert told == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]

    def test_follows_a_job_to_its_end(self, api: Any) -> None:
        client.BatchV1Api(api).create_namespaced_job("default", job("print('hello')"))
        core = client.CoreV1Api(api)
        following = watch.Watch()
        for event in following.stream(core.list_namespaced_pod, "default", timeout_seconds=30):
            found = event["object"]
            if found.status.phase == "Succeeded":
                following.stop()

        assert core.read_namespaced_pod_log(found.metadata.name, "default") == "hello\n"

    def test_understands_refusals(self, api: Any) -> None:
        with pytest.raises(client.ApiException) as caught:
            client.CoreV1Api(api).read_namespaced_pod("nope", "default")

        assert caught.value.status == 404
        assert json.loads(caught.value.body)["reason"] == "NotFound"


def test_kr8s_finds_its_way_by_discovery(kubeconfig: Path) -> None:
    words = [sys.executable, str(PROGRAM), str(kubeconfig), json.dumps(job("print('hello')"))]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "nodes": ["node-1"],
        "data": {"k": "w"},
        "left": False,
        "log": [["hello"]],
    }

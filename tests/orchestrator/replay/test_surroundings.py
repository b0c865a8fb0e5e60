"""What a container that runs as a local process finds around it."""

import base64
import json
import os
import sys
from typing import Any

import pytest

from tests.orchestrator.replay.conftest import Bench

ROOT = "import os; root = os.environ['AICR_FILE_ROOT']; "


def show(bench: Bench, expression: str, **pod: Any) -> Any:
    path = bench.start(f"{ROOT}import json; print(json.dumps({expression}))", **pod)
    bench.await_end()
    log = bench.log(path)
    return json.loads(log)


def test_the_environment_is_the_pods(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICR_SECRET_OF_THE_HOST", "x")
    container = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}]}
    env = show(bench, "dict(os.environ)", container=container)
    env.pop("LC_CTYPE", None)  # Python itself sets it

    assert (env["A"], env["B"]) == ("1", "12")
    assert set(env) == {
        "A",
        "AICR_FILE_ROOT",
        "B",
        "HOME",
        "KUBECONFIG",
        "PATH",
        "PYTHONPATH",
    }
    assert env["HOME"] == env["AICR_FILE_ROOT"] != os.environ.get("HOME")
    assert env["KUBECONFIG"].startswith(env["AICR_FILE_ROOT"])


def test_fields_of_the_pod_reach_the_environment(bench: Bench) -> None:
    fields = {
        "NS": "metadata.namespace",
        "NODE": "spec.nodeName",
        "APP": "metadata.labels['app']",
    }
    env = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in fields.items()
    ]
    shown = show(bench, f"[os.environ[n] for n in {list(fields)}]", container={"env": env})

    assert shown == ["default", "node-1", "j"]


def test_keys_of_secrets_and_config_maps_reach_the_environment(bench: Bench) -> None:
    bench.server.post(
        f"{bench.home}/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "hidden"}}
    )
    bench.server.post(
        f"{bench.home}/configmaps", {"metadata": {"name": "c"}, "data": {"k": "seen"}}
    )
    env = [
        {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
    ]
    shown = show(bench, "[os.environ[n] for n in 'SC']", container={"env": env})

    assert shown == ["hidden", "seen"]


def test_volumes_are_files_below_the_root(bench: Bench) -> None:
    binary = base64.b64encode(b"\x00\xff").decode()
    config_map = {
        "metadata": {"name": "c"},
        "data": {"a": "1"},
        "binaryData": {"b": binary},
    }
    bench.server.post(f"{bench.home}/configmaps", config_map)
    mounts = [
        {"name": "c", "mountPath": "/data/c"},
        {"name": "scratch", "mountPath": "/scratch"},
    ]
    volumes = [{"name": "c", "configMap": {"name": "c"}}, {"name": "scratch", "emptyDir": {}}]
    shown = show(
        bench,
        "[open(root + '/data/c/a').read(), list(open(root + '/data/c/b', 'rb').read()), "
        "os.listdir(root + '/scratch')]",
        container={"volumeMounts": mounts},
        spec={"volumes": volumes},
    )

    assert shown == ["1", [0, 255], []]


def test_the_account_is_the_pods(bench: Bench) -> None:
    token = "/var/run/secrets/kubernetes.io/serviceaccount/"
    shown = show(
        bench,
        f"[open(root + '{token}token').read(), open(root + '{token}namespace').read(), "
        "json.load(open(os.environ['KUBECONFIG']))]",
    )
    reply = bench.server.call_with_token(shown[0], "/api/v1/nodes")

    assert "system:serviceaccount:default:default" in reply.message
    assert shown[1] == "default"
    assert shown[2]["users"][0]["user"]["token"] == shown[0]
    assert shown[2]["clusters"][0]["cluster"]["server"] == bench.server.url


def test_python_is_the_interpreter_of_the_server(bench: Bench) -> None:
    assert show(bench, "__import__('sys').executable") == sys.executable

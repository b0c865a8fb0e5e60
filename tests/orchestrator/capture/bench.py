"""Measures a capture of a large cluster: `python -m tests.orchestrator.capture.bench [NODES PODS]`.

The cluster is made of the example's nodes and pods, with field managers and environments of usual
size, and served by `aicr-orch replay` in a process of its own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestrator.capture.folder import Documents
from orchestrator.replay.objects import clone
from tests.example import of_kind, read_objects

Json = dict[str, Any]

NODES, PODS = 1000, 5000
NAMESPACES = 40
CLUSTER = "apiVersion: replay.aicr.run/v1alpha1\nkind: ReplayCluster\n"
COMMAND = (sys.executable, "-m", "orchestrator")
IMAGES_ON_A_NODE = 50


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def main(nodes: int = NODES, pods: int = PODS) -> None:
    """Print what it takes to make, serve, capture and load such a cluster."""
    with TemporaryDirectory() as home:
        folder, kubeconfig, copy = (Path(home, name) for name in ("big", "kubeconfig", "copy"))
        write_cluster(folder, nodes, pods)
        with served(folder, kubeconfig) as server:
            with timed("captured in"):
                asked = ("capture", "-o", str(copy), "--kubeconfig", str(kubeconfig))
                peak = peak_memory(start(*asked))
            say(f"memory: capture {peak} MiB, replay server {resident(server.pid)} MiB")
        files = [path for path in copy.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) >> 20
        say(f"folder: {size} MiB in {len(files)} files")
        with served(copy, kubeconfig) as server:
            say(f"memory: replay of the capture {resident(server.pid)} MiB")


def write_cluster(folder: Path, nodes: int, pods: int) -> None:
    """Write a replay folder with that many nodes and pods."""
    (folder / "objects").mkdir(parents=True)
    (folder / "cluster.yaml").write_text(CLUSTER)
    known = read_objects()
    node, pod = of_kind(known, "Node")[0], of_kind(known, "Pod")[0]
    with Documents(folder / "objects", "nodes", by_namespace=False) as files:
        for number in range(nodes):
            files.write(_node(node, number))
    with Documents(folder / "objects", "pods", by_namespace=True) as files:
        for number in range(pods):
            made = _pod(pod, number * NAMESPACES // pods, number, number % nodes)
            files.write(made, made["metadata"]["namespace"])


def _node(template: Json, number: int) -> Json:
    node = _named(template, f"node-{number}")
    images = [
        {"names": [f"registry.example.com/team/image-{n}@sha256:{n:064}"], "sizeBytes": 10**9}
        for n in range(IMAGES_ON_A_NODE)
    ]
    node["status"]["images"] = images
    return node


def _pod(template: Json, home: int, number: int, node: int) -> Json:
    pod = _named(template, f"pod-{number}", f"team-{home:02}")
    pod["spec"]["nodeName"] = f"node-{node}"
    for container in pod["spec"]["containers"]:
        container["env"] = [{"name": f"SETTING_{n}", "value": f"value {n}"} for n in range(5)]
    return pod


def _named(template: Json, name: str, namespace: str = "") -> Json:
    obj = clone(template)
    metadata = {"name": name, "labels": obj["metadata"].get("labels", {})}
    fields: Json = {f"f:field-{n}": {".": {}, f"f:part-{n}": {}} for n in range(60)}
    metadata["managedFields"] = [{"manager": "kubelet", "operation": "Update", "fieldsV1": fields}]
    obj["metadata"] = {**metadata, "namespace": namespace} if namespace else metadata
    return obj


@contextmanager
def served(folder: Path, kubeconfig: Path) -> Iterator["subprocess.Popen[str]"]:
    """Serve a folder in a process of its own, ready when the block begins."""
    process = start("replay", str(folder), "--kubeconfig", str(kubeconfig))
    assert process.stdout
    try:
        with timed("served after"):
            process.stdout.readline()  # said as soon as it serves
        yield process
    finally:
        process.terminate()
        process.wait(30)


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Start the command."""
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True)


def peak_memory(process: "subprocess.Popen[str]") -> int:
    """Wait for a process; the most memory that it had, in MiB."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"capture ended with {process.returncode}")
    return usage.ru_maxrss >> 10


def resident(pid: int) -> int:
    """The most memory that a running process had, in MiB; 0 where nobody says."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) >> 10


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long a block took."""
    before = time.monotonic()
    yield
    say(f"{what} {time.monotonic() - before:.1f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

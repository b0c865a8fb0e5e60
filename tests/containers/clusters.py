"""What a container finds where its kubeconfig points: a recorded cluster, silence, or nothing."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from orchestrator.replay import ReplayCluster
from tests.example import FOLDER, read_objects

NOWHERE = "http://127.0.0.1:9"


@contextmanager
def recorded(kubeconfig: Path) -> Iterator[Path]:
    """Serve the example; the kubeconfig is its administrator's."""
    with ReplayCluster.load(FOLDER).serve() as server:
        server.write_kubeconfig(kubeconfig)
        yield readable(kubeconfig)


@contextmanager
def cordoned(kubeconfig: Path) -> Iterator[Path]:
    """Serve the example's objects, on whose nodes nothing may be scheduled any more."""
    objects = read_objects()
    for node in objects:
        if node["kind"] == "Node":
            node["spec"]["unschedulable"] = True
    with ReplayCluster(objects).serve() as server:
        server.write_kubeconfig(kubeconfig)
        yield readable(kubeconfig)


class Silent:
    """A server that takes connections and never answers: every check must wait."""

    def __init__(self, server: socket.socket, stack: ExitStack) -> None:
        self._server, self._stack = server, stack

    def wait_for_a_caller(self, seconds: float) -> None:
        """Wait until somebody has connected; what it says stays unread."""
        self._server.settimeout(seconds)
        connection, _ = self._server.accept()
        self._stack.enter_context(connection)


@contextmanager
def silent(kubeconfig: Path) -> Iterator[Silent]:
    """Have such a server, and a kubeconfig for it."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        write_kubeconfig(kubeconfig, f"http://127.0.0.1:{server.getsockname()[1]}")
        yield Silent(server, stack)


def write_kubeconfig(path: Path, server: str) -> Path:
    """Write a kubeconfig without a credential."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return readable(path)


def readable(path: Path) -> Path:
    """Let every user of a container read and write a file, as kubelet does."""
    path.chmod(0o666)
    return path

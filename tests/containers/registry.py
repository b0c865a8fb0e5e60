"""A registry of images on this machine, without TLS, as long as a test needs it."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from helper import documents
from helper.deadline import Deadline
from tests.needs import missing

STARTS_S = 30.0


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve an empty registry; gives its host."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        missing("no registry to start; Debian and Ubuntu have it as docker-registry")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (folder / "config.yaml").write_text(documents.dump(settings))
    with (folder / "log").open("wb") as log:
        command = [program, "serve", str(folder / "config.yaml")]
        with subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                Deadline.after(STARTS_S).poll("the registry", lambda: _answers(port), 0.1)
                yield f"localhost:{port}"
            finally:
                process.terminate()


def _answers(port: int) -> bool | None:
    try:
        answer = urllib3.request("GET", f"http://127.0.0.1:{port}/v2/", retries=False)
    except urllib3.exceptions.HTTPError:
        return None
    return answer.status == 200 or None

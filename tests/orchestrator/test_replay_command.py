"""`aicr-orch replay DIR`, as a process of its own."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helper.credentials import Credentials
from helper.errors import Forbidden
from helper.kinds import NODES
from helper.kube import connect
from orchestrator.exits import Exit
from tests.example import FOLDER, of_kind, read_objects
from tests.orchestrator.conftest import Command
from tests.source import ROOT

COMMAND = (sys.executable, "-m", "orchestrator", "replay")
NODES_OF_THE_EXAMPLE = len(of_kind(read_objects(), "Node"))
ACCOUNT = "system:serviceaccount:default:default"


@contextmanager
def replay(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """Serve the example; gives the process and what it said."""
    process = subprocess.Popen(
        [*COMMAND, str(FOLDER), *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        said = [process.stdout.readline() for _ in range(5)]
        yield process, said
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_serves_a_folder_until_it_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    with replay("--kubeconfig", str(path)) as (process, said):
        kube = connect(Credentials(str(path)), {})
        assert len(kube.list(NODES)) == NODES_OF_THE_EXAMPLE
        kube.close()
        assert path.stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == Exit.OK
    assert said[0].startswith(f"replay of {FOLDER}, v1.")
    assert f"  export KUBECONFIG={path}\n" in said
    assert not path.exists()


def test_ends_on_sigterm_and_leaves_no_kubeconfig() -> None:
    with replay() as (process, said):
        line = next(line for line in said if "export KUBECONFIG=" in line)
        path = Path(line.partition("=")[2].strip())
        assert path.exists()
        process.terminate()

        assert process.wait(20) == Exit.OK
    assert not path.parent.exists()


def test_speaks_as_any_user(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    with replay("--kubeconfig", str(path), "--user", ACCOUNT) as (_, said):
        kube = connect(Credentials(str(path)), {})
        with pytest.raises(Forbidden, match=f'User "{ACCOUNT}" cannot list'):
            kube.list(NODES)
        kube.close()
    assert said[0].endswith(f"as {ACCOUNT}\n")


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl here")
def test_kubectl_works_with_it_and_nobody_else_on_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    with replay("--kubeconfig", str(path)):
        asked = ["kubectl", "--kubeconfig", str(path), "get", "nodes", "-o", "name"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
        config = json.loads(path.read_text())
        server = config["clusters"][0]["cluster"]["server"].partition("/token/")[0]
        config["clusters"][0]["cluster"]["server"] = server
        path.write_text(json.dumps(config))
        refused = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)

    assert len(done.stdout.split()) == NODES_OF_THE_EXAMPLE
    assert refused.returncode != 0
    assert "Forbidden" in refused.stderr


def test_a_port_that_is_taken_is_one_line(aicr: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = aicr("replay", str(FOLDER), "--port", port)

    assert said.code == Exit.USAGE
    assert said.err == f"aicr-orch: error: --port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/nowhere"], "/nowhere: no such folder"),
        (["EMPTY"], "cluster.yaml: not found"),
        ([str(FOLDER), "--port", "x"], "'x' is not a valid integer"),
        ([str(FOLDER), "--kubeconfig", "/nowhere/x"], "/nowhere/x: its folder does not exist"),
        ([str(FOLDER), "--kubeconfig", "OTHER"], "exists already; it is written and removed here"),
        ([], "Missing argument 'DIR'"),
    ],
)
def test_wrong_input_is_one_line(
    aicr: Command, tmp_path: Path, arguments: list[str], words: str
) -> None:
    other = tmp_path / "other"
    other.write_text("current-context: production\n")
    places = {"EMPTY": str(tmp_path), "OTHER": str(other)}

    said = aicr("replay", *(places.get(item, item) for item in arguments))

    assert said.code == Exit.USAGE
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert other.read_text() == "current-context: production\n"

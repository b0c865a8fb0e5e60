import os
from pathlib import Path
from typing import Any

import pytest

from helper import documents
from helper.kinds import NODES
from orchestrator import cli
from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.snapshot.document import build
from orchestrator.snapshot.read import read
from tests.example import FOLDER
from tests.orchestrator.engine import served

Json = dict[str, Any]


def example() -> Json:
    """The example's snapshot as it stands in its folder."""
    return documents.load_mapping((FOLDER / "snapshot.yaml").read_bytes(), "snapshot.yaml")


def test_the_examples_snapshot_is_what_the_example_cluster_says() -> None:
    metadata = example()["metadata"]

    with served(ReplayCluster.load(FOLDER)) as kube:
        found = build(read(kube), taken=metadata["timestamp"], version=metadata["version"])

    assert found.notes == ()
    assert documents.dump(found.document) == (FOLDER / "snapshot.yaml").read_text()


def test_writes_the_snapshot_to_stdout_and_the_rest_to_stderr(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = cli.main(["snapshot", "--replay", str(FOLDER)])

    captured = capfd.readouterr()
    found = documents.load_mapping(captured.out, "stdout")
    assert code == Exit.OK
    assert found["measurements"] == example()["measurements"]
    assert captured.err.startswith("replay of ")


def test_writes_the_snapshot_to_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "snapshot.yaml"

    code = cli.main(["snapshot", "--replay", str(FOLDER), "-o", str(path)])

    found = documents.load_mapping(path.read_bytes(), "snapshot.yaml")
    assert code == Exit.OK
    assert found["fingerprint"] == example()["fingerprint"]
    assert capfd.readouterr().out == ""
    assert [item.name for item in tmp_path.iterdir()] == ["snapshot.yaml"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    code = cli.main(["snapshot", "--replay", str(FOLDER), "-o", str(pipe)])

    assert (code, pipe.is_fifo()) == (Exit.OK, True)
    assert os.read(reader, 12) == b"apiVersion: "
    os.close(reader)


def test_a_part_that_cannot_be_read_is_a_warning_and_inconclusive(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cluster = ReplayCluster.load(FOLDER)
    cluster.faults.append(Fault(verb="list", resource=NODES.plural, status=403))
    kubeconfig = tmp_path / "kubeconfig"
    with cluster.serve() as server:
        server.write_kubeconfig(kubeconfig)
        code = cli.main(["snapshot", "-k", str(kubeconfig)])

    captured = capfd.readouterr()
    found = documents.load_mapping(captured.out, "stdout")
    assert code == Exit.INCONCLUSIVE
    assert "warning: NodeTopology: not read: list nodes: 403 Forbidden" in captured.err
    assert found["metadata"]["incomplete"] == "GPU.hardware,K8s.node,NodeTopology,OS"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--snapshot-mode=agent"], "not in this version", id="agent"),
        pytest.param(["--replay", "x", "-k", "y"], "leave out --kubeconfig", id="two-clusters"),
        pytest.param(["--replay", "gone"], "gone", id="no-folder"),
        pytest.param(["--replay", str(FOLDER), "-o", "/nowhere/s.yaml"], "/nowhere", id="output"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code = cli.main(["snapshot", *arguments])

    captured = capfd.readouterr()
    assert code == Exit.USAGE
    assert words in captured.err
    assert captured.out == ""

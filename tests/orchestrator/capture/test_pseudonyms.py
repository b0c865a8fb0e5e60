from pathlib import Path

import pytest

from orchestrator.capture.pseudonyms import Pseudonyms
from orchestrator.exits import Exit
from orchestrator.replay import ReplayCluster
from tests.example import FOLDER, of_kind, read_objects
from tests.orchestrator.capture.folders import read
from tests.orchestrator.capture.test_capture import reader, served
from tests.orchestrator.conftest import Command

NAMES = Pseudonyms(["gpu-1", "gpu-10", "gpu-2.bank.internal", "worker"], b"salt")


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("gpu-1", "node-0001"),
        ("gpu-10", "node-0002"),
        ("gpu-100", "gpu-100"),
        ("gpu-2.bank.internal", "node-0003"),
        ("kube-proxy-gpu-2", "kube-proxy-node-0003"),
        ("https://gpu-1:10250/x", "https://node-0001:10250/x"),
        ("worker", "worker"),
        ("127.0.0.1", "127.0.0.1"),
        ("v1.2.3", "v1.2.3"),
        ("12:30:00", "12:30:00"),
    ],
)
def test_machines_have_other_names(text: str, renamed: str) -> None:
    assert NAMES.text(text) == renamed


@pytest.mark.parametrize("text", ["10.20.30.40", "192.168.1.1:443", "10.0.0.0/16", "fd12:3456::1"])
def test_addresses_are_others_and_always_the_same(text: str) -> None:
    renamed = NAMES.text(text)

    assert renamed != text
    assert renamed == NAMES.text(text)
    assert renamed != Pseudonyms([], b"other").text(text)


def test_names_that_are_words_are_told() -> None:
    assert NAMES.kept == ["worker"]


def test_what_identifies_a_machine_goes_and_versions_stay() -> None:
    info = {"machineID": "ec2", "kernelVersion": "6.8.0.1"}
    given = {"nodeInfo": info, "providerID": "aws:///zone/i-0abc", "gpu-10": ["gpu-1"]}

    assert NAMES.value("", given) == {
        "nodeInfo": {"machineID": "<redacted>", "kernelVersion": "6.8.0.1"},
        "providerID": "aws://<redacted>",
        "node-0002": ["node-0001"],
    }


def test_no_name_of_a_machine_is_in_a_capture(tmp_path: Path, aicr: Command) -> None:
    copy = tmp_path / "copy"
    aicr("capture", "--replay", str(FOLDER), "-o", str(copy), "--redact-names")

    text = "".join(path.read_text() for path in copy.rglob("*") if path.is_file())
    names = [node["metadata"]["name"] for node in of_kind(read_objects(), "Node")]
    assert [name for name in names if name in text] == []
    assert ("Node", "", "node-0001") in read(copy)
    inputs = ("-r", str(FOLDER / "recipe.yaml"), "-s", str(FOLDER / "snapshot.yaml"))
    assert aicr("validate", "--replay", str(copy), *inputs).code == Exit.OK


def test_without_the_right_to_see_the_names_nothing_is_recorded(
    tmp_path: Path, aicr: Command
) -> None:
    account = "system:serviceaccount:default:reader"
    with served(ReplayCluster(reader("pods")), tmp_path, account) as (kubeconfig, _):
        said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "x"), "--redact-names")

    assert said.code == Exit.PERMISSION
    assert "--redact-names: the names are not known" in said.err
    assert not (tmp_path / "x").exists()

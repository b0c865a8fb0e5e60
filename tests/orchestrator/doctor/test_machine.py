from pathlib import Path

import pytest

from orchestrator.doctor import machine
from orchestrator.doctor.finding import Level
from orchestrator.exits import Exit
from orchestrator.target import Target
from tests.orchestrator.conftest import Command


def test_no_kubeconfig_outside_of_a_pod_names_no_cluster(aicr: Command) -> None:
    said = aicr("doctor", "--no-images")

    assert said.code == Exit.FAILED
    assert "fail  kubeconfig none: no --kubeconfig, no KUBECONFIG, no ~/.kube/config" in said.out
    assert "server" not in said.out
    assert said.out.endswith("1 fail: not fit for a run\n")


def test_in_a_pod_its_account_takes_the_place_of_a_kubeconfig(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    env = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}

    found = list(machine.look(Target(), env))

    assert [finding.level for finding in found] == [Level.OK, Level.OK]
    assert found[1].words == "not needed: the account of the pod that this runs in"

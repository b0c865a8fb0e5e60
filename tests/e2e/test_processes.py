"""Checks as processes, started by an account that may read and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper.credentials import Credentials
from helper.kinds import CONFIG_MAPS, JOBS, LEASES, NAMESPACES
from helper.kube import Kube, connect
from helper.resource import name, namespace
from orchestrator.exits import Exit
from orchestrator.plan import new_run_id
from tests.e2e.command import run
from tests.e2e.leftovers import left_behind
from tests.e2e.test_caller import INPUTS, Rules, caller, lacking

pytestmark = pytest.mark.alone  # it holds all objects of the cluster against those of before

PROCESS = ("--executor", "process")
FAST = ("--depth", "fast")


@pytest.fixture
def printed(tmp_path: Path) -> Rules:
    """The rules that a caller needs, as the command prints them."""
    asked = run("rbac", "print", "--caller", *PROCESS, *INPUTS[:2], state=tmp_path)
    rules: Rules = yaml.safe_load(asked.stdout)["rules"]
    return rules


def made(kube: Kube) -> set[tuple[str, str, str]]:
    """What runs of Jobs make."""
    return {
        (resource.plural, namespace(item), name(item))
        for resource in (JOBS, CONFIG_MAPS, LEASES, NAMESPACES)
        for item in kube.list(resource)
    }


def validate(
    kube: Kube, home: str, rules: Rules, folder: Path
) -> tuple[int, str, dict[str, Any], list[str]]:
    """Run as a caller with these rules: exit code, first line, tests by name, what is left."""
    run_id, report = new_run_id(), folder / "ctrf.json"
    with caller(kube, home, rules, folder) as kubeconfig:
        before = made(kube)
        own = connect(Credentials(kubeconfig), {})
        assert not own.allowed("create", JOBS, home)
        own.close()
        flags = ("--kubeconfig", kubeconfig, "--run-id", run_id, "-o", str(report), *PROCESS, *FAST)
        done = run("validate", *INPUTS, *flags, state=folder)
        assert made(kube) <= before  # other tests' namespaces may be ending
    tests = json.loads(report.read_text())["results"]["tests"] if report.exists() else []
    found = {item["name"]: item for item in tests}
    return done.returncode, done.stderr, found, left_behind(kube, run_id)


def test_who_may_only_read_runs_all_checks_of_the_example(
    example: Kube, namespace: str, printed: Rules, tmp_path: Path
) -> None:
    code, said, tests, left = validate(example, namespace, printed, tmp_path)

    assert code == Exit.OK, said
    assert said.splitlines()[0].endswith("checks as local processes")
    assert {item["status"] for item in tests.values()} == {"passed", "skipped"}
    assert left == []


def test_checks_whose_rights_are_missing_are_skipped(
    example: Kube, namespace: str, printed: Rules, tmp_path: Path
) -> None:
    rules = lacking(printed, "deviceclasses.resource.k8s.io")
    code, said, tests, _ = validate(example, namespace, rules, tmp_path)

    assert code == Exit.INCONCLUSIVE, said
    assert tests["platform-health"]["status"] == "passed"
    assert tests["dra-support"]["extra"]["skip"] == "no-permission"
    assert "may not list deviceclasses.resource.k8s.io" in tests["dra-support"]["message"]


def test_who_may_nothing_is_told_so_before_anything_starts(
    example: Kube, namespace: str, tmp_path: Path
) -> None:
    code, said, _, left = validate(example, namespace, [], tmp_path)

    assert code == Exit.PERMISSION, said
    assert "so that not one check can run" in said
    assert left == []

"""What the command says before a run, held against a real API server."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper.errors import NotFound
from helper.kinds import BUILTIN, NAMESPACES
from helper.kube import Kube
from orchestrator.exits import Exit
from tests.e2e.command import ENDS_S, started
from tests.example import FOLDER

RECIPE = str(FOLDER / "recipe.yaml")


def said(*arguments: str, state: Path) -> tuple[int, str]:
    with started(*arguments, state=state) as process:
        out, _ = process.communicate(timeout=ENDS_S)
    return process.returncode, out


def planned(*flags: str, state: Path) -> list[dict[str, Any]]:
    code, out = said("plan", "-r", RECIPE, "-o", "yaml", *flags, state=state)
    assert code == Exit.OK
    return list(yaml.safe_load_all(out))


def test_the_server_would_accept_all_that_plan_prints(
    real_kube: Kube, namespace: str, tmp_path: Path
) -> None:
    refused = []
    for item in planned("-n", namespace, state=tmp_path):
        resource = BUILTIN[item["apiVersion"], item["kind"]]
        try:
            real_kube.create(resource, item, item["metadata"].get("namespace"), dry_run=True)
        except NotFound as error:  # namespaces of components that are not installed here
            if "namespaces" not in str(error):
                refused.append(str(error))

    assert refused == []


def test_the_doctor_looks_at_everything_and_creates_nothing(
    real_kube: Kube, tmp_path: Path
) -> None:
    before = {item["metadata"]["name"] for item in real_kube.list(NAMESPACES)}
    flags = ("-r", RECIPE, "--no-images", "-n", "aicr-doctor", "-o", "json")

    code, out = said("doctor", *flags, state=tmp_path)

    found = json.loads(out)
    failed = [item for item in found["findings"] if item["level"] == "fail"]
    assert (code, failed) == (Exit.OK, [])
    about = {item["about"]: item["level"] for item in found["findings"]}
    assert {"server", "clock", "rights", "namespace", "room", "GPUs", "leftovers"} <= about.keys()
    assert about["clock"] == "ok"
    after = {item["metadata"]["name"] for item in real_kube.list(NAMESPACES)}
    assert "aicr-doctor" not in after | before


@pytest.mark.parametrize("asked", [True, False])
def test_the_gate_is_asked_on_request_only(tmp_path: Path, *, asked: bool) -> None:
    code, out = said("plan", "-r", RECIPE, *(["--ask-cluster"] if asked else []), state=tmp_path)

    assert ("constraints not looked at" in out) is not asked
    assert code in (Exit.OK, Exit.USAGE)  # the recipe was made for another cluster

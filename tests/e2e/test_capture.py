"""A capture of the real cluster, and what comes of it when it is replayed."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper.kinds import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)
from helper.kube import Kube
from helper.models import PHASES
from helper.resource import Json, name
from helper.resource import namespace as namespace_of
from orchestrator.exits import Exit
from orchestrator.replay.folder import read_folder
from tests.e2e.command import run
from tests.e2e.real_cluster import built_image
from tests.example import FOLDER, read_objects

INPUTS = ("-r", str(FOLDER / "recipe.yaml"), "-s", str(FOLDER / "snapshot.yaml"))


def verdicts(report: Path) -> dict[str, tuple[str, str]]:
    tests = json.loads(report.read_text())["results"]["tests"]
    return {test["name"]: (test["status"], test.get("message", "")) for test in tests}


@pytest.fixture(scope="module")
def captured(example: Kube, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of the real cluster with the example on it."""
    home = tmp_path_factory.mktemp("capture")
    assert example.list(NODES)
    done = run("capture", "-o", str(home / "copy"), state=home)
    assert done.returncode == Exit.OK, done.stderr
    return home / "copy"


def test_its_replay_gives_the_same_verdicts_as_the_cluster(
    example: Kube, captured: Path, tmp_path: Path
) -> None:
    for phase in PHASES:
        built_image(example, phase)
    namespace = f"aicr-e2e-{secrets.token_hex(4)}"  # made by the run itself
    real, replayed = tmp_path / "real.json", tmp_path / "replayed.json"
    try:
        first = run("validate", *INPUTS, "-n", namespace, "-o", str(real), state=tmp_path)
    finally:
        example.delete(NAMESPACES, namespace)
    assert first.returncode == Exit.OK, first.stderr

    again = ("--replay", str(captured), "-n", namespace, "-o", str(replayed))
    done = run("validate", *INPUTS, *again, state=tmp_path)

    assert done.returncode == Exit.OK, done.stderr
    assert verdicts(replayed) == verdicts(real)
    assert f"replay of {captured}" in done.stderr.splitlines()[0]


def test_what_the_cluster_made_of_the_example_is_in_it(example: Kube, captured: Path) -> None:
    recorded = {place(item) for _, item in read_folder(captured).objects}
    homes = {name(item) for item in read_objects() if item["kind"] == "Namespace"}
    made = [
        place(item)
        for resource in (PODS, DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, SERVICE_ACCOUNTS)
        for home in homes
        for item in example.list(resource, home)
    ]

    assert made
    assert set(made) - recorded == set()


def place(item: Json) -> tuple[str, str, str]:
    return item["kind"], namespace_of(item), name(item)


def test_no_secret_leaves_the_cluster(real_kube: Kube, namespace: str, tmp_path: Path) -> None:
    planted = f"planted-{secrets.token_hex(8)}"

    def create(resource: Resource, **fields: Any) -> None:
        body: Json = {"apiVersion": "v1", "kind": resource.kind, "metadata": {"name": "planted"}}
        real_kube.create(resource, {**body, **fields}, namespace)

    create(SECRETS, stringData={"password": planted})
    create(CONFIG_MAPS, data={"config": f"password: {planted}"})
    done = run("capture", "-o", str(tmp_path / "copy"), "-n", namespace, state=tmp_path)

    assert done.returncode == Exit.OK, done.stderr
    files = (tmp_path / "copy").rglob("*.yaml")
    assert [path for path in files if planted in path.read_text()] == []
    objects = yaml.safe_load_all((tmp_path / f"copy/objects/secrets/{namespace}.yaml").read_text())
    assert {item["metadata"]["name"] for item in objects} == {"planted"}

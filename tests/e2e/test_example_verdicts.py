"""The example on a real cluster: each check says what it says on replay, with its own rights only.

A check runs as a local process under the token of its ServiceAccount. A right that it uses and its
catalog entry does not declare thus turns up as a refusal of the real API server.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper import contract, documents
from helper.contract import ExitCode
from helper.kinds import Resource
from helper.kube import Kube
from orchestrator import catalog, recipe, rights
from orchestrator.manifests import RunContext
from orchestrator.plan import PlannedCheck, new_object_name
from orchestrator.workspace import Workspace
from tests.e2e.apply_example import applied
from tests.example import FOLDER, read_objects
from tests.source import ROOT

THRESHOLD = {"name": "nccl-all-reduce-bw", "value": ">= 300", "unit": "GB/s"}


@pytest.fixture(scope="module")
def example(real_kube: Kube) -> Iterator[Kube]:
    """The real cluster with the example on it."""
    with applied(real_kube, read_objects()):
        yield real_kube


@pytest.fixture(scope="module")
def example_recipe() -> recipe.Recipe:
    return recipe.parse((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")


@pytest.fixture(scope="module")
def demanding_recipe() -> recipe.Recipe:
    """The example's recipe with a bandwidth that the cluster must reach."""
    raw = documents.load_mapping((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")
    raw["validation"]["performance"]["constraints"] = [THRESHOLD]
    return recipe.parse(documents.dump(raw), "recipe.yaml")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("operator-health", ExitCode.PASS),
        ("platform-health", ExitCode.PASS),
        ("gpu-operator-health", ExitCode.PASS),
        ("dra-support", ExitCode.PASS),
        ("nccl-all-reduce-bw", ExitCode.SKIP),
    ],
)
def test_a_check_gives_the_verdict_that_it_gives_on_replay(
    example: Kube,
    namespace: str,
    tmp_path: Path,
    example_recipe: recipe.Recipe,
    name: str,
    code: ExitCode,
) -> None:
    ended, message = run_check(example, namespace, tmp_path, example_recipe, name)

    assert (ended, message) == (code, message)
    assert "403" not in message


def test_nccl_finds_its_preconditions_with_its_own_rights(
    example: Kube, namespace: str, tmp_path: Path, demanding_recipe: recipe.Recipe
) -> None:
    ended, message = run_check(example, namespace, tmp_path, demanding_recipe, THRESHOLD["name"])

    assert ended == ExitCode.OTHER, message
    assert "2 free nodes with 8 GPUs each" in message


def run_check(
    kube: Kube, namespace: str, root: Path, given: recipe.Recipe, name: str
) -> tuple[int, str]:
    """Run one check as a process with exactly its declared rights; gives exit code and message."""
    entry = catalog.parse((ROOT / "catalog.yaml").read_bytes(), "catalog.yaml").find(name)
    assert entry
    grants = rights.grants(entry, given.input)
    planned = PlannedCheck(name, entry.phase, new_object_name(name), entry=entry, grants=grants)
    workspace = Workspace(kube, RunContext(run_id=namespace, namespace=namespace, version="e2e"))
    (root / "data/validation").mkdir(parents=True)
    (root / "data/validation/validation.yaml").write_text(given.text)
    (root / "dev").mkdir()
    (root / "dev/termination-log").touch()
    try:
        workspace.create_identity(planned)
        kubeconfig = root / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(_as_account(kube, namespace, planned.object_name)))
        env = {contract.FILE_ROOT: str(root), "KUBECONFIG": str(kubeconfig)}
        command = [sys.executable, "-m", f"images.{entry.phase}", name]
        ended = subprocess.run(
            command, env=env, cwd=ROOT, check=False, capture_output=True, timeout=60
        )
    finally:
        workspace.delete_identity(planned)
    return ended.returncode, (root / "dev/termination-log").read_text() or ended.stderr.decode()


def _as_account(kube: Kube, namespace: str, account: str) -> dict[str, Any]:
    """The kubeconfig of the tests, with a ServiceAccount's token as its only credential."""
    tokens = Resource("", "v1", f"serviceaccounts/{account}/token", "TokenRequest")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": tokens.kind, "spec": {}}
    token = kube.create(tokens, body, namespace)["status"]["token"]
    config: dict[str, Any] = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    return config

"""A check as a local process, under the token of a ServiceAccount with exactly given rights."""

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helper import contract
from helper.kinds import Resource
from helper.kube import Kube
from orchestrator import recipe
from orchestrator.catalog import Entry
from orchestrator.manifests import RunContext
from orchestrator.plan import PlannedCheck, new_object_name
from orchestrator.rights import Grants, grants
from orchestrator.workspace import Workspace
from tests.source import ROOT

ENDS_S = 120.0


@dataclass(frozen=True)
class Ended:
    """How a check's process ended."""

    code: int
    message: str


def run_check(
    kube: Kube,
    namespace: str,
    folder: Path,
    given: recipe.Recipe,
    entry: Entry,
    rights: Grants | None = None,
) -> Ended:
    """Run one check with its declared rights, or with others; its account is gone afterwards."""
    planned = PlannedCheck(
        entry.name,
        entry.phase,
        new_object_name(entry.name),
        entry=entry,
        grants=grants(entry, given.input) if rights is None else rights,
    )
    workspace = Workspace(kube, RunContext(run_id=namespace, namespace=namespace, version="e2e"))
    root = folder / secrets.token_hex(4)
    (root / "data/validation").mkdir(parents=True)
    (root / "data/validation/validation.yaml").write_text(given.text)
    message = root / "dev/termination-log"
    message.parent.mkdir()
    message.touch()
    try:
        workspace.create_identity(planned)
        kubeconfig = write_kubeconfig(kube, namespace, planned.object_name, root / "kubeconfig")
        ended = subprocess.run(
            [sys.executable, "-m", f"images.{entry.phase}", entry.name],
            env={contract.FILE_ROOT: str(root), "KUBECONFIG": str(kubeconfig)},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=ENDS_S,
        )
    finally:
        workspace.delete_identity(planned)
    return Ended(ended.returncode, message.read_text() or ended.stderr)


def write_kubeconfig(kube: Kube, namespace: str, account: str, path: Path) -> Path:
    """Write the kubeconfig of the tests, with a ServiceAccount's token as its only credential."""
    tokens = Resource("", "v1", f"serviceaccounts/{account}/token", "TokenRequest")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": tokens.kind, "spec": {}}
    token = kube.create(tokens, body, namespace)["status"]["token"]
    config: dict[str, Any] = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path.write_text(yaml.safe_dump(config))
    return path

"""The command as users start it: a process of its own, with nothing of theirs but the cluster."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helper import contract, documents
from helper.resource import Json
from tests.e2e.real_cluster import ROOT, commit

ENDS_S = 120.0


@contextmanager
def started(*arguments: str, state: Path) -> Iterator[subprocess.Popen[str]]:
    """Start it; it has ended when this is over."""
    given = {**os.environ, contract.CLI_COMMIT: commit(), "XDG_STATE_HOME": str(state)}
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *arguments],
        cwd=ROOT,
        env=given,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def write_inputs(folder: Path, entries: Sequence[Json], **recipe: Any) -> list[str]:
    """Write a catalog, and a recipe that selects all of it; gives the flags that name them."""
    phases = dict.fromkeys(item["phase"] for item in entries)
    selected = {
        phase: {"checks": [item["name"] for item in entries if item["phase"] == phase]}
        for phase in phases
    }
    head = {"apiVersion": "aicr.run/v1alpha2", "kind": "RecipeResult"}
    catalog = {
        "apiVersion": "validator.nvidia.com/v1alpha1",
        "kind": "ValidatorCatalog",
        "metadata": {"name": "e2e", "version": "1.0.0"},
        "validators": list(entries),
    }
    (folder / "data/validators").mkdir(parents=True)
    (folder / "data/validators/catalog.yaml").write_text(documents.dump(catalog))
    (folder / "recipe.yaml").write_text(documents.dump({**head, **recipe, "validation": selected}))
    return ["--data", str(folder / "data"), "-r", str(folder / "recipe.yaml")]


def run(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    with started(*arguments, state=state) as process:
        out, said = process.communicate(timeout=ENDS_S)
    return subprocess.CompletedProcess(arguments, process.returncode, out, said)

"""A recorded cluster of any size in a process of its own, and checks that only take time."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from helper.credentials import Credentials
from helper.kube import Kube, connect
from orchestrator import plan, recipe
from orchestrator.catalog import Catalog
from orchestrator.plan import Plan
from orchestrator.recipe import Recipe
from tests.orchestrator.engine import entry, node
from tests.source import ROOT

Json = dict[str, Any]
STARTS_S = 120.0


def folder(at: Path, nodes: int, seconds: Mapping[str, float]) -> Path:
    """A recording of a cluster in which the named checks pass after so many seconds."""
    header = {"apiVersion": "replay.aicr.run/v1alpha1"}
    scripts = [
        {
            **header,
            "kind": "PodOutcome",
            "match": {"labels": {"aicr.run/check": name}},
            "outcome": {"exitCode": 0, "delaySeconds": delay, "log": "--- Nothing ---\n"},
        }
        for name, delay in seconds.items()
    ]
    _write(at / "cluster.yaml", [{**header, "kind": "ReplayCluster", "serverVersion": "v1.36.2"}])
    _write(at / "objects/nodes.yaml", [node(f"node-{number}") for number in range(nodes)])
    _write(at / "pods/checks.yaml", scripts)
    return at


def _write(path: Path, documents: Sequence[Json]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump_all(documents, Dumper=yaml.CSafeDumper))


@contextmanager
def served(at: Path) -> Iterator[Path]:
    """Serve a recording in another process, as a cluster is; gives its kubeconfig."""
    kubeconfig = at / "kubeconfig"
    command = [sys.executable, "-m", "orchestrator", "replay", str(at), "--kubeconfig"]
    with subprocess.Popen(
        [*command, str(kubeconfig)], cwd=ROOT, stdout=subprocess.DEVNULL, env=dict(os.environ)
    ) as server:
        try:
            until = time.monotonic() + STARTS_S
            while not kubeconfig.is_file() and server.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            yield kubeconfig
        finally:
            server.terminate()
            server.wait()


@contextmanager
def connected(kubeconfig: Path) -> Iterator[Kube]:
    """Connect as the administrator."""
    kube = connect(Credentials(str(kubeconfig)), {}, patience_s=10.0)
    try:
        yield kube
    finally:
        kube.close()


def checks(seconds: Mapping[str, float], locks: Mapping[str, str]) -> tuple[Plan, Recipe]:
    """A plan of these checks; their budgets tell which ones are long, as real ones do."""
    entries = [
        entry(
            name, timeout=f"{60 + delay * 100:.0f}s", locks=[locks[name]] if name in locks else []
        )
        for name, delay in seconds.items()
    ]
    wanted = {"kind": "RecipeResult", "validation": {"conformance": {"checks": list(seconds)}}}
    given = recipe.parse(yaml.dump(wanted), "recipe.yaml")
    return plan.build(Catalog.model_validate({"validators": entries}), given.input), given

"""A recorded cluster of this process, and the command as a process that runs checks in it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from helper import contract
from orchestrator.replay import PodOutcome, ReplayCluster
from orchestrator.replay.cluster import ReplayServer
from tests.orchestrator.engine import entry, everything, node, script
from tests.orchestrator.reports.schema import breaches_of_ctrf
from tests.source import ROOT

Json = dict[str, Any]
Process = subprocess.Popen[str]

ENDS_S = 120.0
PASSED_THROUGH = ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START")


@dataclass(frozen=True)
class Said:
    """How the command ended and what it wrote."""

    code: int
    out: str
    err: str


@dataclass
class Place:
    """A cluster, a folder for the command's files, and its surroundings."""

    folder: Path
    cluster: ReplayCluster
    server: ReplayServer
    checks: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)  # beside what every command gets

    @property
    def state(self) -> Path:
        """Where the command keeps its runs."""
        return self.folder / "state"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The flags that select all checks."""
        return ("-r", str(self.folder / "recipe.yaml"), "--data", str(self.folder / "data"))

    def start(self, *arguments: str, under: Sequence[str] = (), **options: Any) -> Process:
        """Start the command, `under` another one; stdout and stderr are read, unless given."""
        given = {name: os.environ[name] for name in PASSED_THROUGH if name in os.environ}
        env = {
            **given,
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.state),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(ROOT),
            **self.env,
        }
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*under, sys.executable, "-m", "orchestrator", *arguments],
            **{"cwd": self.folder, "env": env, "text": True, **streams, **options},
        )

    def validate(self, *arguments: str, **options: Any) -> Process:
        """Start a run of all checks."""
        return self.start("validate", *self.inputs, *arguments, **options)

    def end(self, *arguments: str, **options: Any) -> Said:
        """Run the command to its end."""
        return ended(self.start(*arguments, **options))

    def run(self, *arguments: str, **options: Any) -> Said:
        """Run all checks to the end."""
        return ended(self.validate(*arguments, **options))

    @property
    def runs(self) -> list[Path]:
        """The folders of the runs, the first one first."""
        return sorted((self.state / "aicr-orch/runs").glob("*"))

    def kept(self) -> dict[str, Json]:
        """The results that runs have kept so far, by check."""
        found = [json.loads(path.read_text()) for run in self.runs for path in _results(run)]
        return {item["name"]: item for item in found}

    def is_running(self, check: str) -> bool:
        """Whether a pod of a check runs."""
        return any(
            obj["kind"] == "Pod"
            and obj["metadata"]["labels"].get(contract.LABEL_CHECK) == check
            and obj["status"].get("phase") == "Running"
            for obj in everything(self.cluster)
        )

    def left(self, run_id: str = "") -> list[str]:
        """What runs, or one of them, have left in the cluster."""
        return [
            f"{obj['kind']} {obj['metadata']['name']}"
            for obj in everything(self.cluster)
            if (label := (obj["metadata"].get("labels") or {}).get(contract.LABEL_RUN_ID))
            and run_id in ("", label)
        ]


def ended(process: Process) -> Said:
    """Wait for a process; what it wrote to streams that are not read is empty."""
    with process:
        out, err = process.communicate(timeout=ENDS_S)
        return Said(process.returncode, out or "", err or "")


@contextmanager
def placed(
    folder: Path,
    checks: Mapping[str, Mapping[str, Any]],
    *,
    pods: Sequence[PodOutcome] = (),
    objects: Sequence[Json] | None = None,
    entries: Mapping[str, Json] | None = None,
) -> Iterator[Place]:
    """Serve a cluster in which the pods of these checks end so; `entries` changes the catalog."""
    changes = entries or {}
    catalog = folder / "data/validators/catalog.yaml"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(
        yaml.dump({"validators": [entry(name, **changes.get(name, {})) for name in checks]})
    )
    wanted = {"conformance": {"checks": [*checks]}}
    (folder / "recipe.yaml").write_text(yaml.dump({"kind": "RecipeResult", "validation": wanted}))
    cluster = ReplayCluster(
        objects=[node()] if objects is None else objects,
        outcomes=[*pods, *(script(name, **outcome) for name, outcome in checks.items())],
    )
    with ExitStack() as stack:
        server = stack.enter_context(cluster.serve())
        server.write_kubeconfig(folder / "kubeconfig")
        yield Place(folder, cluster, server, [*checks])


def wait_for(seen: Callable[[], object]) -> None:
    """Wait until there is something to see; AssertionError when it never comes."""
    until = time.monotonic() + ENDS_S
    while not seen():
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.02)


def statuses(report: Path) -> dict[str, str]:
    """The status of each check in a report, which must be a valid one."""
    document = json.loads(report.read_text())
    assert breaches_of_ctrf(document) == []
    return {test["name"]: test["status"] for test in document["results"]["tests"]}


def _results(run: Path) -> list[Path]:
    return sorted(run.glob("checks/*.json"))

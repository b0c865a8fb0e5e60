"""Numbers about runs: what the program adds to its checks, and how well it packs them."""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from orchestrator.events import CheckFinished, CheckStarted
from orchestrator.outcome import Outcome, Status
from orchestrator.run import Run
from orchestrator.settings import DEFAULT_MAX_PARALLEL, RunSettings
from orchestrator.snapshot import take
from tests.bench import cluster
from tests.orchestrator.engine import Engine, entry, script
from tests.source import ROOT

SEED = 20260101
LOCKS = ("gpu", "network", "autoscaling")
MIB_KIB = 1024


@dataclass(frozen=True)
class Timed:
    """One run: its wall time, and when each check began and had its recorded outcome."""

    wall_s: float
    turns: Mapping[str, tuple[float, float]]
    outcomes: Mapping[str, Outcome]

    def turn_s(self, name: str) -> float:
        """How long a check held its slot."""
        began, ended = self.turns[name]
        return ended - began


def timed(
    seconds: Mapping[str, float], locks: Mapping[str, str] | None = None, parallel: int = 8
) -> Timed:
    """Run checks that take so many seconds against a recorded cluster in another process."""
    planned, given = cluster.checks(seconds, locks or {})
    began: dict[str, float] = {}
    turns: dict[str, tuple[float, float]] = {}
    outcomes: dict[str, Outcome] = {}
    with (
        TemporaryDirectory() as temporary,
        cluster.served(cluster.folder(Path(temporary), 1, seconds)) as kubeconfig,
        cluster.connected(kubeconfig) as kube,
    ):
        looked_at = take(kube)
        settings = RunSettings(max_parallel=parallel)
        with Run(planned, given, kube, settings, looked_at=looked_at) as run:
            run.deploy()
            for event in run.events():
                now = time.monotonic()
                if isinstance(event, CheckStarted):
                    began[event.planned.name] = now
                if isinstance(event, CheckFinished):
                    turns[event.outcome.check] = (began[event.outcome.check], now)
                    outcomes[event.outcome.check] = event.outcome
            run.wait()
    unwell = [name for name, found in outcomes.items() if found.status is not Status.PASSED]
    if unwell:
        raise SystemExit(f"not measured: {unwell[0]}: {outcomes[unwell[0]].message}")
    phase = run.result().phases[1]
    return Timed(phase.stopped - phase.started, turns, outcomes)


def overhead_p95_s(count: int = 40) -> float:
    """What a check takes beyond its Job's way to a running container and its own run."""
    found = timed({f"check-{number}": 0.2 for number in range(count)}, parallel=1)
    added = [
        found.turn_s(name) - outcome.split.until_running_s - (outcome.split.run_s or 0)
        for name, outcome in found.outcomes.items()
    ]
    return statistics.quantiles(added, n=20)[-1]


def makespan_ratio(count: int = 50) -> float:
    """The time of a phase against the least that its checks' own times allow."""
    dice = random.Random(SEED)  # noqa: S311 - for equal runs
    seconds = {f"check-{number}": round(dice.uniform(0.2, 4.0), 1) for number in range(count)}
    locks = {name: dice.choice(LOCKS) for name in seconds if dice.random() < 0.5}
    found = timed(seconds, locks)
    took = {name: found.turn_s(name) for name in seconds}
    chains = [sum(took[name] for name, lock in locks.items() if lock == item) for item in LOCKS]
    return found.wall_s / max(*chains, *took.values(), sum(took.values()) / DEFAULT_MAX_PARALLEL)


def parallel_vs_serial(count: int = 16) -> float:
    """The time of a phase by default against its checks one after another."""
    seconds = {f"check-{number}": 1.0 for number in range(count)}
    return timed(seconds).wall_s / timed(seconds, parallel=1).wall_s


def api_calls_per_check(count: int = 20) -> float:
    """Requests a check costs beside those for its account, which it has no rights beyond."""
    identity = 2  # the account, made and removed

    def requests(number: int) -> int:
        names = [f"check-{at}" for at in range(number)]
        done = Engine([entry(name) for name in names], [script(name) for name in names]).run()
        return len(done.cluster.requests)

    return (requests(count + 1) - requests(1)) / count - identity


def rss_mib(count: int = 50, nodes: int = 1000) -> float:
    """The memory of the command with many checks on a large cluster."""
    seconds = {f"check-{number}": 0.2 for number in range(count)}
    with TemporaryDirectory() as temporary:
        place = cluster.folder(Path(temporary, "cluster"), nodes, seconds)
        data = Path(temporary, "data/validators/catalog.yaml")
        data.parent.mkdir(parents=True)
        data.write_text(yaml.dump({"validators": [entry(name) for name in seconds]}))
        wanted = {"kind": "RecipeResult", "validation": {"conformance": {"checks": [*seconds]}}}
        recipe = Path(temporary, "recipe.yaml")
        recipe.write_text(yaml.dump(wanted))
        with cluster.served(place) as kubeconfig:
            command = [sys.executable, "-m", "orchestrator", "validate", "--recipe", str(recipe)]
            command += ["--kubeconfig", str(kubeconfig), "--data", str(data.parents[1])]
            command += ["-o", str(Path(temporary, "report.json"))]
            env = {**os.environ, "XDG_STATE_HOME": temporary}
            with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as run:
                _, status, used = os.wait4(run.pid, 0)
                run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"not measured: the command ended with {run.returncode}")
    return used.ru_maxrss / MIB_KIB

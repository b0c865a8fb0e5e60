"""`make bench-cluster`: eleven checks that pass at once on a real node, and where time goes.

Once on the cluster as it is, and once beside a thousand nodes and five thousand pods (`large_`).
"""

import json
import logging
import os
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rich.console import Console
from rich.table import Table

from helper.kube import Kube
from helper.resource import Json
from orchestrator.signals import answered
from orchestrator.verdict import Stage
from tests.bench.__main__ import machine
from tests.bench.crowd import NODE_COUNT, POD_COUNT, crowded
from tests.e2e.command import write_inputs
from tests.e2e.real_cluster import (
    built_image,
    connect_to_real_cluster,
    temporary_namespace,
    wait_until_clean,
)
from tests.e2e.real_run import RealRun, entry
from tests.source import ROOT

PLACE = ROOT / "build/bench-cluster.json"
CHECKS = 11
MIB_KIB = 1024


@dataclass(frozen=True)
class Command:
    """One run of the command: from its start to its end, objects removed."""

    wall_s: float
    rss_mib: float
    clean_s: float  # from the last verdict to the end
    turnarounds: Sequence[float]  # from a check's turn to its recorded outcome
    parts: Mapping[str, float]  # medians


def trivial(image: str, count: int) -> list[Json]:
    """Catalog entries of checks that pass at once."""
    return [entry(f"trivial-{number}", image, "leave", "0") for number in range(count)]


def command(kube: Kube, run_id: str, image: str, *flags: str) -> Command:
    """Run the command on eleven checks in a namespace of its own."""
    with TemporaryDirectory() as temporary, temporary_namespace(kube, run_id) as namespace:
        folder = Path(temporary)
        report, told = folder / "report.json", folder / "events"
        argv = [sys.executable, "-m", "orchestrator", "validate", "-n", namespace]
        argv += write_inputs(folder, trivial(image, CHECKS))
        argv += ["-o", str(report), "-o", f"events={told}", *flags]
        env = {**os.environ, "XDG_STATE_HOME": temporary}
        began = time.monotonic()
        with subprocess.Popen(argv, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as run:
            _, status, used = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - began
        if run.returncode:
            raise SystemExit(f"not measured: the command ended with {run.returncode}")
        tests = json.loads(report.read_text())["results"]["tests"]
        events = [json.loads(line) for line in told.read_text().splitlines()]
    checks = by_check(events)
    finished = [each["check-finished"] for each in checks.values()]
    return Command(
        wall_s,
        used.ru_maxrss / MIB_KIB,
        moment(events[-1]) - max(finished),
        [each["check-finished"] - each["check-started"] for each in checks.values()],
        parts(checks, tests),
    )


def by_check(events: Sequence[Json]) -> dict[str, dict[str, float]]:
    """When each check had which event or stage, for the first time."""
    found: dict[str, dict[str, float]] = {}
    for event in events:
        if "check" in event:
            happened: str = event.get("stage") or event["event"]
            found.setdefault(event["check"], {}).setdefault(happened, moment(event))
    return found


def moment(event: Json) -> float:
    """When something was told."""
    return datetime.fromisoformat(event["time"]).timestamp()


def parts(checks: Mapping[str, Mapping[str, float]], tests: Sequence[Json]) -> dict[str, float]:
    """Where the turnaround of a check goes: medians of what was seen."""
    spans: dict[str, list[float]] = {"schedule": [], "start": [], "run": [], "collect": []}
    for seen in checks.values():
        # A stage that is over before anybody looks took no time.
        running = seen.get(Stage.RUNNING, seen["check-finished"])
        bound = seen.get(Stage.STARTING, running)
        spans["schedule"].append(bound - seen["check-started"])
        spans["start"].append(running - bound)
    for test in tests:
        spans["run"].append(test["extra"]["seconds"]["run"])
        spans["collect"].append(test["extra"]["seconds"]["collect"])
    return {name: statistics.median(seconds) for name, seconds in spans.items()}


class Requests(logging.Handler):
    """Counts the requests of this process, as the library that makes them tells its log."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count an answer; new connections are told in other words."""
        self.count += " HTTP/1" in record.getMessage()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count for a while."""
        log = logging.getLogger("urllib3.connectionpool")
        before = log.level
        log.setLevel(logging.DEBUG)
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)
            log.setLevel(before)


def api_calls_per_check(kube: Kube, run_id: str, image: str) -> float:
    """Requests that one more check costs, those for its account included."""

    def requests(count: int) -> int:
        made = Requests()
        with temporary_namespace(kube, run_id) as namespace, made.listening():
            RealRun(kube, namespace, trivial(image, count)).execute()
        return made.count

    return (requests(CHECKS) - requests(1)) / (CHECKS - 1)


@dataclass(frozen=True)
class Measured:
    """The same checks one after another and by default, and what one more of them costs."""

    serial: Command
    parallel: Command
    calls: float

    @property
    def numbers(self) -> dict[str, float]:
        """What is reported."""
        return {
            "checks": CHECKS,
            "serial_s": round(self.serial.wall_s, 2),
            "parallel_s": round(self.parallel.wall_s, 2),
            "turnaround_p50_s": round(statistics.median(self.serial.turnarounds), 2),
            "api_calls_per_check": round(self.calls, 1),
            "rss_mib": round(max(self.serial.rss_mib, self.parallel.rss_mib), 1),
        }

    @property
    def split(self) -> dict[str, float]:
        """Where the time of a check goes that runs alone."""
        found = {**self.serial.parts, "clean": self.serial.clean_s}
        return {name: round(seconds, 3) for name, seconds in found.items()}


def measure(kube: Kube, run_id: str, image: str) -> Measured:
    """Measure on the cluster as it is now."""
    return Measured(
        command(kube, run_id, image, "--max-parallel", "1"),
        command(kube, run_id, image),
        api_calls_per_check(kube, run_id, image),
    )


def main() -> int:
    """Measure, print and write down; leaves nothing in the cluster."""
    run_id = f"bench-{secrets.token_hex(4)}"
    try:
        kube = connect_to_real_cluster()
        image = built_image(kube, "e2e-act")
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        raise SystemExit(f"not measured: {error}") from None
    try:
        with answered(_leave, (signal.SIGTERM, signal.SIGHUP)):
            found = measure(kube, run_id, image)
            with temporary_namespace(kube, run_id) as home, crowded(kube, home, run_id):
                large = measure(kube, run_id, image)
        wait_until_clean(kube, run_id)
    finally:
        kube.close()
    numbers = {
        **found.numbers,
        **{f"large_{name}": value for name, value in large.numbers.items()},
    }
    show(numbers, {"": found, f"beside {NODE_COUNT} nodes and {POD_COUNT} pods": large})
    PLACE.parent.mkdir(exist_ok=True)
    splits = {"split_s": found.split, "large_split_s": large.split}
    document = {**numbers, **splits, "machine": machine()}
    PLACE.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def _leave(number: signal.Signals) -> None:
    """Let SIGTERM and a closed terminal clean up as Ctrl-C does."""
    raise SystemExit(f"not measured: {number.name} received")


def show(numbers: Mapping[str, float], by_place: Mapping[str, Measured]) -> None:
    """Print what was measured."""
    console = Console(width=100)
    table = Table("", "measured", box=None, pad_edge=False)
    for name, value in numbers.items():
        table.add_row(name, f"{value:g}")
    console.print(table)
    console.print("\nwhere the time of a check goes, in seconds; clean: of the run, after the last")
    first = next(iter(by_place.values()))
    table = Table("", *first.serial.parts, "clean", box=None, pad_edge=False)
    for place, measured in by_place.items():
        ways = {"one after another": measured.serial, "by default": measured.parallel}
        for way, run in ways.items():
            seconds = [*run.parts.values(), run.clean_s]
            title = ", ".join(filter(None, (way, place)))
            table.add_row(title, *(f"{value:.2f}" for value in seconds))
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(main())

"""Runs that are stopped or killed: what ran has ended, what was known is kept, nothing is left."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helper import contract
from helper.deadline import Deadline
from helper.kinds import CONFIG_MAPS, JOBS, PODS
from helper.kube import Kube
from helper.resource import Json, is_being_deleted, labels, name, part, text
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.plan import new_run_id
from orchestrator.settings import RunSettings
from tests.e2e.command import run, started, write_inputs
from tests.e2e.leftovers import left_behind
from tests.e2e.real_run import RealRun, entry, pod_of
from tests.e2e.rows import note
from tests.e2e.times import Times

FIRST, SECOND, THIRD = "comes-first", "comes-second", "comes-third"
BEGINS_S = ENDS_S = 180.0  # far more than a run allows its pods and its last sweep


@dataclass
class Command:
    """A `validate` that is in its second check."""

    process: subprocess.Popen[str]
    run_id: str
    report: Path
    began: float  # when its second check was seen to work

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal and wait; gives the exit code and what was said."""
        told = time.monotonic()
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=ENDS_S)
        ended = time.monotonic()
        if number != signal.SIGKILL:
            note(SECOND, f"Cancelled, {number.name}", Times(ended - told, ended - self.began))
        return self.process.returncode, said

    def results(self) -> Json:
        """The report's results."""
        found: Json = json.loads(self.report.read_text())["results"]
        return found

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """Status and message of each check in the report."""
        tests = self.results()["tests"]
        return {test["name"]: (test["status"], test.get("message", "")) for test in tests}


@pytest.fixture
def second() -> tuple[str, ...]:
    """What the second check does."""
    return ("wait",)


@pytest.fixture
def command(
    real_kube: Kube, namespace: str, acting: str, tmp_path: Path, second: tuple[str, ...]
) -> Iterator[Command]:
    entries = [
        entry(FIRST, acting, "leave", "0", phase="deployment"),
        entry(SECOND, acting, *second),
        entry(THIRD, acting, "leave", "0", phase="performance"),
    ]
    run_id, report = new_run_id(), tmp_path / "report.json"
    arguments = ["-n", namespace, "--run-id", run_id, "-o", str(report)]
    inputs = write_inputs(tmp_path, entries)
    with started("validate", *inputs, *arguments, state=tmp_path) as process:
        Deadline.after(BEGINS_S).poll(
            SECOND, lambda: begun(real_kube, namespace, SECOND, process), 0.1
        )
        yield Command(process, run_id, report, began=time.monotonic())


def begun(kube: Kube, namespace: str, check: str, process: subprocess.Popen[str]) -> str | None:
    """What a check has said as soon as it works."""
    assert process.poll() is None, process.communicate()
    pods = kube.list(PODS, namespace, labels=f"{contract.LABEL_CHECK}={check}")
    running = [name(pod) for pod in pods if text(pod, "status", "phase") == "Running"]
    return "".join(kube.log(namespace, pod, contract.CONTAINER) for pod in running) or None


def results(kube: Kube, namespace: str) -> dict[str, Json]:
    """What is kept in the cluster of each finished check."""
    maps = kube.list(CONFIG_MAPS, namespace, labels=f"{contract.LABEL_REPORT_TYPE}=ctrf")
    return {
        labels(item)[contract.LABEL_CHECK]: json.loads(part(item, "data")["result.json"])
        for item in maps
    }


@pytest.mark.usefixtures("signals_count")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, Exit.INTERRUPTED),
        (signal.SIGTERM, Exit.TERMINATED),
        (signal.SIGHUP, Exit.TERMINATED),
    ],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_signal_ends_a_run_in_order(
    real_kube: Kube, command: Command, number: signal.Signals, code: Exit
) -> None:
    ended, said = command.end(number)

    assert ended == code, said
    assert "Traceback" not in said
    assert command.verdicts() == {
        FIRST: ("passed", ""),
        SECOND: ("other", f"cancelled: {number.name} received"),
        THIRD: ("skipped", f"not run: {number.name} received"),
    }
    assert left_behind(real_kube, command.run_id) == []


@pytest.mark.parametrize("second", [("ignore",)])
def test_a_second_signal_waits_for_no_pod_and_says_what_still_ends(
    real_kube: Kube, namespace: str, command: Command
) -> None:
    command.process.send_signal(signal.SIGINT)
    Deadline.after(BEGINS_S).poll(
        "its pod to be told to end",
        lambda: is_being_deleted(pod_of(real_kube, namespace, SECOND)) or None,
        0.1,
    )
    pod = f"pods {namespace}/{name(pod_of(real_kube, namespace, SECOND))}"

    ended, said = command.end(signal.SIGINT)
    left = left_behind(real_kube, command.run_id)  # at once: the pod has 30 s to end

    assert ended == Exit.INTERRUPTED, said
    assert command.results()["environment"]["extra"]["leftovers"] == [f"{pod} (ending)"]
    assert f"left behind: {pod}" in said
    assert left == [pod]
    assert command.verdicts()[SECOND] == ("other", "cancelled: SIGINT received")


def test_a_killed_run_loses_no_result_and_can_be_removed(
    real_kube: Kube, namespace: str, command: Command, tmp_path: Path
) -> None:
    command.end(signal.SIGKILL)
    kept = results(real_kube, namespace)
    assert {check: kept[check]["status"] for check in kept} == {FIRST: "passed"}
    assert f"{JOBS.title} {namespace}/aicr-{SECOND}" in "\n".join(
        left_behind(real_kube, command.run_id)
    )

    gc = run("gc", "--run-id", command.run_id, state=tmp_path)

    assert gc.returncode == Exit.OK, gc.stderr
    assert "1 run removed" in gc.stdout
    assert left_behind(real_kube, command.run_id) == []


@pytest.mark.parametrize("second", [("wait", "15")])
def test_a_killed_run_goes_on_and_runs_nothing_that_was_over_again(
    real_kube: Kube, namespace: str, command: Command, tmp_path: Path
) -> None:
    command.end(signal.SIGKILL)
    (before,) = results(real_kube, namespace).values()
    assert pod_of(real_kube, namespace, SECOND)  # it still runs

    again = run("validate", "--resume", command.run_id, state=tmp_path)

    assert again.returncode == Exit.OK, again.stderr
    assert command.verdicts() == dict.fromkeys((FIRST, SECOND, THIRD), ("passed", ""))
    first = next(test for test in command.results()["tests"] if test["name"] == FIRST)
    times = ("start", "stop", "duration")
    assert [first[key] for key in times] == [before[key] for key in times]
    assert left_behind(real_kube, command.run_id) == []


@pytest.mark.parametrize(
    ("mode", "second_of_phase"),
    [("phase", Status.PASSED), ("check", Status.SKIPPED)],
)
def test_a_failure_keeps_later_work_from_starting(
    real_kube: Kube, namespace: str, acting: str, mode: str, second_of_phase: Status
) -> None:
    entries = [
        entry("fails", acting, "leave", "1", "bad", timeout="9m"),  # the longest goes first
        entry("is-next", acting, "leave", "0"),
        entry(THIRD, acting, "leave", "0", phase="performance"),
    ]

    finished = RealRun(
        real_kube, namespace, entries, RunSettings(max_parallel=1, fail_fast=mode)
    ).execute()

    assert finished.result.exit == Exit.FAILED
    assert finished.outcome("is-next").status is second_of_phase
    third = finished.outcome(THIRD)
    assert (third.status, third.message) == (
        Status.SKIPPED,
        "skipped due to previous phase failure",
    )
    assert finished.left == []

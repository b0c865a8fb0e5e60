"""What holds for a check however it is run: as a Job, or as a process of this machine."""

import sys
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator import executors
from orchestrator.errors import UsageError
from orchestrator.events import CheckFinished, CheckProgressed, CheckSaid, CheckStarted, Event
from orchestrator.executor import Executor
from orchestrator.exits import Exit
from orchestrator.jobs import Jobs
from orchestrator.outcome import Status
from orchestrator.plan import PlannedCheck
from orchestrator.processes import Processes
from orchestrator.settings import RunSettings
from tests.orchestrator.engine import IMAGE, Engine, Finished, entry

PRELUDE = "import json, os, signal, sys, time; root = os.environ['AICR_FILE_ROOT']; "
REASON = "open(root + '/dev/termination-log', 'w').write({!r}); "


def code_of(planned: PlannedCheck) -> Sequence[str]:
    assert planned.entry
    return (sys.executable, *planned.entry.args)


EXECUTORS = (Jobs(), Processes(command=code_of))


@pytest.fixture(params=EXECUTORS, ids=lambda item: item.name)
def executor(request: pytest.FixtureRequest) -> Executor:
    found: Executor = request.param
    return found


def check(code: str, name: str = "alpha", **changes: Any) -> dict[str, Any]:
    return entry(name, **{"args": ["-c", PRELUDE + code], **changes})


def engine(executor: Executor, *entries: dict[str, Any], **changes: Any) -> Engine:
    return Engine(entries, images={IMAGE: [sys.executable]}, executor=executor, **changes)


def check_of(event: CheckStarted | CheckFinished) -> str:
    return event.planned.name if isinstance(event, CheckStarted) else event.outcome.check


def run(executor: Executor, code: str, **changes: Any) -> Finished:
    return engine(executor, check(code, **changes)).run()


@pytest.mark.parametrize(
    ("exit_code", "status", "raw"),
    [
        (0, Status.PASSED, ""),
        (1, Status.FAILED, ""),
        (2, Status.SKIPPED, ""),
        (3, Status.OTHER, "Exit:3"),
        (143, Status.OTHER, "Exit:143"),
    ],
)
def test_the_exit_status_is_the_verdict(
    executor: Executor, exit_code: int, status: Status, raw: str
) -> None:
    code = REASON.format("because") if exit_code else ""
    outcome = run(executor, f"{code}sys.exit({exit_code})").outcome("alpha")

    assert (outcome.status, outcome.raw_status, outcome.exit_code) == (status, raw, exit_code)
    assert outcome.message.endswith("because" if exit_code else "")


@pytest.mark.parametrize(
    ("number", "raw", "exit_code"),
    [("SIGKILL", "Killed", 137), ("SIGSEGV", "Exit:139", 139), ("SIGTERM", "Exit:143", 143)],
)
def test_a_check_that_a_signal_ends_gives_no_verdict(
    executor: Executor, number: str, raw: str, exit_code: int
) -> None:
    outcome = run(executor, f"os.kill(os.getpid(), signal.{number})").outcome("alpha")

    assert (outcome.status, outcome.raw_status, outcome.exit_code) == (
        Status.OTHER,
        raw,
        exit_code,
    )


def test_what_it_prints_is_evidence_and_its_results_are_told_once(executor: Executor) -> None:
    fact = 'FACT: {"coverage": {"seen": 1, "total": 1, "unit": "nodes"}}'
    finished = run(executor, f"print('looked'); print('RESULT: well'); print({fact!r})")
    outcome = finished.outcome("alpha")

    assert outcome.stdout == ("looked", "RESULT: well")
    assert outcome.facts["coverage"]["total"] == 1
    assert [said.line for said in finished.told(CheckSaid)] == ["well"]


def test_a_failure_without_a_reason_has_the_last_words(executor: Executor) -> None:
    outcome = run(executor, "print('the last line'); sys.exit(1)").outcome("alpha")

    assert outcome.message.splitlines() == ["no reason given; its last lines:", "the last line"]


def test_long_output_is_cut(executor: Executor) -> None:
    outcome = run(executor, "print('x' * 1000000); print('y\\n' * 3000)").outcome("alpha")

    assert outcome.status is Status.PASSED
    assert len(outcome.stdout) == 1000
    assert max(map(len, outcome.stdout)) < 1000


def test_the_contract_holds(executor: Executor) -> None:
    code = (
        "read = lambda name: open(root + os.environ[name]).read(); "
        "print(read('AICR_VALIDATION_PATH') + read('AICR_SNAPSHOT_PATH')); "
        "print(*(os.environ[name] for name in ('AICR_VALIDATOR_NAME', 'AICR_VALIDATOR_PHASE', "
        "'AICR_RUN_ID', 'AICR_NAMESPACE', 'AICR_CHECK_TIMEOUT', 'KNOB')))"
    )
    planned = check(code, timeout="3m", env=[{"name": "KNOB", "value": "$(AICR_RUN_ID)-x"}])
    finished = engine(executor, planned).run()
    run_id = finished.result.run_id

    told = f"alpha conformance {run_id} aicr-validation 3m0s {run_id}-x"
    assert finished.outcome("alpha").stdout == ("{}", "{}", "", told)


def test_nothing_of_the_caller_reaches_a_check(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "tell nobody")
    monkeypatch.setenv("HF_TOKEN", "hf_tell_nobody")
    outcome = run(executor, "print(json.dumps(dict(os.environ)))").outcome("alpha")

    assert "nobody" not in str(outcome)


def test_checks_run_at_once_but_for_those_that_share_a_lock(executor: Executor) -> None:
    entries = [check("", "one", locks=["gpu"]), check("", "two", locks=["gpu"])]
    finished = engine(executor, *entries, check("", "free")).run()
    order = [
        ("start" if isinstance(event, CheckStarted) else "end", check_of(event))
        for event in finished.events
        if isinstance(event, CheckStarted | CheckFinished)
    ]
    locked = [what for what, name in order if name != "free"]

    assert {outcome.status for outcome in finished.kept} == {Status.PASSED}
    assert locked == ["start", "end", "start", "end"]


def test_a_run_that_is_stopped_ends_its_checks_and_starts_no_other(executor: Executor) -> None:
    def stop(running: Any, _cluster: object, event: Event) -> None:
        if isinstance(event, CheckProgressed) and event.stage == "running":
            running.stop.request(Exit.INTERRUPTED, "SIGINT received")

    entries = [check("time.sleep(60)", "one"), check("", "two")]
    finished = engine(executor, *entries, settings=RunSettings(max_parallel=1)).run(stop)

    first, second = finished.outcome("one"), finished.outcome("two")
    assert (first.status, first.raw_status) == (Status.OTHER, "Cancelled")
    assert (second.status, second.facts["skip"]) == (Status.SKIPPED, "not-run")
    assert finished.result.exit is Exit.INTERRUPTED
    assert not finished.result.complete


def test_a_failed_check_is_diagnosed_and_each_outcome_kept(executor: Executor) -> None:
    finished = engine(executor, check("sys.exit(1)", "bad"), check("", "good")).run()

    assert sorted(outcome.check for outcome in finished.kept) == ["bad", "good"]
    assert list(finished.diagnosed) == ["bad"]
    assert all(finished.diagnosed["bad"].values())


def test_the_time_of_a_check_is_split(executor: Executor) -> None:
    outcome = run(executor, "time.sleep(0.05)").outcome("alpha")

    split = outcome.split

    assert None not in (split.wait_s, split.collect_s, split.created)
    assert split.run_s is not None
    assert split.run_s >= (0.05 if executor.is_local else 0.0)  # a watch may see the start late


def test_fail_fast_holds_back_what_has_not_begun(executor: Executor) -> None:
    settings = RunSettings(max_parallel=1, fail_fast="check")
    entries = [check("sys.exit(1)", "one"), check("", "two")]
    finished = engine(executor, *entries, settings=settings).run()

    assert finished.outcome("two").status is Status.SKIPPED


@pytest.mark.parametrize("name", executors.NAMES)
def test_an_executor_is_known_by_its_name(name: str) -> None:
    assert executors.named(name, {}).name == name


def test_an_unknown_executor_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="want one of job, process, did you mean process"):
        executors.named("proces", {})

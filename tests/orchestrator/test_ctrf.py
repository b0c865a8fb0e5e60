import json
from typing import Any

import pytest

from orchestrator import ctrf
from orchestrator.ctrf import Environment
from orchestrator.outcome import Outcome, PhaseResult, Split, Status
from orchestrator.rundir import text
from tests.orchestrator.samples import RUN_ID, Json, outcome, phase

BARE = Outcome("alpha", "conformance", Status.PASSED)
FULL = Outcome(
    "alpha",
    "conformance",
    Status.OTHER,
    message="killed <&>",
    raw_status="Killed",
    exit_code=137,
    started=1767322245.25,
    stopped=1767322247.5,
    stdout=("evidence",),
    stderr=("time=1 level=INFO x",),
    facts={"coverage": {"seen": 1, "total": 2}},
    extra={"job": "aicr-alpha-00000000", "node": "n"},
    split=Split(wait_s=0.51234, run_s=2.25, collect_s=0.1),
)


def report(*phases: PhaseResult, **changes: Any) -> Json:
    given: Json = {
        "version": "1.2.3",
        "environment": Environment(),
        "run_id": RUN_ID,
        "started": 1767322245.0,
        "stopped": 1767322250.5,
        **changes,
    }
    return ctrf.report(list(phases), **given)


def test_optional_keys_are_left_out_when_there_is_nothing_to_say() -> None:
    assert ctrf.test(BARE) == {
        "name": "alpha",
        "status": "passed",
        "duration": 0,
        "suite": ["conformance"],
    }


def test_a_full_outcome_tells_everything_with_times_in_milliseconds() -> None:
    assert ctrf.test(FULL) == {
        "name": "alpha",
        "status": "other",
        "duration": 2250,
        "suite": ["conformance"],
        "start": 1767322245250,
        "stop": 1767322247500,
        "message": "killed <&>",
        "rawStatus": "Killed",
        "stdout": ["evidence"],
        "stderr": ["time=1 level=INFO x"],
        "extra": {
            "coverage": {"seen": 1, "total": 2},
            "job": "aicr-alpha-00000000",
            "node": "n",
            "exitCode": 137,
            "seconds": {"wait": 0.512, "run": 2.25, "collect": 0.1},
        },
    }


def test_an_exit_code_of_zero_is_told() -> None:
    assert ctrf.test(outcome(exit_code=0))["extra"]["exitCode"] == 0


@pytest.mark.parametrize(
    ("facts", "skip"),
    [
        pytest.param({"skip": "no-capacity"}, "no-capacity", id="told"),
        pytest.param({}, "unspecified", id="not-told"),
    ],
)
def test_a_skip_has_a_machine_readable_reason(facts: Json, skip: str) -> None:
    assert ctrf.test(outcome(status=Status.SKIPPED, facts=facts))["extra"]["skip"] == skip


def test_what_a_check_says_of_itself_never_replaces_what_was_seen_of_it() -> None:
    told = {"image": "forged", "exitCode": 0, "seconds": {}}

    found = ctrf.test(outcome(facts=told, extra={"image": "real"}, exit_code=1))["extra"]

    assert found == {"image": "real", "exitCode": 1, "seconds": {"run": 1.0}}


def test_a_report_names_format_tool_and_time() -> None:
    found = report()

    assert found["reportFormat"] == "CTRF"
    assert found["specVersion"] == "0.0.1"
    assert found["generatedBy"] == "aicr-orch"
    assert found["timestamp"] == "2026-01-02T02:50:50Z"
    assert found["results"]["tool"] == {"name": "aicr-orch", "version": "1.2.3"}


def test_a_version_that_is_not_known_is_left_out() -> None:
    assert report(version="")["results"]["tool"] == {"name": "aicr-orch"}


def test_a_report_counts_every_status_and_its_times() -> None:
    found = report(
        phase(outcome("a"), outcome("b", Status.FAILED)),
        phase(outcome("c", Status.OTHER), outcome("d", Status.SKIPPED), outcome("e")),
    )["results"]["summary"]

    del found["extra"]
    assert found == {
        "tests": 5,
        "passed": 2,
        "failed": 1,
        "skipped": 1,
        "pending": 0,
        "other": 1,
        "start": 1767322245000,
        "stop": 1767322250500,
    }


def test_tests_stand_in_the_order_of_phases_and_catalog() -> None:
    phases = [phase(outcome("z"), outcome("a"), name="deployment"), phase(outcome("m"))]

    assert [test["name"] for test in report(*phases)["results"]["tests"]] == ["z", "a", "m"]


def test_an_empty_run_has_an_empty_list_of_tests() -> None:
    found = report()["results"]

    assert found["tests"] == []
    assert found["summary"]["tests"] == 0


def test_the_summary_says_which_phases_proved_nothing() -> None:
    found = report(
        phase(name="deployment"),
        phase(outcome("a")),
        phase(outcome("b", Status.FAILED), name="performance"),
        complete=False,
    )["results"]["summary"]["extra"]

    assert found == {
        "complete": False,
        "phases": {
            "deployment": "not selected",
            "conformance": "passed",
            "performance": "failed",
        },
        "notProven": ["deployment", "performance"],
    }


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        pytest.param(Environment(), {}, id="nothing-known"),
        pytest.param(
            Environment("recipe.yaml", "v1", "eks-h100-inference"),
            {
                "appName": "recipe.yaml",
                "appVersion": "v1",
                "testEnvironment": "eks-h100-inference",
            },
            id="all-known",
        ),
    ],
)
def test_the_environment_names_what_was_tested(environment: Environment, told: Json) -> None:
    found = report(environment=environment)["results"]["environment"]

    assert found == {**told, "extra": {"runID": RUN_ID}}


def test_the_environment_carries_what_the_run_found_out() -> None:
    found = report(environment=Environment(extra={"server": "v1.36.2"}))

    assert found["results"]["environment"]["extra"] == {"runID": RUN_ID, "server": "v1.36.2"}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("<b>&</b>", id="markup"),
        pytest.param('"\\\x00\x1b[31m', id="control-characters"),
        pytest.param("grün 🟢", id="unicode"),
        pytest.param("line\u2028separator", id="line-separator"),
    ],
)
def test_a_report_is_json_whatever_a_check_printed(line: str) -> None:
    document = report(phase(outcome(message=line, stdout=(line,), facts={line: line})))

    assert json.loads(text(document)) == document


def test_equal_runs_give_equal_reports() -> None:
    assert text(report(phase(FULL))) == text(report(phase(FULL)))

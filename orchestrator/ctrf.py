"""Outcomes as a CTRF document, the record that every other report is made from.

https://ctrf.io/docs/specification
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestrator.outcome import Outcome, PhaseResult, PhaseStatus, Status

Json = dict[str, Any]

SPEC_VERSION = "0.0.1"  # as the reference writes it
TOOL = "aicr-orch"


@dataclass(frozen=True)
class Environment:
    """What was tested, from where, as the report's readers need it."""

    recipe: str = ""
    recipe_version: str = ""
    target: str = ""  # service-accelerator-intent
    extra: Mapping[str, Any] = field(default_factory=dict)


def test(outcome: Outcome) -> Json:
    """One check as a CTRF test."""
    found: Json = {
        "name": outcome.check,
        "status": str(outcome.status),
        "duration": round(outcome.duration_s * 1000),
        "suite": [outcome.phase],
    }
    optional = {
        "start": _millis(outcome.started),
        "stop": _millis(outcome.stopped),
        "message": outcome.message,
        "rawStatus": outcome.raw_status,
        "stdout": list(outcome.stdout),
        "stderr": list(outcome.stderr),
        "extra": _extra(outcome),
    }
    return {
        **found,
        **{key: value for key, value in optional.items() if value not in (None, "", [], {})},
    }


def report(
    phases: Sequence[PhaseResult],
    *,
    version: str,
    environment: Environment,
    run_id: str,
    started: float,
    stopped: float,
    complete: bool = True,
) -> Json:
    """All phases as one document; `complete` is false for a run that was cut short."""
    outcomes = [outcome for phase in phases for outcome in phase.outcomes]
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("passed", "failed", "skipped", "pending", "other")
    }
    return {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "timestamp": datetime.fromtimestamp(stopped, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "generatedBy": TOOL,
        "results": {
            "tool": {"name": TOOL, **({"version": version} if version else {})},
            "summary": {
                "tests": len(outcomes),
                **counts,
                "start": _millis(started),
                "stop": _millis(stopped),
                "extra": {
                    "complete": complete,
                    "phases": {phase.phase: str(phase.status) for phase in phases},
                    "notProven": [
                        phase.phase for phase in phases if phase.status is not PhaseStatus.PASSED
                    ],
                },
            },
            "tests": [test(outcome) for outcome in outcomes],
            "environment": _environment(environment, run_id),
        },
    }


def _environment(environment: Environment, run_id: str) -> Json:
    named = {
        "appName": environment.recipe,
        "appVersion": environment.recipe_version,
        "testEnvironment": environment.target,
    }
    given = {key: value for key, value in named.items() if value}
    return {**given, "extra": {"runID": run_id, **environment.extra}}


def _extra(outcome: Outcome) -> Json:
    split = outcome.split
    times = {"wait": split.wait_s, "run": split.run_s, "collect": split.collect_s}
    seconds = {key: round(value, 3) for key, value in times.items() if value is not None}
    # What a check says of itself never replaces what was seen of it.
    found: Json = {**outcome.facts, **outcome.extra}
    if outcome.exit_code is not None:
        found["exitCode"] = outcome.exit_code
    if seconds:
        found["seconds"] = seconds
    if outcome.status is Status.SKIPPED:
        found.setdefault("skip", "unspecified")
    return found


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)

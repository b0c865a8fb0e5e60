"""Outcomes as a CTRF document, the record that every other report is made from.

https://ctrf.io/docs/specification
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from helper.check import SkipCode
from helper.resource import text
from orchestrator.diagnostics import naming
from orchestrator.facts import as_list, margin
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
    build: Mapping[str, str] = field(default_factory=dict)  # of the CI that started the run
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Beside:
    """What a report tells of a check beside its outcome."""

    labels: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Json] = ()  # attachments of all its attempts


def test(outcome: Outcome) -> Json:
    """One check as a CTRF test, as it is kept by itself."""
    return _test(outcome, Beside())


def report(
    phases: Sequence[PhaseResult],
    *,
    version: str,
    environment: Environment,
    run_id: str,
    started: float,
    stopped: float,
    complete: bool = True,
    account: Mapping[str, Any] | None = None,
    others: Sequence[Outcome] = (),
    beside: Callable[[Outcome], Beside] = lambda _: Beside(),
) -> Json:
    """All phases as one document; `complete` is false for a run that was cut short.

    `account` is what the run says of itself, `others` are results that no check of a phase has,
    such as those of the readiness gate.
    """
    outcomes = [*others, *(outcome for phase in phases for outcome in phase.outcomes)]
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("passed", "failed", "skipped", "pending", "other")
    }
    timestamp = datetime.fromtimestamp(stopped, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "reportId": str(uuid5(NAMESPACE_DNS, f"{TOOL}/{run_id}/{timestamp}")),
        "runId": run_id,
        "timestamp": timestamp,
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
                    **(account or {}),
                },
            },
            "tests": [_test(outcome, beside(outcome)) for outcome in outcomes],
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
    return {**given, **environment.build, "extra": {"runID": run_id, **environment.extra}}


def _times(outcome: Outcome) -> tuple[float | None, float | None]:
    """When it started and stopped; as the watch saw it, for kubelet writes whole seconds."""
    split = outcome.split
    if split.created is None or split.wait_s is None:
        return outcome.started, outcome.stopped
    started = split.created + split.until_running_s
    if split.run_s is None:
        return split.created, started
    return started, started + split.run_s


def _test(outcome: Outcome, beside: Beside) -> Json:
    attempts = _earlier(outcome, beside.files)
    found: Json = {
        "name": outcome.check,
        "status": str(outcome.status),
        "duration": round(outcome.duration_s * 1000),
        "suite": [outcome.phase],
    }
    started, stopped = _times(outcome)
    optional = {
        "start": _millis(started),
        "stop": _millis(stopped),
        "message": outcome.message,
        "rawStatus": outcome.raw_status,
        "labels": beside.labels,
        "retries": len(attempts) or None,
        "retryAttempts": attempts,
        "stdout": list(outcome.stdout),
        "stderr": list(outcome.stderr),
        "attachments": _of_the_last(beside.files) if naming.is_worth_it(outcome) else [],
        "extra": _extra(outcome),
    }
    return {
        **found,
        **{key: value for key, value in optional.items() if value not in (None, "", [], {})},
    }


def _of_the_last(files: Iterable[Json]) -> list[Json]:
    return [item for item in files if not naming.is_of_attempt(item["name"])]


def _earlier(outcome: Outcome, files: Iterable[Json]) -> list[Json]:
    """The attempts before the last one, in the format's own words."""
    found = outcome.extra.get("earlierAttempts", [])
    own = ("message", "stdout", "stderr")
    by_attempt = {
        number: [item for item in files if item["name"].startswith(naming.of_attempt(number))]
        for number in range(1, len(found) + 1)
    }
    return [
        {
            "attempt": number,
            "status": str(Status.OTHER),  # only what gave no verdict is tried again
            **{key: attempt[key] for key in own if attempt.get(key)},
            **({"attachments": by_attempt[number]} if by_attempt[number] else {}),
            "extra": {key: value for key, value in attempt.items() if key not in own},
        }
        for number, attempt in enumerate(found, 1)
    ]


def _extra(outcome: Outcome) -> Json:
    split = outcome.split
    seconds = {key: round(value, 3) for key, value in split.parts.items()}
    # What a check says of itself never replaces what was seen of it.
    found: Json = {**outcome.facts, **outcome.extra}
    if "measured" in outcome.facts:
        found["measured"] = [_with_margin(item) for item in as_list(outcome.facts["measured"])]
    if outcome.exit_code is not None:
        found["exitCode"] = outcome.exit_code
    if seconds:
        found["seconds"] = seconds
    if split.created is not None:
        found["created"] = _millis(split.created)
    if outcome.status is Status.SKIPPED:
        found.setdefault("skip", str(SkipCode.UNSPECIFIED))
    return found


def _with_margin(measured: Any) -> Any:
    """A measured value with how far inside its threshold it is, as a share of that."""
    if not isinstance(measured, Mapping):
        return measured
    share = margin(measured.get("value"), text(measured, "threshold"))
    return measured if share is None else {**measured, "margin": round(share, 4)}


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)

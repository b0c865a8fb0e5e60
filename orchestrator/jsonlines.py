"""A run as JSON lines, one an event: for log collectors, agents and CI."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from helper.deadline import SYSTEM_CLOCK, Clock
from orchestrator import report
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    ClusterSettled,
    ClusterSettling,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
)
from orchestrator.exits import Exit
from orchestrator.levels import Level, level_of
from orchestrator.outcome import Outcome, PhaseResult, Status
from orchestrator.remaining import Remaining
from orchestrator.result import RunResult

Fields = Mapping[str, Any]


def line(level: Level, event: str, message: str, now: float, **fields: Any) -> str:
    """One event as a line of ASCII; what has no value is left out."""
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    head = {"time": moment.replace("+00:00", "Z"), "level": str(level), "event": event}
    found = {**head, **fields, "message": message}
    return json.dumps({key: value for key, value in found.items() if value not in (None, "", [])})


class JsonLines:
    """Writes events as lines; stands where the terminal stands."""

    def __init__(
        self,
        write: Callable[[str], object],
        run_id: str,
        *,
        level: Level = Level.INFO,
        planned: Mapping[str, Sequence[str]] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`planned` names the checks of each phase."""
        self._write = write
        self._planned = dict(planned or {})
        self._run_id = run_id
        self._level = level
        self._clock = clock
        self._phases: dict[str, str] = {}  # by running check
        self.trouble = ""  # what kept a line from being written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def head(self, titles: Sequence[str], _remaining: Remaining | None = None) -> None:
        """Say what is about to be tested, where."""
        fields = {"planned": self._planned or None}
        self._tell(Level.INFO, "run-started", "; ".join(titles), fields)

    def show(self, event: Event) -> None:
        """Write one event, if it matters enough."""
        name, message, fields = self._described(event)
        self._tell(level_of(event), name, message, fields)

    def summary(self, result: RunResult, places: Sequence[str], exit_code: int) -> None:
        """Say how the run ended, and where the report is."""
        said, _ = report.last_words(result)
        fields = {
            "result": result.code.label,
            "exitCode": exit_code,
            "durationMs": _millis(result.stopped - result.started),
            "audited": result.audit.was_made or None,
            "leftovers": list(result.leftovers),
            "kept": list(result.audit.kept),
            "reports": list(places),
        }
        level = Level.INFO if result.code is Exit.OK else Level.ERROR
        self._tell(level, "run-finished", said, fields, always=True)

    def broken(self, words: str, code: Exit, exit_code: int) -> None:
        """Say why a run was refused, or broke."""
        fields = {"result": code.label, "exitCode": exit_code}
        self._tell(Level.ERROR, "run-finished", words, fields, always=True)

    def _described(self, event: Event) -> tuple[str, str, Fields]:
        """The name of an event, its words, and what else is known of it."""
        match event:
            case Notice(text):
                found: tuple[str, str, Fields] = ("notice", text, {})
            case ClusterSettling(waits_for, left_s):
                fields = {"waitsFor": list(waits_for), "leftMs": _millis(left_s)}
                found = ("cluster-settling", event.words, fields)
            case ClusterSettled(convergence):
                fields = {"convergence": convergence.record()}
                found = ("cluster-settled", convergence.words, fields)
            case PhaseStarted(phase):
                fields = {"phase": phase.phase, "checks": len(phase.checks)}
                found = ("phase-started", "", fields)
            case CheckStarted(planned, _):
                self._phases[planned.name] = planned.phase
                found = ("check-started", "", self._place(planned.name))
            case CheckProgressed(check, stage, detail):
                found = ("check-progressed", detail, {**self._place(check), "stage": stage})
            case CheckSaid(check, words):
                found = ("check-said", words, self._place(check))
            case CheckFinished(outcome):
                found = ("check-finished", outcome.message, _of_outcome(outcome))
            case PhaseFinished(result):
                found = ("phase-finished", "", _of_phase(result))
        return found

    def _place(self, check: str) -> Fields:
        return {"phase": self._phases.get(check, ""), "check": check}

    def _tell(
        self, level: Level, event: str, message: str, fields: Fields, *, always: bool = False
    ) -> None:
        if always or level >= self._level:
            now = self._clock.wall()
            text = line(level, event, message, now, run=self._run_id, **fields)
            try:  # a reader that is gone takes no verdict with it
                self._write(f"{text}\n")
            except (OSError, ValueError) as error:
                self.trouble = self.trouble or str(error)


def _of_outcome(outcome: Outcome) -> Fields:
    return {
        "phase": outcome.phase,
        "check": outcome.check,
        "status": str(outcome.status),
        "rawStatus": outcome.raw_status,
        "skip": outcome.facts.get("skip") if outcome.status is Status.SKIPPED else None,
        "durationMs": _millis(outcome.duration_s),
    }


def _of_phase(result: PhaseResult) -> Fields:
    counts = {str(status): result.count(status) for status in Status}
    took = _millis(result.stopped - result.started)
    return {"phase": result.phase, "status": str(result.status), **counts, "durationMs": took}


def _millis(seconds: float) -> int:
    return round(seconds * 1000)

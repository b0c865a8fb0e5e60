"""A run, read back from its JSON lines: its plan, its events, its end."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from helper import contract
from helper.resource import number, part, text
from orchestrator import convergence
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
from orchestrator.outcome import CANCELLED, Outcome, PhaseResult, Split, Status
from orchestrator.plan import PhasePlan, Plan, PlannedCheck
from orchestrator.result import Audit, RunResult, not_run, why, without_verdict

STARTED, FINISHED = "run-started", "run-finished"
LEVELS = {"warn": "warning"}  # of a notice, as it is called here

Line = Mapping[str, Any]
Whole = Callable[[str, str], Outcome | None]  # the kept result of a phase's check


@dataclass(frozen=True)
class End:
    """How a run ended."""

    exit: Exit
    exit_code: int  # that its process ended with
    words: str
    reports: tuple[str, ...] = ()
    audit: Audit = field(default_factory=Audit)
    took_s: float | None = None  # as the run measured it, set-up aside


@dataclass
class Story:
    """What the lines of one run told so far; an event that makes no sense is left out."""

    run_id: str
    whole: Whole = lambda _phase, _check: None
    min_coverage: float = 1.0
    plan: Plan = field(init=False)
    titles: tuple[str, ...] = ()
    end: End | None = None
    has_begun: bool = False  # a run that was refused has no phase
    _outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    _phases: dict[str, PhaseResult] = field(default_factory=dict)
    _said: dict[str, list[str]] = field(default_factory=dict)
    _started: set[tuple[str, str]] = field(default_factory=set)
    _times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = Plan(self.run_id, "", ())

    def hear(self, line: Line, now: float = 0.0) -> Event | None:
        """Take in one line; gives its event, if it has one that a listener can be shown."""
        told, at = text(line, "event"), _moment(line)
        self._times.append(at)
        if self.end:
            return None  # what is said behind it is no part of the run
        if told == STARTED:
            self.plan = _plan(self.run_id, line.get("planned"))
            self.titles = tuple(filter(None, text(line, "message").split("; ")))
            return None
        if told == FINISHED:
            self.end = _end(line)
            return None
        event = self._event(told, line, max(0.0, now - at) if now else 0.0)
        if isinstance(event, CheckFinished):
            self._outcomes[event.outcome.phase, event.outcome.check] = event.outcome
        elif isinstance(event, CheckStarted):
            self._started.add((event.planned.phase, event.planned.name))
        elif isinstance(event, PhaseFinished):
            self._phases[event.result.phase] = event.result
        self.has_begun = self.has_begun or isinstance(event, PhaseStarted)
        return event

    def said(self, check: str) -> Sequence[str]:
        """What a check wanted the operator to see."""
        return self._said.get(check, ())

    def has_started(self, check: str) -> bool:
        """Whether a check was begun."""
        return any(name == check for _, name in self._started)

    def outcome(self, check: str) -> Outcome | None:
        """How a check ended, if it did."""
        return next((item for (_, name), item in self._outcomes.items() if name == check), None)

    def result(self) -> RunResult:
        """What the run has to say as far as it was told; what was not is not run."""
        end = self.end or End(Exit.INTERNAL, int(Exit.INTERNAL), "")
        phases = tuple(self._phases.get(item.phase) or self._so_far(item) for item in self._planned)
        began, ended = min(self._times, default=0.0), max(self._times, default=0.0)
        if end.took_s is not None:
            began = ended - end.took_s
        return RunResult(self.run_id, phases, end.exit, began, ended, end.audit)

    @property
    def _planned(self) -> Iterable[PhasePlan]:
        return self.plan.phases

    def _event(self, told: str, line: Line, ago_s: float) -> Event | None:
        words, check, phase = (text(line, key) for key in ("message", "check", "phase"))
        phase_plan = next((item for item in self._planned if item.phase == phase), None)
        planned = [item for item in phase_plan.checks if item.name == check] if phase_plan else []
        found: Event | None = None
        match told:
            case "notice":
                level = text(line, "level")
                found = Notice(words, LEVELS.get(level, level))
            case "cluster-settling":
                left_s = (number(line, "leftMs") or 0) / 1000
                found = ClusterSettling(_texts(line, "waitsFor"), max(0.0, left_s - ago_s))
            case "cluster-settled":
                found = ClusterSettled(convergence.parse(part(line, "convergence")))
            case "phase-started" if phase_plan:
                found = PhaseStarted(phase_plan)
            case "phase-finished" if phase_plan:
                found = PhaseFinished(self._finished(phase_plan, line))
            case "check-started" if planned:
                found = CheckStarted(planned[0], ago_s)
            case "check-finished" if planned:
                found = self._check_finished(planned[0], line)
            case "check-progressed":
                found = CheckProgressed(check, text(line, "stage"), words)
            case "check-said":
                self._said.setdefault(check, []).append(f"{contract.RESULT_PREFIX}{words}")
                found = CheckSaid(check, words)
        return found

    def _check_finished(self, planned: PlannedCheck, line: Line) -> CheckFinished | None:
        try:
            status = Status(text(line, "status"))
        except ValueError:
            return None
        skip = text(line, "skip")
        took = number(line, "durationMs")
        told = Outcome(
            planned.name,
            planned.phase,
            status,
            text(line, "message"),
            text(line, "rawStatus"),
            stdout=tuple(self._said.get(planned.name, ())),
            facts={"skip": skip} if skip else {},
            split=Split(run_s=took / 1000 if took else None),
        )
        kept = self.whole(planned.phase, planned.name)
        return CheckFinished(kept if kept and kept.status is status else told)

    def _finished(self, phase: PhasePlan, line: Line) -> PhaseResult:
        ended = _moment(line)
        took_s = (number(line, "durationMs") or 0) / 1000
        return PhaseResult(
            phase.phase, self._of(phase), ended - took_s, ended, min_coverage=self.min_coverage
        )

    def _so_far(self, phase: PhasePlan) -> PhaseResult:
        return PhaseResult(phase.phase, self._of(phase), min_coverage=self.min_coverage)

    def _of(self, phase: PhasePlan) -> tuple[Outcome, ...]:
        return tuple(
            self._outcomes.get((phase.phase, item.name)) or self._missing(item)
            for item in phase.checks
        )

    def _missing(self, planned: PlannedCheck) -> Outcome:
        if (planned.phase, planned.name) in self._started:
            return without_verdict(planned, "had not ended when the run did", CANCELLED)
        return not_run(planned, why("the run ended before"))


def parse(data: bytes) -> Line | None:
    """Read one line; None for what is no event, such as a line that was cut off."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("event"), str) else None


def last_part(lines: list[Line]) -> list[Line]:
    """The lines since the run was last started; it may have gone on after it was cut short."""
    starts = [at for at, line in enumerate(lines) if line["event"] == STARTED]
    return lines[starts[-1] :] if starts else lines


def _plan(run_id: str, planned: Any) -> Plan:
    phases = [
        PhasePlan(phase, tuple(PlannedCheck(str(name), phase, "") for name in names))
        for phase, names in part({"planned": planned}, "planned").items()
        if isinstance(names, list)
    ]
    return Plan(run_id, "", tuple(phases))


def _end(line: Line) -> End:
    by_label = {code.label: code for code in Exit}
    code = by_label.get(text(line, "result"), Exit.INTERNAL)
    ended, took_ms = number(line, "exitCode"), number(line, "durationMs")
    return End(
        code,
        int(code) if ended is None else ended,
        text(line, "message"),
        _texts(line, "reports"),
        Audit(line.get("audited") is True, _texts(line, "leftovers"), _texts(line, "kept")),
        None if took_ms is None else took_ms / 1000,
    )


def _texts(line: Line, key: str) -> tuple[str, ...]:
    found = line.get(key)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _moment(line: Line) -> float:
    try:
        return datetime.fromisoformat(text(line, "time")).timestamp()
    except (ValueError, OverflowError):
        return 0.0

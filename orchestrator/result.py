"""What a run has to say in the end, and what it says of checks that never started."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from helper.deadline import SYSTEM_CLOCK, Clock
from orchestrator.exits import Exit, worst
from orchestrator.outcome import (
    DEFAULT_FAIL_ON,
    DESELECTED,
    NO_CLUSTER,
    NOT_RUN,
    UNKNOWN_CHECK,
    Outcome,
    PhaseResult,
    Status,
    exits,
)
from orchestrator.plan import NOT_BUILT, PhasePlan, Plan, PlannedCheck

ORCHESTRATOR = "orchestrator"  # suite and name of what broke a run, in its report


@dataclass(frozen=True)
class RunResult:
    """Everything that a run has to say."""

    run_id: str
    phases: tuple[PhaseResult, ...]
    exit: Exit
    started: float  # seconds since 1970
    stopped: float
    leftovers: tuple[str, ...] = ()
    failure: str = ""  # why the run could not go on, if it could not

    @property
    def complete(self) -> bool:
        """Whether every selected check had its chance."""
        ran = [outcome for phase in self.phases for outcome in phase.outcomes]
        return not self.failure and not any(item.was_cut_short for item in ran)


def without_cluster(plan: Plan, clock: Clock = SYSTEM_CLOCK) -> RunResult:
    """The result of a dry run: every selected check is skipped, nothing is asked of a cluster."""

    def outcome(planned: PlannedCheck) -> Outcome:
        skipped = not_run(planned, "skipped - no-cluster mode")
        return replace(skipped, facts={"skip": NO_CLUSTER})

    now = clock.wall()
    phases = tuple(
        PhaseResult(
            phase.phase,
            tuple(refused(item) if item.refusal else outcome(item) for item in phase.checks),
            now,
            now,
        )
        for phase in plan.phases
    )
    code = worst(exits(phases, DEFAULT_FAIL_ON))
    return RunResult(plan.run_id, phases, code, now, now)


def cut_short(
    plan: Plan,
    code: Exit,
    reason: str,
    found: Mapping[tuple[str, str], Outcome],
    clock: Clock = SYSTEM_CLOCK,
) -> RunResult:
    """The result of a run that was refused or broke; what was `found` until then stands."""
    now = clock.wall()
    words = why(reason.split("\n", 1)[0])

    def outcomes(phase: PhasePlan) -> tuple[Outcome, ...]:
        return tuple(
            found.get((phase.phase, planned.name)) or not_run(planned, words)
            for planned in phase.checks
        )

    phases = tuple(PhaseResult(phase.phase, outcomes(phase), now, now) for phase in plan.phases)
    return RunResult(plan.run_id, phases, code, now, now, failure=reason)


def refused(planned: PlannedCheck) -> Outcome:
    """The outcome of a check that cannot run at all."""
    if planned.is_optional or planned.is_deselected:
        skipped = Outcome(planned.name, planned.phase, Status.SKIPPED, planned.refusal)
        code = DESELECTED if planned.is_deselected else UNKNOWN_CHECK
        return replace(skipped, facts={"skip": code})
    raw = "NotImplemented" if planned.refusal == NOT_BUILT else "UnknownCheck"
    return Outcome(planned.name, planned.phase, Status.OTHER, planned.refusal, raw)


def not_run(planned: PlannedCheck, reason: str) -> Outcome:
    """The outcome of a check that was not started."""
    if planned.is_deselected:  # nor would have been
        return refused(planned)
    left_out = Outcome(planned.name, planned.phase, Status.SKIPPED, reason)
    return replace(left_out, facts={"skip": NOT_RUN})


def without_verdict(planned: PlannedCheck, words: str, raw_status: str) -> Outcome:
    """The outcome of a check that nobody can judge."""
    return Outcome(planned.name, planned.phase, Status.OTHER, words, raw_status)


def why(cause: str) -> str:
    """The message of a check that was not started for a cause."""
    return f"not run: {cause}"

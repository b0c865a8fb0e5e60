"""What a run has to say in the end, and what it says of checks that never started."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from helper.check import SkipCode
from helper.deadline import SYSTEM_CLOCK, Clock
from orchestrator.errors import NOT_STARTED
from orchestrator.exits import Exit, worst
from orchestrator.outcome import (
    DEFAULT_FAIL_ON,
    Outcome,
    PhaseResult,
    Status,
    exits,
)
from orchestrator.plan import NOT_BUILT, PhasePlan, Plan, PlannedCheck


@dataclass(frozen=True)
class Audit:
    """The last look for objects of a run, after its clean-up."""

    was_made: bool = False  # nothing was created, or nobody could look, where it was not
    left: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()  # Jobs that were to stay


@dataclass(frozen=True)
class RunResult:
    """Everything that a run has to say."""

    run_id: str
    phases: tuple[PhaseResult, ...]
    exit: Exit
    started: float  # seconds since 1970
    stopped: float
    audit: Audit = Audit()
    failure: str = ""  # why the run could not go on, if it could not
    is_delivered: bool = True  # whether every report that was asked for has its place
    resumed_at: float | None = None  # when it went on; None for a run in one part

    @property
    def code(self) -> Exit:
        """What the command ends with: a green run whose report nobody has is no green run."""
        return Exit.INTERNAL if self.exit is Exit.OK and not self.is_delivered else self.exit

    @property
    def earlier(self) -> tuple[Outcome, ...]:
        """The results from before it was cut short."""
        return tuple(item for phase in self.phases for item in phase.outcomes if item.is_resumed)

    @property
    def pause_s(self) -> float:
        """How long nothing was done for it, since the last result of before it was cut short."""
        ends = [item.stopped for item in self.earlier if item.stopped is not None]
        if self.resumed_at is None or not ends:
            return 0.0
        return max(0.0, self.resumed_at - max(ends))

    @property
    def leftovers(self) -> tuple[str, ...]:
        """What should be gone and is still there."""
        return self.audit.left

    @property
    def complete(self) -> bool:
        """Whether every selected check had its chance."""
        ran = [outcome for phase in self.phases for outcome in phase.outcomes]
        return not self.failure and not any(item.was_cut_short for item in ran)


def since(phases: Iterable[PhaseResult], started: float) -> float:
    """When a run began that is in several parts, the last of which `started` then."""
    found = (item for phase in phases for item in phase.outcomes if item.is_resumed)
    return min([started, *(item.began for item in found if item.began is not None)])


def without_cluster(plan: Plan, clock: Clock = SYSTEM_CLOCK) -> RunResult:
    """The result of a dry run: every selected check is skipped, nothing is asked of a cluster."""

    def outcome(planned: PlannedCheck) -> Outcome:
        return skipped(planned, "skipped - no-cluster mode", SkipCode.NO_CLUSTER)

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
    words = why(reason.split("\n", 1)[0].removeprefix(NOT_STARTED))

    def outcomes(phase: PhasePlan) -> tuple[Outcome, ...]:
        return tuple(
            found.get((phase.phase, planned.name)) or not_run(planned, words)
            for planned in phase.checks
        )

    phases = tuple(PhaseResult(phase.phase, outcomes(phase), now, now) for phase in plan.phases)
    began = min([now, *(item.began for item in found.values() if item.began is not None)])
    return RunResult(plan.run_id, phases, code, began, now, failure=reason)


def resumed(found: Outcome) -> Outcome:
    """A result from before the run was cut short, which stands."""
    return replace(found, extra={**found.extra, "resumed": True})


def refused(planned: PlannedCheck) -> Outcome:
    """The outcome of a check that cannot run at all."""
    if planned.skip:
        return skipped(planned, planned.refusal, planned.skip)
    raw = "NotImplemented" if planned.refusal == NOT_BUILT else "UnknownCheck"
    return Outcome(planned.name, planned.phase, Status.OTHER, planned.refusal, raw)


def not_run(planned: PlannedCheck, reason: str, code: SkipCode = SkipCode.NOT_RUN) -> Outcome:
    """The outcome of a check that was not started."""
    if planned.skip:  # nor would have been
        return refused(planned)
    return skipped(planned, reason, code)


def skipped(planned: PlannedCheck, reason: str, code: SkipCode) -> Outcome:
    """The outcome of a check that was left out for a reason that machines know, too."""
    return Outcome(planned.name, planned.phase, Status.SKIPPED, reason, facts={"skip": str(code)})


def without_verdict(planned: PlannedCheck, words: str, raw_status: str) -> Outcome:
    """The outcome of a check that nobody can judge."""
    return Outcome(planned.name, planned.phase, Status.OTHER, words, raw_status)


def why(cause: str) -> str:
    """The message of a check that was not started for a cause."""
    return f"not run: {cause}"

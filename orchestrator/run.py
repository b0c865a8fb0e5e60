"""One run: prepare, phases in order, checks of a phase in parallel, and always clean up."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from helper.deadline import SYSTEM_CLOCK, Clock, Deadline
from helper.errors import CannotTell, Forbidden, KubeError, Unreachable
from helper.kube import Kube
from orchestrator import ctrf
from orchestrator.errors import StopError
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckStarted,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
)
from orchestrator.exits import Exit, worst
from orchestrator.leases import Blocked, Holder, Leases, Stopped
from orchestrator.lifecycle import CheckLife
from orchestrator.manifests import RunContext
from orchestrator.outcome import (
    DEFAULT_FAIL_ON,
    NO_CLUSTER,
    NOT_RUN,
    Outcome,
    PhaseResult,
    PhaseStatus,
    Status,
    exits,
)
from orchestrator.plan import NOT_BUILT, PhasePlan, Plan, PlannedCheck
from orchestrator.schedule import startable
from orchestrator.sightings import Sightings
from orchestrator.stop import Stop
from orchestrator.verdict import PATIENCE_S, Stage
from orchestrator.workspace import Workspace

API_PATIENCE_S = 60.0
SWEEP_S = 30.0
HURRIED_SWEEP_S = 5.0
DEFAULT_MAX_PARALLEL = 8


@dataclass(frozen=True)
class RunSettings:
    """How a run proceeds; what it runs is in its plan."""

    max_parallel: int = DEFAULT_MAX_PARALLEL
    fail_fast: str = ""  # "phase": skip later phases; "check": start no further check either
    keep: bool = False  # leave all objects where they are
    wait_for_locks: bool = True  # that other runs hold
    min_coverage: float = 1.0
    fail_on: tuple[str, ...] = DEFAULT_FAIL_ON
    timeout_s: float | None = None
    patience_s: Mapping[Stage, float] = field(default_factory=lambda: PATIENCE_S)


@dataclass(frozen=True)
class RunResult:
    """Everything that a run has to say."""

    run_id: str
    phases: tuple[PhaseResult, ...]
    exit: Exit
    started: float
    stopped: float
    leftovers: tuple[str, ...] = ()
    failure: str = ""  # why the run could not go on, if it could not

    @property
    def complete(self) -> bool:
        """Whether every selected check had its chance."""
        ran = [o for phase in self.phases for o in phase.outcomes]
        return not self.failure and not any(o.facts.get("skip") == NOT_RUN for o in ran)


@dataclass
class _State:
    """What the threads of a run share, guarded by the run's condition."""

    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)  # by phase, check
    active: set[str] = field(default_factory=set)  # without an outcome yet
    locks: dict[str, frozenset[str]] = field(default_factory=dict)  # held until cleaned up
    threads: list[threading.Thread] = field(default_factory=list)


class Run:
    """Executes a plan in a cluster; may be stopped from another thread or a signal handler."""

    def __init__(
        self,
        plan: Plan,
        kube: Kube,
        context: RunContext,
        *,
        settings: RunSettings | None = None,
        stop: Stop | None = None,
        keep: Callable[[Outcome], None] = lambda _: None,
        emit: Callable[[Event], None] = lambda _: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`keep` stores an outcome before anything else happens; `emit` is told every event."""
        self._plan = plan
        self._settings = settings or RunSettings()
        self._keep = keep
        self._emit_lock = threading.Lock()
        self._listener = emit
        self._clock = clock
        self._state = _State()
        self._leftovers: tuple[str, ...] = ()
        self.stop = Stop() if stop is None else stop  # a Stop that nobody asked for is falsy
        self._changed = self.stop.changed
        # An API server that restarts in the middle of a run must not change a verdict.
        patient = kube.patient(API_PATIENCE_S)
        self._workspace = Workspace(patient, context)
        self._sightings = Sightings(patient, context.namespace, plan.run_id, self._changed, clock)
        self._leases = Leases(
            kube,
            context.namespace,
            plan.run_id,
            self.stop,
            wait=self._settings.wait_for_locks,
            warn=lambda words: self._emit(Notice(words, "warning")),
            clock=clock,
        )

    def execute(self, record: Mapping[str, str], data: Mapping[str, str]) -> RunResult:
        """Run everything; `record` describes the run, `data` is what checks find mounted."""
        started = self._clock.wall()
        phases: list[PhaseResult] = []
        codes: set[Exit] = set()
        failure = ""
        with ExitStack() as cleanup:
            cleanup.callback(self._clean_up)  # armed before the first object exists
            cleanup.callback(self._sightings.stop)
            cleanup.callback(self._leases.close)
            cleanup.callback(self._join)
            try:
                if not self.stop:
                    self._workspace.prepare(record, data)
                    self._sightings.start()
                self._run_phases(phases)
            except (CannotTell, StopError) as error:
                failure, code = str(error), _code_of(error)
                codes.add(code)
                self._emit(Notice(failure, "error"))
                self.stop.request(code, failure)
            except BaseException as error:
                self.stop.request(Exit.INTERNAL, f"internal error: {type(error).__name__}")
                raise
            rest = self._plan.phases[len(phases) :]
            phases += [self._skip_phase(phase, _why(failure or self.stop.reason)) for phase in rest]
        codes |= exits(phases, self._settings.fail_on)
        if self.stop.cause:
            codes.add(self.stop.cause)
        if self._leftovers:
            codes.add(Exit.LEFTOVERS)
        return RunResult(
            self._plan.run_id,
            tuple(phases),
            worst(codes),
            started,
            self._clock.wall(),
            self._leftovers,
            failure,
        )

    def _run_phases(self, phases: list[PhaseResult]) -> None:
        timeout_s = self._settings.timeout_s
        deadline = Deadline.after(timeout_s, self._clock) if timeout_s else None
        broken = False
        for phase in self._plan.phases:
            if self.stop:
                result = self._skip_phase(phase, _why(self.stop.reason))
            elif broken and self._settings.fail_fast:
                result = self._skip_phase(phase, "skipped due to previous phase failure")
            else:
                result = self._run_phase(phase, deadline)
            phases.append(result)
            broken = broken or result.status in (PhaseStatus.FAILED, PhaseStatus.OTHER)
            self._emit(PhaseFinished(result))

    def _run_phase(self, phase: PhasePlan, deadline: Deadline | None) -> PhaseResult:
        self._emit(PhaseStarted(phase))
        started = self._clock.wall()
        waiting = [planned for planned in phase.checks if not planned.refusal]
        for planned in phase.checks:
            if planned.refusal:
                self._finish(_refused(planned))
        # Nothing is emitted under the lock: a listener may call `stop.request`, which takes it.
        while True:
            with self._changed:
                dropped = self._dropped(waiting, phase, deadline)
                chosen = [] if dropped else self._chosen(waiting)
                if not (dropped or chosen):
                    if not waiting and not self._state.active:
                        break
                    self._changed.wait(deadline.remaining_s() if deadline else None)
            for outcome in dropped:
                self._finish(outcome)
            for planned in chosen:
                self._start(planned)
        outcomes = tuple(self._state.outcomes[phase.phase, item.name] for item in phase.checks)
        return PhaseResult(
            phase.phase, outcomes, started, self._clock.wall(), self._settings.min_coverage
        )

    def _dropped(
        self, waiting: list[PlannedCheck], phase: PhasePlan, deadline: Deadline | None
    ) -> list[Outcome]:
        """Take out all waiting checks when no further check may start; gives their outcomes."""
        if deadline and not self.stop and deadline.remaining_s() <= 0:
            self.stop.request(Exit.TIMEOUT, "the run's time is up")
        reason = _why(self.stop.reason) if self.stop else ""
        if not reason and self._settings.fail_fast == "check":
            found = (self._state.outcomes.get((phase.phase, item.name)) for item in phase.checks)
            if any(o and o.status in (Status.FAILED, Status.OTHER) for o in found):
                reason = "skipped due to previous check failure"
        if not reason:
            return []
        outcomes = [_not_run(planned, reason) for planned in waiting]
        waiting.clear()
        return outcomes

    def _chosen(self, waiting: list[PlannedCheck]) -> list[PlannedCheck]:
        """Take out the checks that may start now, and hold slots and locks for them."""
        held = [lock for locks in self._state.locks.values() for lock in locks]
        free = self._settings.max_parallel - len(self._state.active)
        chosen = list(startable(waiting, held, free))
        for planned in chosen:
            waiting.remove(planned)
            self._state.active.add(planned.name)
            self._state.locks[planned.name] = planned.locks
        return chosen

    def _start(self, planned: PlannedCheck) -> None:
        """Give a check a thread of its own, from identity to clean-up."""
        thread = threading.Thread(target=self._live, args=(planned,), name=planned.name)
        self._state.threads.append(thread)
        self._emit(CheckStarted(planned))
        thread.start()

    def _live(self, planned: PlannedCheck) -> None:
        try:
            hindrance = self._hindrance(planned)
            if hindrance:
                self._persist(planned, hindrance)
                self._finish(hindrance)
            else:
                self._run_check(planned)
        finally:
            self._leases.release(planned.locks)
            with self._changed:
                self._state.locks.pop(planned.name, None)
                self._changed.notify_all()

    def _hindrance(self, planned: PlannedCheck) -> Outcome | None:
        """Take the check's locks from other runs; the outcome of a check that cannot have them."""

        def waiting(holder: Holder) -> None:
            self._emit(Notice(f"{planned.name} waits: {holder}"))
            self._emit(CheckProgressed(planned.name, "waiting for a lock", str(holder)))

        def unfit(words: str, raw: str) -> Outcome:
            return Outcome(planned.name, planned.phase, Status.OTHER, words, raw)

        try:
            self._leases.acquire(planned.locks, waiting)
        except Stopped as error:
            return _not_run(planned, _why(str(error)))
        except Blocked as error:
            return unfit(str(error), "Blocked")
        except KubeError as error:
            return unfit(f"its locks cannot be taken: {error}", "LockError")
        except Exception as error:
            return unfit(_internal(error), "InternalError")
        return None

    def _run_check(self, planned: PlannedCheck) -> None:
        life = CheckLife(
            planned,
            workspace=self._workspace,
            sightings=self._sightings,
            stop=self.stop,
            emit=self._emit,
            patience_s=self._settings.patience_s,
            clock=self._clock,
        )
        try:
            outcome = life.run()
        except Exception as error:
            words, raw = _internal(error), "InternalError"
            outcome = Outcome(planned.name, planned.phase, Status.OTHER, words, raw)
        self._persist(planned, outcome)
        self._finish(outcome)
        life.clean(keep=self._settings.keep)

    def _persist(self, planned: PlannedCheck, outcome: Outcome) -> None:
        self._keep(outcome)
        try:
            self._workspace.persist(planned, ctrf.test(outcome))
        except KubeError as error:
            self._emit(
                Notice(f"result of {planned.name} is not kept in the cluster: {error}", "warning")
            )

    def _finish(self, outcome: Outcome) -> None:
        with self._changed:
            self._state.outcomes[outcome.phase, outcome.check] = outcome
            self._state.active.discard(outcome.check)
            self._changed.notify_all()
        self._emit(CheckFinished(outcome))

    def _skip_phase(self, phase: PhasePlan, reason: str) -> PhaseResult:
        """Leave out a phase; its selected checks are listed all the same."""
        now = self._clock.wall()
        for planned in phase.checks:
            if (phase.phase, planned.name) not in self._state.outcomes:
                self._finish(_not_run(planned, reason))
        outcomes = tuple(self._state.outcomes[phase.phase, item.name] for item in phase.checks)
        return PhaseResult(phase.phase, outcomes, now, now, self._settings.min_coverage)

    def _join(self) -> None:
        for thread in self._state.threads:
            thread.join()

    def _clean_up(self) -> None:
        if self._settings.keep:
            return
        bound_s = HURRIED_SWEEP_S if self.stop.hurry else SWEEP_S
        try:
            left = self._workspace.sweep(Deadline.after(bound_s, self._clock))
        except CannotTell as error:
            left = [f"unknown: {error}"]
        self._leftovers = tuple(left)

    def _emit(self, event: Event) -> None:
        with self._emit_lock:
            self._listener(event)


def without_cluster(plan: Plan, clock: Clock = SYSTEM_CLOCK) -> RunResult:
    """The result of a dry run: every selected check is skipped, nothing is asked of a cluster."""
    now = clock.wall()
    phases = tuple(
        PhaseResult(
            phase.phase,
            tuple(
                _refused(planned)
                if planned.refusal
                else replace(
                    _not_run(planned, "skipped - no-cluster mode"), facts={"skip": NO_CLUSTER}
                )
                for planned in phase.checks
            ),
            now,
            now,
        )
        for phase in plan.phases
    )
    code = worst(exits(phases, DEFAULT_FAIL_ON))
    return RunResult(plan.run_id, phases, code, now, now)


def _code_of(error: Exception) -> Exit:
    if isinstance(error, StopError):
        return error.exit
    if isinstance(error, Forbidden):
        return Exit.PERMISSION
    return Exit.UNREACHABLE if isinstance(error, Unreachable) else Exit.INTERNAL


def _refused(planned: PlannedCheck) -> Outcome:
    raw = "NotImplemented" if planned.refusal == NOT_BUILT else "UnknownCheck"
    return Outcome(planned.name, planned.phase, Status.OTHER, planned.refusal, raw)


def _not_run(planned: PlannedCheck, reason: str) -> Outcome:
    skipped = Outcome(planned.name, planned.phase, Status.SKIPPED, reason)
    return replace(skipped, facts={"skip": NOT_RUN})


def _internal(error: Exception) -> str:
    return f"internal error: {type(error).__name__}: {error}"


def _why(cause: str) -> str:
    return f"not run: {cause}"

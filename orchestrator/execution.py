"""The course of a run: prepare, phases in order, checks of a phase in parallel, always clean up."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from helper.check import SkipCode
from helper.deadline import SYSTEM_CLOCK, Clock, Deadline
from helper.errors import CannotTell, Forbidden, KubeError, Unreachable
from helper.kube import Kube
from helper.quantity import format_duration
from orchestrator import ctrf, gate
from orchestrator.earlier import Results, depth_of
from orchestrator.errors import StopError
from orchestrator.events import (
    CheckFinished,
    CheckStarted,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
)
from orchestrator.executor import Executor, Ground
from orchestrator.exits import Exit, worst
from orchestrator.jobs import Jobs
from orchestrator.manifests import RunContext
from orchestrator.outcome import Outcome, PhaseResult, PhaseStatus, Status, exits
from orchestrator.plan import PhasePlan, Plan, PlannedCheck
from orchestrator.result import (
    Audit,
    RunResult,
    not_run,
    refused,
    resumed,
    since,
    why,
    without_verdict,
)
from orchestrator.schedule import startable
from orchestrator.settings import RunSettings
from orchestrator.slots import Slots
from orchestrator.stop import Stop
from orchestrator.turn import Diagnose, Tools, Turn, internal

SWEEP_S = 30.0
HURRIED_SWEEP_S = 5.0
AFTER_PHASE = "skipped due to previous phase failure"  # the reference's words
AFTER_CHECK = "skipped due to previous check failure"
UNSEEN = (
    "nobody looked for what this run made before it was cut short; go on with it by "
    "--resume {run_id}, or remove that with aicr-orch gc --run-id {run_id}"
)
TIME_IS_UP = "the run's time is up"


@dataclass
class _State:
    """What the threads of a run share, guarded by the run's condition."""

    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)  # by phase, check
    active: set[str] = field(default_factory=set)  # without an outcome yet
    recorded: dict[str, float] = field(default_factory=dict)  # when a check had its outcome
    clean_s: dict[str, float] = field(default_factory=dict)  # from then on to its last object
    locks: dict[str, frozenset[str]] = field(default_factory=dict)  # held until cleaned up
    threads: list[threading.Thread] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)  # Jobs that stay on request


class Execution:
    """Executes a plan in a cluster; may be stopped from another thread or a signal handler."""

    def __init__(
        self,
        plan: Plan,
        kube: Kube,
        context: RunContext,
        *,
        settings: RunSettings | None = None,
        executor: Executor | None = None,
        stop: Stop | None = None,
        keep: Callable[[Outcome], None] = lambda _: None,
        diagnose: Diagnose = lambda _outcome, _files: None,
        emit: Callable[[Event], None] = lambda _: None,
        earlier: Results | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`keep` stores an outcome before anything else happens; `emit` is told every event.

        `diagnose` stores files about a check that did not pass, before it is cleaned away.
        `earlier` are results of the same run from before it was cut short; they stand.
        """
        self._resumes = earlier is not None
        self._earlier = earlier or {}
        self._plan = plan
        self._settings = settings or RunSettings()
        self._emit_lock = threading.Lock()
        self._listener = emit
        self._clock = clock
        self._state = _State()
        self._audit = Audit()
        self._has_begun = False  # what a run makes, it makes from then on
        self.stop = Stop() if stop is None else stop  # a Stop that nobody asked for is falsy
        self._changed = self.stop.changed
        ground = Ground(
            plan, kube, context, self._settings, self.stop, emit=self._emit, clock=clock
        )
        self._site = (executor or Jobs()).open(ground)
        self._tools = Tools(
            site=self._site,
            slots=Slots(self._settings.max_parallel, self._changed),
            settings=self._settings,
            keep=keep,
            diagnose=diagnose,
            emit=self._emit,
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
            cleanup.callback(self._site.close)
            cleanup.callback(self._join)
            try:
                if not self.stop:
                    self._has_begun = True
                    self._site.prepare(record, data)
                    self._persist_earlier()
                self._run_phases(phases)
            except (CannotTell, StopError) as error:
                failure, code = str(error), code_of(error)
                codes.add(code)
                self._emit(Notice(failure, "error"))
                self.stop.request(code, failure)
            except BaseException as error:
                self.stop.request(Exit.INTERNAL, f"internal error: {type(error).__name__}")
                raise
            rest = self._plan.phases[len(phases) :]
            phases += [self._skip_phase(phase, why(failure or self.stop.reason)) for phase in rest]
        codes |= exits(phases, self._settings.fail_on)
        if self.stop.cause:
            codes.add(self.stop.cause)
        if self._audit.left:
            codes.add(Exit.LEFTOVERS)
        return RunResult(
            self._plan.run_id,
            tuple(phase.cleaned(self._state.clean_s) for phase in phases),
            worst(codes),
            since(phases, started),
            self._clock.wall(),
            self._audit,
            failure,
            resumed_at=started if self._resumes else None,
        )

    def _persist_earlier(self) -> None:
        """Keep what was found before in the cluster again: this part may be killed as well."""
        for planned in self._plan.checks:
            found = self._standing(planned)
            if found is None:
                continue  # the result to come would find its place taken
            try:
                self._site.persist(planned, ctrf.test(found))
            except KubeError as error:
                words = f"result of {planned.name} is not kept in the cluster: {error}"
                self._emit(Notice(words, "warning"))

    def _run_phases(self, phases: list[PhaseResult]) -> None:
        timeout_s = self._settings.timeout_s
        deadline = Deadline.after(timeout_s, self._clock) if timeout_s else None
        broken = False
        for phase in self._plan.phases:
            if self.stop:
                result = self._skip_phase(phase, why(self.stop.reason))
            elif broken and self._settings.fail_fast:
                result = self._skip_phase(phase, AFTER_PHASE, SkipCode.GATED)
            else:
                result = self._run_phase(phase, deadline)
            phases.append(result)
            broken = broken or result.status in (PhaseStatus.FAILED, PhaseStatus.OTHER)
            self._emit(PhaseFinished(result))

    def _run_phase(self, phase: PhasePlan, deadline: Deadline | None) -> PhaseResult:
        self._emit(PhaseStarted(phase))
        started = self._clock.wall()
        settled = {planned.name: self._settled(planned) for planned in phase.checks}
        for outcome in filter(None, settled.values()):
            self._finish(outcome)
        waiting = [planned for planned in phase.checks if not settled[planned.name]]
        bounds = _Bounds(self.stop, deadline, phase, self._clock)
        first, costly = gate.stages(waiting, self._settings.gate)
        self._run_checks(first, phase, bounds)
        hindrance = self._hindrance(phase) if costly and not bounds.stop else ""
        for planned in costly if hindrance else ():
            self._finish(not_run(planned, hindrance, SkipCode.GATED))
        self._run_checks([] if hindrance else costly, phase, bounds)
        outcomes = tuple(self._state.outcomes[phase.phase, item.name] for item in phase.checks)
        found = PhaseResult(
            phase.phase, outcomes, started, self._clock.wall(), self._settings.min_coverage
        )
        return found.as_it_was()

    def _run_checks(self, waiting: list[PlannedCheck], phase: PhasePlan, bounds: "_Bounds") -> None:
        """Run checks of a phase, as many at once as locks and slots allow."""
        # Nothing is emitted under the lock: a listener may call `stop.request`, which takes it.
        while True:
            with self._changed:
                bounds.enforce()
                dropped = self._dropped(waiting, phase, bounds.stop)
                chosen = [] if dropped else self._chosen(waiting)
                if not (dropped or chosen):
                    if not waiting and not self._state.active:
                        break
                    self._changed.wait(bounds.left_s())
            for outcome in dropped:
                self._finish(outcome)
            for planned in chosen:
                self._start(planned, bounds.stop)

    def _hindrance(self, phase: PhasePlan) -> str:
        """Why the costly checks of a phase do not start; empty when they may."""
        below = gate.below(self._plan, phase)
        with self._changed:
            found = [self._state.outcomes[item.phase, item.name] for item in below]
        return gate.hindrance(found, self._settings.min_coverage)

    def _settled(self, planned: PlannedCheck) -> Outcome | None:
        """The outcome of a check that need not or cannot run; None for one that shall."""
        if planned.refusal:
            return refused(planned)
        found = self._standing(planned)
        return resumed(found) if found else None

    def _standing(self, planned: PlannedCheck) -> Outcome | None:
        """What an earlier part found out about a check, if this part takes it over."""
        found = self._earlier.get((planned.phase, planned.name))
        if planned.refusal or found is None or depth_of(found) is not planned.depth:
            return None  # what was looked at only is no proof for a run that goes deeper
        return found

    def _dropped(self, waiting: list[PlannedCheck], phase: PhasePlan, stop: Stop) -> list[Outcome]:
        """Take out all waiting checks when no further check may start; gives their outcomes."""
        reason, code = why(stop.reason) if stop else "", SkipCode.NOT_RUN
        if not reason and self._settings.fail_fast == "check":
            found = (self._state.outcomes.get((phase.phase, item.name)) for item in phase.checks)
            if any(o and o.status in (Status.FAILED, Status.OTHER) for o in found):
                reason, code = AFTER_CHECK, SkipCode.GATED
        if not reason:
            return []
        outcomes = [not_run(planned, reason, code) for planned in waiting]
        waiting.clear()
        return outcomes

    def _chosen(self, waiting: list[PlannedCheck]) -> list[PlannedCheck]:
        """Take out the checks that may start now, and hold slots and locks for them."""
        held = [lock for locks in self._state.locks.values() for lock in locks]
        chosen = list(startable(waiting, held, self._tools.slots.free))
        for planned in chosen:
            waiting.remove(planned)
            self._tools.slots.take(planned.name)
            self._state.active.add(planned.name)
            self._state.locks[planned.name] = planned.locks
        return chosen

    def _start(self, planned: PlannedCheck, stop: Stop) -> None:
        """Give a check a thread of its own, from identity to clean-up."""
        thread = threading.Thread(target=self._live, args=(planned, stop), name=planned.name)
        self._state.threads.append(thread)
        self._emit(CheckStarted(planned))
        thread.start()

    def _live(self, planned: PlannedCheck, stop: Stop) -> None:
        try:
            stays = Turn(planned, self._tools, stop, self._finish).run()
            with self._changed:
                self._state.kept |= {stays} if stays else set()
        except Exception as error:
            self._break_off(planned, internal(error))
        finally:
            with self._changed:
                self._state.locks.pop(planned.name, None)
                recorded = self._state.recorded.get(planned.name)
                if recorded is not None:
                    self._state.clean_s[planned.name] = self._clock.now() - recorded
                self._changed.notify_all()

    def _break_off(self, planned: PlannedCheck, words: str) -> None:
        """End a check whose thread an error has ended; a run that waited for it would hang."""
        with self._changed:
            is_open = (planned.phase, planned.name) not in self._state.outcomes
        if is_open:
            self._finish(without_verdict(planned, words, "InternalError"))
        else:
            self._emit(Notice(f"{planned.name}: after its result: {words}", "error"))

    def _finish(self, outcome: Outcome) -> None:
        """Note an outcome; what comes next may start while this check's pod is cleaned up."""
        with self._changed:
            self._state.outcomes[outcome.phase, outcome.check] = outcome
            self._state.recorded[outcome.check] = self._clock.now()
            self._state.active.discard(outcome.check)
        self._tools.slots.give_back(outcome.check)
        self._emit(CheckFinished(outcome))

    def _skip_phase(
        self, phase: PhasePlan, reason: str, code: SkipCode = SkipCode.NOT_RUN
    ) -> PhaseResult:
        """Leave out a phase; its checks are listed all the same, and what has a result keeps it."""
        now = self._clock.wall()
        for planned in phase.checks:
            if (phase.phase, planned.name) not in self._state.outcomes:
                self._finish(self._settled(planned) or not_run(planned, reason, code))
        outcomes = tuple(self._state.outcomes[phase.phase, item.name] for item in phase.checks)
        return PhaseResult(phase.phase, outcomes, now, now, self._settings.min_coverage)

    def _join(self) -> None:
        for thread in self._state.threads:
            thread.join()

    def _clean_up(self) -> None:
        if self._resumes and not self._has_begun:  # this part made nothing, the first one did
            self._emit(Notice(UNSEEN.format(run_id=self._plan.run_id), "warning"))
            return
        kept = tuple(sorted(self._state.kept))
        bound_s = HURRIED_SWEEP_S if self.stop.hurry else SWEEP_S
        deadline = Deadline.after(bound_s, self._clock)
        try:
            left = self._site.clean_up(deadline, keeping=kept)
            self._audit = Audit(True, tuple(left), kept)
        except CannotTell as error:
            left = [f"unknown: {error}"]
            self._audit = Audit(False, tuple(left), kept)
        if self._settings.delete_namespace and not (kept or left or self.stop.hurry):
            why_it_stays = self._site.remove_namespace()
            if why_it_stays:
                self._emit(Notice(why_it_stays, "warning"))

    def _emit(self, event: Event) -> None:
        with self._emit_lock:
            self._listener(event)


class _Bounds:
    """The times by which a run and one phase of it must end; `stop` is the phase's own."""

    def __init__(
        self, run_stop: Stop, run_deadline: Deadline | None, phase: PhasePlan, clock: Clock
    ) -> None:
        self.stop = run_stop.below()
        own = Deadline.after(phase.timeout_s, clock) if phase.timeout_s else None
        limit = format_duration(phase.timeout_s or 0)
        self._limits = [
            (run_deadline, run_stop, Exit.TIMEOUT, TIME_IS_UP),
            (own, self.stop, Exit.INCONCLUSIVE, f"the phase's time is up ({limit} in the recipe)"),
        ]

    def enforce(self) -> None:
        """Stop what has had its time."""
        for deadline, stop, cause, reason in self._limits:
            if deadline and not stop and deadline.remaining_s() <= 0:
                stop.request(cause, reason)

    def left_s(self) -> float | None:
        """How long nothing has to be enforced; None for ever."""
        running = [
            deadline.remaining_s() for deadline, stop, *_ in self._limits if deadline and not stop
        ]
        return min(running, default=None)


def code_of(error: Exception) -> Exit:
    """The exit code of a run that an error ended."""
    if isinstance(error, StopError):
        return error.exit
    if isinstance(error, Forbidden):
        return Exit.PERMISSION
    return Exit.UNREACHABLE if isinstance(error, Unreachable) else Exit.INTERNAL

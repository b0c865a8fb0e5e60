"""A run, for programs: an operator or an agent starts it, follows it, reads its result.

    with Run(plan, recipe, kube) as run:
        run.deploy()
        for event in run.events():
            ...
        print(run.result().exit)

Nothing is printed, no signal is caught, nothing is kept between runs; several may go on in one
process. The command `aicr-orch validate` is made of the same calls.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from helper.deadline import Deadline
from helper.errors import CannotTell
from helper.kube import Kube
from orchestrator import handover, motion, preflight, readiness, snapshot
from orchestrator.converging import Looks, converge
from orchestrator.earlier import Results
from orchestrator.errors import ClusterError, StopError
from orchestrator.events import Event, Notice
from orchestrator.execution import TIME_IS_UP, Execution
from orchestrator.executor import Executor
from orchestrator.exits import Exit
from orchestrator.jobs import Jobs
from orchestrator.manifests import RunContext
from orchestrator.outcome import Outcome
from orchestrator.plan import Plan
from orchestrator.recipe import Recipe
from orchestrator.result import RunResult
from orchestrator.settings import RunSettings
from orchestrator.snapshot import Source
from orchestrator.stop import Stop
from orchestrator.turn import Diagnose
from orchestrator.version import version

if TYPE_CHECKING:
    from orchestrator.convergence import Convergence

SWEEP_S = 60.0
SHOWN = 5
SETUP_S = 30.0
WAKES_S = 1.0  # a signal that comes just before a wait is only answered after it
LEAST_S = 0.001  # of a run's time, for 0 would mean no bound


class Run:
    """One run of a plan in one cluster, in a thread of its own."""

    def __init__(
        self,
        plan: Plan,
        recipe: Recipe,
        kube: Kube,
        settings: RunSettings | None = None,
        *,
        executor: Executor | None = None,
        context: RunContext | None = None,
        looked_at: Source | None = None,
        keep: Callable[[Outcome], None] = lambda _: None,
        diagnose: Diagnose = lambda _outcome, _files: None,
        stop: Stop | None = None,
        earlier: Results | None = None,
    ) -> None:
        """Nothing is asked of the cluster yet.

        Without an `executor` checks are Jobs; `processes.Processes()` is the other one.
        Without `looked_at` a snapshot is taken of it later. `keep` stores each outcome before
        anybody hears of it, `diagnose` files about one that is not good; `stop` is another way to
        cancel. With `earlier` this is a run that was
        cut short: those results and the ones it left in the cluster stand, what it left running
        is removed, the rest runs.
        """
        self._executor = executor or Jobs()
        self.plan = self._executor.restrict(plan)
        self.snapshot = looked_at
        self.findings: Sequence[readiness.Finding] = ()  # of the readiness gate
        self.convergence: Convergence | None = None  # of a cluster that was waited for
        self._recipe = recipe
        self._kube = kube
        self._settings = settings or RunSettings()
        self._context = context or RunContext(plan.run_id, plan.namespace, version())
        self._keep = keep
        self._diagnose = diagnose
        self._earlier = earlier
        self._stop = Stop() if stop is None else stop
        # Who has answered once is worth waiting for, even when it is busy or restarts.
        self._patient = kube.patient(SETUP_S, lambda: bool(self._stop))
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._result: RunResult | None = None
        self._error: BaseException | None = None

    @property
    def run_id(self) -> str:
        """The name of the run, and the label of all that it makes."""
        return self.plan.run_id

    def deploy(
        self,
        record: Mapping[str, str] | None = None,
        told: Callable[[Event], None] | None = None,
    ) -> None:
        """Hold the cluster against the recipe, ask for the caller's rights, then start.

        `record` is kept in the run's own ConfigMap; `told` hears at once what the cluster is
        waited for, since events() is read later. Raises ReadinessError, PermissionsError or a
        CannotTell before anything is created.
        """
        try:
            for step in self._preparations(told or self._events.put):
                if not self._stop:
                    step()
        except BaseException as error:
            is_known = isinstance(error, CannotTell | StopError)
            if not (self._stop and is_known):  # the stop is why, or comes before it
                self._events.put(None)  # whoever follows the events must not wait for ever
                raise
        execution = Execution(
            self.plan,
            self._kube,
            self._context,
            settings=self._settings,
            executor=self._executor,
            stop=self._stop,
            keep=self._keep,
            diagnose=self._diagnose,
            emit=self._events.put,
            earlier=self._earlier,
        )
        self._thread = threading.Thread(
            target=self._execute, args=(execution, dict(record or {})), name=self.run_id
        )
        self._thread.start()

    def events(self) -> Iterator[Event]:
        """Yield what happens, as it happens, until the run is over; for one reader."""
        while True:
            try:
                event = self._events.get(timeout=WAKES_S)
            except queue.Empty:
                continue
            if event is None:
                return
            yield event

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, cleanup included; False when time is up first."""
        if self._thread:
            self._thread.join(timeout_s)
        return self._thread is not None and not self._thread.is_alive()

    def result(self) -> RunResult:
        """The typed result of a run that is over; RuntimeError before that."""
        if self._error:
            raise self._error
        if self._result is None:
            raise RuntimeError("the run is not over; call wait() first")
        return self._result

    def cancel(
        self,
        reason: str = "cancelled by the caller",
        cause: Exit = Exit.INTERRUPTED,
        *,
        hurry: bool = False,
    ) -> None:
        """End the run early and in order; running checks are told to stop and clean up.

        May be called at any time, by a signal handler too. In a `hurry` nothing is waited for.
        """
        self._stop.request(cause, reason, hurry=hurry)

    def cleanup(self) -> Sequence[str]:
        """Remove whatever the run left, such as what `keep` kept; names what is still there."""
        return self._executor.sweep(self._kube, self.plan, Deadline.after(SWEEP_S))

    def _preparations(self, told: Callable[[Event], None]) -> Sequence[Callable[[], None]]:
        """What comes before the first object: rights first, where a long wait would be in vain."""
        if not self._settings.wait_ready_s:
            return self._gate, self._ask_for_rights, self._take_over
        wait = partial(self._converge, told)
        return self._ask_for_rights, wait, self._gate, self._take_over

    def _converge(self, told: Callable[[Event], None]) -> None:
        """Wait until the cluster has settled; the wait is part of the run's time."""
        wanted_s, limit_s = self._settings.wait_ready_s, self._settings.timeout_s
        components = self._recipe.input.component_refs
        preflight.check_wait(self._patient, motion.namespaces(components))
        budget_s = min(wanted_s, limit_s or wanted_s)
        looks = Looks(self._patient, components)
        self.convergence = converge(looks.look, budget_s, self._stop, told)
        if limit_s:
            left_s = limit_s - self.convergence.waited_s
            self._settings = replace(self._settings, timeout_s=max(left_s, LEAST_S))
            if left_s <= 0:
                self._stop.request(Exit.TIMEOUT, TIME_IS_UP)

    def _gate(self) -> None:
        """Take the snapshot that nobody gave, and hold the recipe against it."""
        if self.snapshot is None:
            self.snapshot = snapshot.take(self._patient)
            for note in self.snapshot.notes:
                self._events.put(Notice(f"snapshot: {note}", "warning"))
        self.findings = readiness.gate(self._recipe.input, self.snapshot.parsed)
        for words in readiness.require(self.findings, self._recipe.source):
            self._events.put(Notice(words, "warning"))

    def _ask_for_rights(self) -> None:
        """Ask whether the caller may do what the run needs; the plan goes as far as that."""
        self.plan = self._executor.admit(self._patient, self.plan, self._context)

    def _take_over(self) -> None:
        """Collect what a run that was cut short has found, then remove what it left."""
        if self._earlier is None:
            return
        before = self._executor.found_before(self._patient, self.plan)
        for outcome in [found for key, found in before.items() if key not in self._earlier]:
            self._keep(outcome)
        self._earlier = {**before, **self._earlier}
        left = self._executor.sweep(self._patient, self.plan, Deadline.after(SWEEP_S))
        if left:
            names = ", ".join(left[:SHOWN])
            raise ClusterError(
                f"run {self.run_id} cannot go on: {len(left)} of its objects do not go away "
                f"({names}); see why with kubectl describe, or start a new run"
            )

    def _execute(self, execution: Execution, record: Mapping[str, str]) -> None:
        data = {
            "validation": self._recipe.text,
            "snapshot": self.snapshot.text if self.snapshot else "",
        }
        try:
            looked_at = {handover.SNAPSHOT: self.snapshot.origin} if self.snapshot else {}
            self._result = execution.execute({**record, **looked_at}, data)
        except BaseException as error:
            self._error = error
        finally:
            self._events.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error:
            self.cancel("the caller failed")
        self.wait()

"""A validation for programs: an operator or an agent starts it, follows it, reads its result.

    with Validation(catalog, recipe, kube) as validation:
        validation.deploy()
        for event in validation.events():
            ...
        print(validation.result().exit)

Nothing is printed, no signal is caught, nothing is kept between validations; several may run in
one process. The command `aicr-orch validate` shows the same events.
"""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from helper.deadline import Deadline
from helper.kube import Kube
from helper.models import PHASES
from orchestrator import plan, preflight
from orchestrator.catalog import Catalog
from orchestrator.events import Event
from orchestrator.exits import Exit
from orchestrator.images import ImageRules
from orchestrator.manifests import RunContext
from orchestrator.recipe import Recipe
from orchestrator.run import Run, RunResult, RunSettings
from orchestrator.stop import Stop
from orchestrator.sweep import sweep
from orchestrator.version import version

EMPTY_SNAPSHOT = "apiVersion: aicr.run/v1alpha2\nkind: Snapshot\nmeasurements: []\n"
SWEEP_S = 60.0


@dataclass(frozen=True)
class ValidationSettings:
    """What a caller may choose; the defaults are those of the command."""

    namespace: str = "aicr-validation"
    phases: tuple[str, ...] = PHASES
    run: RunSettings = field(default_factory=RunSettings)
    images: ImageRules = field(default_factory=ImageRules)
    snapshot: str = EMPTY_SNAPSHOT  # the document that checks find mounted
    record: Mapping[str, str] = field(default_factory=dict)  # kept in the run's own ConfigMap


class Validation:
    """One run in a thread of its own."""

    def __init__(
        self,
        catalog: Catalog,
        recipe: Recipe,
        kube: Kube,
        settings: ValidationSettings | None = None,
    ) -> None:
        """Plan the run; StopError when the input cannot be used. Nothing is created yet."""
        self._settings = settings or ValidationSettings()
        self._recipe = recipe
        self._kube = kube
        self._stop = Stop()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._result: RunResult | None = None
        self._error: BaseException | None = None
        self.plan = plan.build(
            catalog,
            recipe.input,
            self._settings.phases,
            run_id=plan.new_run_id(),
            namespace=self._settings.namespace,
            rules=self._settings.images,
        )

    @property
    def run_id(self) -> str:
        """The name of the run, and the label of all that it makes."""
        return self.plan.run_id

    def deploy(self) -> None:
        """Start; PermissionsError when the caller lacks rights, before anything is created."""
        context = RunContext(self.run_id, self._settings.namespace, version())
        preflight.check(self._kube, self.plan, context)
        run = Run(
            self.plan,
            self._kube,
            context,
            settings=self._settings.run,
            stop=self._stop,
            emit=self._events.put,
        )
        self._thread = threading.Thread(target=self._execute, args=(run,), name=self.run_id)
        self._thread.start()

    def events(self) -> Iterator[Event]:
        """Yield what happens, as it happens, until the run is over; for one reader."""
        while (event := self._events.get()) is not None:
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

    def cancel(self, reason: str = "cancelled by the caller") -> None:
        """End the run early and in order; running checks are told to stop and clean up."""
        self._stop.request(Exit.INTERRUPTED, reason)

    def cleanup(self) -> Sequence[str]:
        """Remove whatever the run left, such as what `keep` kept; names what is still there."""
        return sweep(self._kube, self.run_id, Deadline.after(SWEEP_S))

    def _execute(self, run: Run) -> None:
        data = {"validation": self._recipe.text, "snapshot": self._settings.snapshot}
        try:
            self._result = run.execute(self._settings.record, data)
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

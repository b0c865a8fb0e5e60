"""The executor of every day: each check is a Job in the cluster, with an identity of its own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from helper.deadline import Deadline
from helper.errors import KubeError
from helper.kube import Kube
from orchestrator import earlier, preflight
from orchestrator.earlier import Results
from orchestrator.events import Notice
from orchestrator.executor import Ground
from orchestrator.exits import Exit
from orchestrator.leases import Leases
from orchestrator.lifecycle import CheckLife
from orchestrator.manifests import RunContext
from orchestrator.orders import Orders
from orchestrator.outage import Outage
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.shortage import Shortage
from orchestrator.sightings import Sightings
from orchestrator.stop import Stop
from orchestrator.sweep import sweep, within_reach
from orchestrator.workspace import Workspace

API_PATIENCE_S = 60.0


class Jobs:
    """Runs checks as Jobs."""

    name = "job"
    is_local = False

    def restrict(self, plan: Plan) -> Plan:
        """Every check can be a Job."""
        return plan

    def admit(self, kube: Kube, plan: Plan, context: RunContext) -> Plan:
        """The whole plan, or PermissionsError: rights are handed on, so none may be missing."""
        preflight.check(kube, plan, context)
        return plan

    def caller_rules(self, plan: Plan) -> Sequence[dict[str, Any]]:
        """What the run does itself, and all that it hands on to its checks."""
        return preflight.caller_rules(plan)

    def found_before(self, kube: Kube, plan: Plan) -> Results:
        """The results in the run's namespace."""
        return earlier.from_cluster(kube, plan.namespace, plan.run_id)

    def sweep(self, kube: Kube, plan: Plan, deadline: Deadline) -> Sequence[str]:
        """Remove all objects of a run; the rights to start it are enough."""
        where = within_reach(kube, preflight.places(plan))
        return sweep(kube, plan.run_id, deadline, where)

    def open(self, ground: Ground) -> "JobSite":
        """The run's place in the cluster."""
        return JobSite(ground)


class JobSite:
    """A run's namespace in the cluster, with what is seen and locked in it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        # An API server that restarts in the middle of a run must not change a verdict.
        outage = Outage(ground.settings.outage_s, self._give_up, self._warn, ground.clock)
        patient = ground.kube.patient(
            API_PATIENCE_S,
            lambda: ground.stop.hurry or (bool(ground.stop) and outage.is_hopeless_for_the_stopped),
        )
        home, run_id = ground.context.namespace, ground.plan.run_id

        def extra_s() -> float:
            # While the server is away it is the run that gives up, not a check.
            return ground.settings.outage_s if outage.goes_on else 0.0

        enduring = ground.kube.patient(API_PATIENCE_S, lambda: bool(ground.stop), extra_s)
        self._workspace = Workspace(patient, ground.context, enduring)
        self._sightings = Sightings(
            patient, home, run_id, ground.stop.changed, ground.clock, outage=outage
        )
        self._orders = Orders(patient, home, run_id, ground.stop, ground.emit, outage=outage)
        self.locks = Leases(
            ground.kube,
            home,
            run_id,
            ground.stop,
            wait=ground.settings.wait_for_locks,
            extra_s=extra_s,
            warn=self._warn,
            clock=ground.clock,
        )

    def _warn(self, words: str) -> None:
        self._ground.emit(Notice(words, "warning"))

    def _give_up(self, words: str) -> None:
        """End a run whose cluster is gone; waiting for it any longer helps nobody."""
        if not self._ground.stop:
            self._ground.emit(Notice(words, "error"))
        self._ground.stop.request(Exit.UNREACHABLE, words, hurry=True)

    def prepare(self, record: Mapping[str, str], data: Mapping[str, str]) -> None:
        """Make namespace, run record and mounted data, then begin to watch."""
        self._workspace.prepare(record, data)
        self._orders.start()
        self._sightings.start()

    def shortage(self, planned: PlannedCheck) -> Shortage | None:
        """What a check lacks of free GPUs."""
        return self._workspace.shortage(planned)

    def attempt(
        self, planned: PlannedCheck, stop: Stop, others: Callable[[], Collection[str]]
    ) -> CheckLife:
        """A life of the check in the cluster."""
        return CheckLife(
            planned,
            workspace=self._workspace,
            sightings=self._sightings,
            stop=stop,
            others=others,
            emit=self._ground.emit,
            patience_s=self._ground.settings.patience_s,
            release_wait_s=self._ground.settings.release_wait_s,
            clock=self._ground.clock,
        )

    def persist(self, planned: PlannedCheck, result: Mapping[str, object]) -> None:
        """Keep a result in the cluster."""
        self._workspace.persist(planned, result)

    def close(self) -> None:
        """Give back all locks, end the watches; what is removed after that is removed by us."""
        self.locks.close()
        self._orders.close()
        self._sightings.stop()

    def clean_up(self, deadline: Deadline, *, keeping: Collection[str]) -> Sequence[str]:
        """Remove all objects of the run, but for these Jobs."""
        left = self._workspace.sweep(deadline, keeping=keeping)
        try:
            return [*left, *self.locks.left()]
        except KubeError as error:
            return [*left, f"unknown: {error}"]

    def remove_namespace(self) -> str:
        """Remove the namespace if the run made it and nobody uses it."""
        return self._workspace.remove_namespace()

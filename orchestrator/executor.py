"""The seam between the course of a run and the place where its checks run.

An Executor says what it can run and what the caller needs for that, before anything begins. A
Site is its place for one run, an Attempt one go at one check. Everything else (order, locks inside
the run, slots, retries, records, reports) knows no more of it than this.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from helper.deadline import Clock, Deadline
from helper.kube import Kube
from orchestrator.earlier import Results
from orchestrator.events import Event
from orchestrator.leases import Holder
from orchestrator.manifests import RunContext
from orchestrator.outcome import Outcome
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.settings import RunSettings
from orchestrator.shortage import Shortage
from orchestrator.stop import Stop


@dataclass(frozen=True)
class Ground:
    """What a run gives to the site of its checks."""

    plan: Plan
    kube: Kube
    context: RunContext
    settings: RunSettings
    stop: Stop
    emit: Callable[[Event], None]
    clock: Clock


class Attempt(Protocol):
    """One go at one check."""

    def run(self) -> Outcome:
        """Start it and wait for its end or the run's; never raises for what a cluster does."""

    def diagnosis(self) -> Mapping[str, str]:
        """Files, by name, that help to understand an end that is not good."""

    def clean(self, *, keep: bool = False) -> bool:
        """End what still runs and remove what was made; with `keep` what is over may stay.

        Gives whether it stays.
        """


class Locks(Protocol):
    """Locks that other runs respect, too."""

    def acquire(
        self, locks: Iterable[str], waiting: Callable[[Holder], None], stop: Stop | None = None
    ) -> None:
        """Take all or none; raises as `Leases.acquire` does."""

    def release(self, locks: Iterable[str]) -> None:
        """Give them back."""

    def lost(self, locks: Iterable[str]) -> Sequence[str]:
        """Those that another run may have had meanwhile."""


class Site(Protocol):
    """The place of one run's checks."""

    @property
    def locks(self) -> Locks:
        """The locks between runs."""

    def prepare(self, record: Mapping[str, str], data: Mapping[str, str]) -> None:
        """Make what all checks share; `record` describes the run, `data` is what checks read."""

    def shortage(self, planned: PlannedCheck) -> Shortage | None:
        """What a check lacks of the GPUs that it needs; None when all is there."""

    def attempt(
        self, planned: PlannedCheck, stop: Stop, others: Callable[[], Collection[str]]
    ) -> Attempt:
        """One go at a check, which `stop` ends early; nothing is started yet.

        `others` names the checks whose turn it is beside this one: they will make room for it.
        """

    def persist(self, planned: PlannedCheck, result: Mapping[str, object]) -> None:
        """Keep a result where a killed orchestrator cannot lose it; KubeError when that fails."""

    def close(self) -> None:
        """Stop to look and to hold; no check runs any more."""

    def clean_up(self, deadline: Deadline, *, keeping: Collection[str]) -> Sequence[str]:
        """Remove everything but these Jobs and what tells of them; names what is still there."""

    def remove_namespace(self) -> str:
        """Remove the namespace if the run made it; says why it stays."""


class Executor(Protocol):
    """A way to run checks."""

    name: str
    is_local: bool  # checks run beside the command, with the rights of its caller

    def restrict(self, plan: Plan) -> Plan:
        """The plan with a refusal at each check that cannot run in this way; asks nobody."""

    def admit(self, kube: Kube, plan: Plan, context: RunContext) -> Plan:
        """The plan as far as the caller's rights go; PermissionsError when they are too few."""

    def caller_rules(self, plan: Plan) -> Sequence[dict[str, Any]]:
        """Rules that let a caller do this run."""

    def found_before(self, kube: Kube, plan: Plan) -> Results:
        """What a run that was cut short has left of results, beside those in its folder."""

    def sweep(self, kube: Kube, plan: Plan, deadline: Deadline) -> Sequence[str]:
        """Remove what a run has left; names what is still there."""

    def open(self, ground: Ground) -> Site:
        """The place of a run's checks; nothing is made yet."""

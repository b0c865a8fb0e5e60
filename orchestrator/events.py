"""What happens during a run, as values; progress, logs and embedders are built from these."""

from dataclasses import dataclass

from helper.findings import some
from orchestrator.convergence import Convergence
from orchestrator.outcome import Outcome, PhaseResult
from orchestrator.plan import PhasePlan, PlannedCheck


@dataclass(frozen=True)
class Notice:
    """Something that the operator should know."""

    text: str
    level: str = "info"  # or warning, error


@dataclass(frozen=True)
class ClusterSettling:
    """The run waits for the cluster; told when something changed, and now and then."""

    waits_for: tuple[str, ...]
    left_s: float

    @property
    def words(self) -> str:
        """For what."""
        return some(self.waits_for, shown=2)


@dataclass(frozen=True)
class ClusterSettled:
    """The run has waited for the cluster, with success or not."""

    convergence: Convergence


@dataclass(frozen=True)
class PhaseStarted:
    """A phase begins."""

    plan: PhasePlan


@dataclass(frozen=True)
class CheckStarted:
    """A check's identity and Job are being made."""

    planned: PlannedCheck
    ago_s: float = 0.0  # for who hears of it later


@dataclass(frozen=True)
class CheckProgressed:
    """A check has come one stage further."""

    check: str
    stage: str
    detail: str = ""


@dataclass(frozen=True)
class CheckSaid:
    """A check has printed a line that it wants the operator to see; each is told once."""

    check: str
    line: str


@dataclass(frozen=True)
class CheckFinished:
    """A check has its outcome; it is recorded already."""

    outcome: Outcome


@dataclass(frozen=True)
class PhaseFinished:
    """A phase is over."""

    result: PhaseResult


Event = (
    Notice
    | ClusterSettling
    | ClusterSettled
    | PhaseStarted
    | CheckStarted
    | CheckProgressed
    | CheckSaid
    | CheckFinished
    | PhaseFinished
)

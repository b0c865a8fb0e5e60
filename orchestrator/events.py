"""What happens during a run, as values; progress, logs and embedders are built from these."""

from dataclasses import dataclass

from orchestrator.outcome import Outcome, PhaseResult
from orchestrator.plan import PhasePlan, PlannedCheck


@dataclass(frozen=True)
class Notice:
    """Something that the operator should know."""

    text: str
    level: str = "info"  # or warning, error


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
    | PhaseStarted
    | CheckStarted
    | CheckProgressed
    | CheckSaid
    | CheckFinished
    | PhaseFinished
)

"""How one check ended, and what that says about its phase and the run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from helper.check import SkipCode
from helper.resource import number, text
from orchestrator.exits import Exit
from orchestrator.facts import coverage_of, objection


class Status(StrEnum):
    """The verdict of a check, in CTRF's words."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    OTHER = "other"


class PhaseStatus(StrEnum):
    """The verdict of a phase; only `passed` is green."""

    PASSED = "passed"
    FAILED = "failed"
    OTHER = "other"
    INCOMPLETE = "incomplete"
    NARROWED = "narrowed"  # the operator left checks out; nothing is said of those
    SKIPPED = "skipped"
    NOT_SELECTED = "not selected"


GRAVITY = (
    PhaseStatus.FAILED,
    PhaseStatus.OTHER,
    PhaseStatus.INCOMPLETE,
    PhaseStatus.NARROWED,
    PhaseStatus.PASSED,
    PhaseStatus.SKIPPED,
)


# Suites of results that no check has, in a report.
READINESS = "readiness"  # what the gate found
ORCHESTRATOR = "orchestrator"  # what broke the run
BESIDE_CHECKS = (READINESS, ORCHESTRATOR)

CANCELLED = "Cancelled"  # raw status of a check that the run's own end stopped
# What a skipped check means for its phase; for every other reason the phase is incomplete.
NEUTRAL = frozenset({SkipCode.NOT_APPLICABLE, SkipCode.NO_CLUSTER, SkipCode.UNKNOWN_CHECK})
LEFT_OUT = frozenset({SkipCode.USER_EXCLUDED, SkipCode.DEPTH})  # by the operator's own wish


@dataclass(frozen=True)
class Split:
    """Where a check's time went, in seconds; None for what did not happen."""

    prepare_s: float | None = None  # identity and rights are made
    wait_s: float | None = None  # from the request for the Job to the pod's place on a node
    start_s: float | None = None  # the node makes the pod; the image too where nobody tells
    pull_s: float | None = None  # from the pod's network to the running container
    run_s: float | None = None
    collect_s: float | None = None  # from the container's end to the outcome
    clean_s: float | None = None  # from the recorded outcome to the end of the clean-up
    created: float | None = None  # when the wait began, in seconds since 1970

    @property
    def parts(self) -> dict[str, float]:
        """The parts that are known, in their order."""
        named = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name.removesuffix("_s"): value
            for name, value in named.items()
            if name.endswith("_s") and value is not None
        }

    @property
    def until_running_s(self) -> float:
        """From the request for the Job to the running container."""
        return (self.wait_s or 0.0) + (self.start_s or 0.0) + (self.pull_s or 0.0)


@dataclass(frozen=True)
class Outcome:
    """The result of one check."""

    check: str
    phase: str
    status: Status
    message: str = ""
    raw_status: str = ""  # why there is no verdict: OOMKilled, ImagePullBackOff, Exit:3 …
    exit_code: int | None = None
    started: float | None = None  # seconds since 1970
    stopped: float | None = None
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)  # coverage, measured, skip, …
    extra: dict[str, Any] = field(default_factory=dict)  # job, node, image, …
    split: Split = Split()

    @property
    def duration_s(self) -> float:
        """How long the container ran; where it never did, how long was waited for it."""
        run_s = self.split.run_s
        return self.split.until_running_s if run_s is None else run_s

    @property
    def created(self) -> float | None:
        """When its place in the cluster was asked for; of an earlier part of a run as it was kept.

        Seconds since 1970.
        """
        told = number(self.extra, "created")
        return told / 1000 if self.split.created is None and told else self.split.created

    @property
    def began(self) -> float | None:
        """When its turn came, as far as that is known."""
        created = self.created
        return self.started if created is None else created - (self.split.prepare_s or 0.0)

    @property
    def is_resumed(self) -> bool:
        """Whether it is from before the run was cut short."""
        return self.extra.get("resumed") is True

    @property
    def is_neutral(self) -> bool:
        """Whether it was skipped as asked for: by the recipe's scope, or without any cluster."""
        return self.status is Status.SKIPPED and text(self.facts, "skip") in NEUTRAL

    @property
    def is_left_out(self) -> bool:
        """Whether the operator did not want it, or nothing that would make workloads."""
        return self.status is Status.SKIPPED and text(self.facts, "skip") in LEFT_OUT

    @property
    def was_cut_short(self) -> bool:
        """Whether the run itself ended before the check had its chance."""
        return self.raw_status == CANCELLED or text(self.facts, "skip") == SkipCode.NOT_RUN

    def lacks_coverage(self, minimum: float) -> bool:
        """Whether less was looked at than `minimum`, a share from 0 to 1."""
        if "coverage" not in self.facts:  # it is not measured by what it does not tell
            return False
        coverage = coverage_of(self.facts)
        return coverage is None or not coverage.reaches(minimum)


def borne_out(outcome: Outcome, unreadable: str = "") -> Outcome:
    """Take a pass back that its own facts do not bear out; what cannot be read is no pass.

    `unreadable` is a line that was meant as a fact.
    """
    found = objection(outcome.facts, unreadable) if outcome.status is Status.PASSED else None
    if found is None:
        return outcome
    message = f"it ended as passed, but {found.words}"
    return replace(outcome, status=Status.OTHER, message=message, raw_status=found.raw_status)


@dataclass(frozen=True)
class PhaseResult:
    """All results of one phase, in catalog order."""

    phase: str
    outcomes: tuple[Outcome, ...] = ()
    started: float = 0.0
    stopped: float = 0.0
    min_coverage: float = 1.0

    @property
    def status(self) -> PhaseStatus:
        """Fold the outcomes; a phase where nothing was proven is never `passed`."""
        found = self.verdicts
        return next((verdict for verdict in GRAVITY if verdict in found), PhaseStatus.NOT_SELECTED)

    @property
    def verdicts(self) -> set[PhaseStatus]:
        """Every verdict that its checks call for, the lesser ones too."""
        found = {PhaseStatus(item.status) for item in self.outcomes if not item.is_left_out}
        if any(item.is_left_out for item in self.outcomes):
            found.add(PhaseStatus.NARROWED)
        if any(is_incomplete(outcome, self.min_coverage) for outcome in self.outcomes):
            found.add(PhaseStatus.INCOMPLETE)
        if found != {PhaseStatus.SKIPPED}:
            found.discard(PhaseStatus.SKIPPED)
        return found

    def count(self, status: Status) -> int:
        """How many checks ended so."""
        return sum(outcome.status is status for outcome in self.outcomes)

    def as_it_was(self) -> "PhaseResult":
        """The same with the time that its checks took when all of them are from an earlier part."""
        began = [item.began for item in self.outcomes if item.is_resumed and item.began]
        ended = [item.stopped for item in self.outcomes if item.is_resumed and item.stopped]
        if not (began and ended) or not all(item.is_resumed for item in self.outcomes):
            return self
        return replace(self, started=min(began), stopped=max(*began, *ended))

    def cleaned(self, clean_s: Mapping[str, float]) -> "PhaseResult":
        """The same with how long the clean-up after each check took, where that is known."""
        return replace(
            self,
            outcomes=tuple(
                replace(item, split=replace(item.split, clean_s=clean_s.get(item.check)))
                if item.split.created is not None
                else item
                for item in self.outcomes
            ),
        )


def is_incomplete(outcome: Outcome, min_coverage: float) -> bool:
    """Whether a check that did not fail leaves something unproven."""
    if outcome.is_neutral or outcome.is_left_out:  # it had nothing to look at
        return False
    return outcome.status is Status.SKIPPED or outcome.lacks_coverage(min_coverage)


FAIL_ON = ("failed", "other", "incomplete", "skipped")
DEFAULT_FAIL_ON = ("failed", "other", "incomplete")


def exits(phases: Sequence[PhaseResult], fail_on: Iterable[str]) -> set[Exit]:
    """The exit codes that the verdicts of a run call for; a verdict never hides a lesser one."""
    wanted = set(fail_on)
    code = {
        PhaseStatus.FAILED: Exit.FAILED,
        PhaseStatus.OTHER: Exit.INCONCLUSIVE,
        PhaseStatus.INCOMPLETE: Exit.INCONCLUSIVE,
        PhaseStatus.SKIPPED: Exit.INCONCLUSIVE,
    }
    found = {verdict for phase in phases for verdict in phase.verdicts}
    return {code[verdict] for verdict in found if verdict in code and verdict in wanted}

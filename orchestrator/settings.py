"""How a run proceeds; what it runs is in its plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.gate import Gate
from orchestrator.outcome import DEFAULT_FAIL_ON, Outcome, Status
from orchestrator.verdict import PATIENCE_S, Stage

DEFAULT_MAX_PARALLEL = 8


class Keep(StrEnum):
    """Whose Jobs and pods stay in the cluster; accounts and rights never do."""

    NEVER = "never"
    ON_FAILURE = "on-failure"  # of checks that failed or gave no verdict
    ALWAYS = "always"

    def keeps(self, outcome: Outcome) -> bool:
        """Whether the Job of a check with this outcome stays."""
        is_bad = outcome.status in (Status.FAILED, Status.OTHER)
        return self is Keep.ALWAYS or (self is Keep.ON_FAILURE and is_bad)


@dataclass(frozen=True)
class RunSettings:
    """What a caller may choose; the defaults are those of the command."""

    max_parallel: int = DEFAULT_MAX_PARALLEL
    fail_fast: str = ""  # "phase": skip later phases; "check": start no further check either
    gate: Gate = Gate.NONE  # which checks wait for cheaper ones to be well
    keep: Keep = Keep.NEVER
    delete_namespace: bool = False  # if the run made it and nothing else is in it
    wait_for_locks: bool = True  # that other runs hold, and for GPUs that are about to be free
    room_wait_s: float = 120.0  # for such GPUs
    release_wait_s: float = 60.0  # with a check's locks, for what it used to be free again
    wait_ready_s: float = 0.0  # for the cluster to settle, before anything is looked at or made
    min_coverage: float = 1.0
    fail_on: tuple[str, ...] = DEFAULT_FAIL_ON
    timeout_s: float | None = None  # of the whole run
    outage_s: float = 600.0  # how long an API server may be away while checks run
    patience_s: Mapping[Stage, float] = field(default_factory=lambda: PATIENCE_S)

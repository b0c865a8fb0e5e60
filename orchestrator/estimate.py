"""How long a plan takes and which checks decide that: the schedule, played without a cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.gate import Gate, stages
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.schedule import startable

Seconds = Callable[[PlannedCheck], float]


@dataclass(frozen=True)
class Slot:
    """When one check begins and ends, in seconds from the run's beginning."""

    phase: str
    check: str
    begins_s: float
    ends_s: float


@dataclass(frozen=True)
class Estimate:
    """The course of a run."""

    slots: tuple[Slot, ...]
    critical_path: tuple[Slot, ...]  # to make the run shorter, make one of these shorter

    @property
    def total_s(self) -> float:
        """When the last check ends."""
        return max((slot.ends_s for slot in self.slots), default=0.0)

    def of(self, phase: str, check: str) -> Slot | None:
        """The slot of one check; None for one that does not run."""
        return next((s for s in self.slots if (s.phase, s.check) == (phase, check)), None)


def estimate(plan: Plan, seconds: Seconds, max_parallel: int, gate: Gate = Gate.NONE) -> Estimate:
    """Play a run in which each check takes as long as `seconds` says."""
    slots: list[Slot] = []
    path: list[Slot] = []
    now = 0.0
    for phase in plan.phases:
        running = [planned for planned in phase.checks if not planned.refusal]
        for stage in stages(running, gate):
            played = _play(stage, seconds, max_parallel, now)
            slots += played
            path += _longest_chain(played)
            now = max((slot.ends_s for slot in played), default=now)
    return Estimate(tuple(slots), tuple(path))


def _play(
    checks: Sequence[PlannedCheck], seconds: Seconds, max_parallel: int, now: float
) -> Sequence[Slot]:
    waiting = list(checks)
    running: list[tuple[PlannedCheck, Slot]] = []
    done: list[Slot] = []
    while waiting or running:
        held = [lock for planned, _ in running for lock in planned.locks]
        for planned in startable(waiting, held, max_parallel - len(running)):
            waiting.remove(planned)
            slot = Slot(planned.phase, planned.name, now, now + seconds(planned))
            running.append((planned, slot))
        now = min(slot.ends_s for _, slot in running)
        done += [slot for _, slot in running if slot.ends_s <= now]
        running = [(planned, slot) for planned, slot in running if slot.ends_s > now]
    return sorted(done, key=lambda slot: slot.begins_s)


def _longest_chain(slots: Sequence[Slot]) -> Sequence[Slot]:
    """The check that ends last, what it waited for, and so on, in order of time."""
    chain: list[Slot] = []
    last = max(slots, key=lambda slot: slot.ends_s, default=None)
    while last:
        chain.append(last)
        begins_s = last.begins_s
        last = next((s for s in slots if s.ends_s == begins_s and s not in chain), None)
    return chain[::-1]

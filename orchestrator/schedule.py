"""Which checks may start now: locks, longest first, a bound on how many run at once."""

from collections.abc import Iterable, Sequence

from orchestrator.plan import PlannedCheck


def startable(
    waiting: Iterable[PlannedCheck],
    held_locks: Iterable[str],
    free_slots: int,
) -> Sequence[PlannedCheck]:
    """Choose checks that share no lock with what runs, nor with each other.

    Longest budget first, so that the long ones do not come last; catalog order among equals. A
    check that waits for a lock lets shorter ones with other locks pass.
    """
    locked = set(held_locks)
    chosen: list[PlannedCheck] = []
    for planned in sorted(waiting, key=lambda item: -item.timeout_s):
        if len(chosen) >= free_slots:
            break
        if locked.isdisjoint(planned.locks):
            chosen.append(planned)
            locked.update(planned.locks)
    return chosen

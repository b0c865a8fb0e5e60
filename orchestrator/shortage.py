"""Whether a check's GPUs are free, whether they will be soon, and what to say if not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from orchestrator.capacity import Held, Room
from orchestrator.catalog import Needs

SHOWN = 8
ADVICE = "free some, or leave it out with --skip"


@dataclass(frozen=True)
class Shortage:
    """What a check lacks now; with `soon` there is a prospect of it."""

    words: str
    soon: tuple[str, ...] = ()  # who will leave as much as the check needs

    @property
    def held_by(self) -> str:
        """Who is waited for."""
        return ", ".join(self.soon)


def shortage(
    needs: Needs, rooms: Sequence[Room], left_out: Mapping[str, str] = MappingProxyType({})
) -> Shortage | None:
    """Hold GPUs against what a check needs; None when it can begin.

    `left_out` are nodes with GPUs that cannot be judged now, and why; they may come back.
    """
    enough = sum(_suffices(needs, room, room.free) for room in rooms)
    if enough >= needs.nodes:
        return None
    head = f"it needs {needs.words}"
    if not rooms:
        words = f"{head}, and no node that can be judged has a GPU{_beside(left_out)}"
        return Shortage(f"{words}; {_repair(left_out)}")
    able = sum(_suffices(needs, room, room.total) for room in rooms)
    if able < needs.nodes:
        told = _told((f"{room.node} {room.total}", -room.total) for room in rooms)
        return Shortage(
            f"{head}, and {able} of {len(rooms)} nodes with GPUs that can be judged have as many "
            f"in all ({told}){_beside(left_out)}; {_repair(left_out)}"
        )
    free = _told((f"{room.node} {room.free} of {room.total}", -room.free) for room in rooms)
    holders = _told((_holder(item), -item.gpus) for room in rooms for item in room.held)
    words = f"{head}, and {enough} of {needs.nodes} have as many (free: {free}; held by {holders})"
    hopeful = [room for room in rooms if _suffices(needs, room, room.soon_free)]
    prospect = len(hopeful) >= needs.nodes
    leaving = [_holder(item) for room in hopeful for item in room.held if item.leaving]
    return Shortage(f"{words}; {ADVICE}", tuple(leaving) if prospect else ())


def _beside(left_out: Mapping[str, str]) -> str:
    """The nodes that may have what is lacking."""
    if not left_out:
        return ""
    told = _told((f"{node} {why}", 0) for node, why in left_out.items())
    return f"; cannot be judged: {len(left_out)} with GPUs ({told})"


def _repair(left_out: Mapping[str, str]) -> str:
    return f"{'repair these, ' if left_out else ''}add nodes, or leave it out with --skip"


def _suffices(needs: Needs, room: Room, count: int) -> bool:
    return count >= (room.total if needs.gpus == "all" else needs.gpus)


def _holder(item: Held) -> str:
    return f"{item.by} ({item.leaving})" if item.leaving else item.by


def _told(ranked: Iterable[tuple[str, int]]) -> str:
    """Names, the largest first, as many as a reader takes in."""
    names = [words for words, _ in sorted(ranked, key=lambda pair: (pair[1], pair[0]))]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

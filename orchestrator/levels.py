"""How much an event matters, and from where on it is told."""

from enum import IntEnum

from orchestrator.errors import UsageError, nearest
from orchestrator.events import CheckFinished, CheckProgressed, ClusterSettled, Event, Notice
from orchestrator.outcome import Status


class Level(IntEnum):
    """From what only a search for a fault needs to what nobody may miss."""

    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40

    def __str__(self) -> str:
        return self.name.lower()


OF_NOTICE = {"debug": Level.DEBUG, "warning": Level.WARN}
OF_STATUS = {Status.FAILED: Level.ERROR, Status.OTHER: Level.WARN}
# Stages that somebody should hear of.
HINDERED = ("cannot", "waiting for a lock", "waiting for GPUs")
UNPLACED = "waiting for a node"  # another one, once the scheduler has said why


def parse(name: str) -> Level:
    """Read the name of a level, in either case; UsageError lists them."""
    found = {str(level): level for level in Level}
    if name.lower() not in found:
        known = f"{', '.join(found)}{nearest(name, found)}"
        raise UsageError(f"--log-level {name}: want one of {known}")
    return found[name.lower()]


def named(level: str) -> Level:
    """The level of a notice."""
    return Level.ERROR if level.endswith("error") else OF_NOTICE.get(level, Level.INFO)


def level_of(event: Event) -> Level:
    """How much an event matters."""
    match event:
        case Notice(level=level):
            return named(level)
        case CheckProgressed(stage=stage, detail=detail):
            is_hindered = stage.startswith(HINDERED) or (stage == UNPLACED and detail)
            return Level.INFO if is_hindered else Level.DEBUG
        case CheckFinished(outcome):
            return OF_STATUS.get(outcome.status, Level.INFO)
        case ClusterSettled(convergence):
            return Level.INFO if convergence.converged else Level.WARN
        case _:
            return Level.INFO

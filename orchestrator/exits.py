"""How the command ends: one number a caller can act on."""

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `aicr-orch`; not those of a check image."""

    OK = 0  # all selected checks passed or were rightly skipped
    FAILED = 1  # a check failed
    USAGE = 2  # usage, configuration, invalid input, empty selection, readiness
    INCONCLUSIVE = 3  # a check gave no verdict, or not everything was looked at
    PERMISSION = 4  # the caller lacks rights; nothing was created
    TIMEOUT = 5  # the whole run's time was up
    UNREACHABLE = 6  # no answer from cluster or registry
    LEFTOVERS = 7  # the verdict is good, but objects are left behind
    INTERNAL = 8  # a fault of this program
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def label(self) -> str:
        """Its name, as programs read it."""
        return self.name.lower()


# When several apply: what the caller must know first.
RANK = (
    Exit.INTERRUPTED,
    Exit.TERMINATED,
    Exit.INTERNAL,
    Exit.FAILED,
    Exit.USAGE,  # these two end a run before its first check, which then counts as not judged
    Exit.PERMISSION,
    Exit.UNREACHABLE,
    Exit.TIMEOUT,
    Exit.INCONCLUSIVE,
    Exit.LEFTOVERS,
)

# What the reference ends with. It has no code for a run that cannot judge everything, and only
# warns of leftovers.
REFERENCE = {
    Exit.OK: 0,
    Exit.FAILED: 8,
    Exit.USAGE: 2,
    Exit.INCONCLUSIVE: 8,
    Exit.PERMISSION: 4,
    Exit.TIMEOUT: 5,
    Exit.UNREACHABLE: 6,
    Exit.LEFTOVERS: 0,
    Exit.INTERNAL: 8,
    Exit.INTERRUPTED: 5,
    Exit.TERMINATED: 5,
}
REFERENCE_NOT_FOUND = 3  # an input that does not exist; with us that is wrong input as any other
COMPATIBLE = ("aicr",)


def number(code: Exit, compatible: str = "") -> int:
    """The exit status of the process, in the reference's numbers where they are asked for."""
    return REFERENCE[code] if compatible else int(code)


def worst(codes: Iterable[Exit]) -> Exit:
    """The one code that a run with these findings ends with."""
    found = set(codes)
    return next((code for code in RANK if code in found), Exit.OK)

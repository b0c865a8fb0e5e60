"""How deep a run goes, and how strong a proof is that it can give."""

from enum import StrEnum

from helper import contract
from helper.errors import InputError


class Depth(StrEnum):
    """What checks may do to find out."""

    FAST = "fast"  # look; nothing is made but Jobs and identities
    FULL = "full"  # make workloads, too


class Proof(StrEnum):
    """How a check knows what it says, the weakest first."""

    CONFIGURED = "configured"  # it is set up so
    OBSERVED = "observed"  # it was seen at work, or happened recently
    DEMONSTRATED = "demonstrated"  # it was made to happen


def parse_depth(text: str) -> Depth:
    """Read the depth of a check; full without a word, InputError for any other one."""
    try:
        return Depth(text.strip()) if text.strip() else Depth.FULL
    except ValueError as error:
        raise InputError(f"{contract.DEPTH}={text!r}: want {' or '.join(Depth)}") from error

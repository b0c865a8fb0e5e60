"""What a check is, and the ways in which it can end."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helper.context import Context


class SkipCode(StrEnum):
    """Why a check did not judge: the first five are for checks to say, the others are not."""

    NOT_APPLICABLE = "not-applicable"  # the feature is not in the recipe
    PRECONDITION = "missing-precondition"
    CAPACITY = "no-capacity"
    PERMISSION = "no-permission"
    DEPTH = "depth"  # it would need a workload, and --depth fast makes none
    USER_EXCLUDED = "user-excluded"  # by --check, --skip or --label
    GATED = "gated"  # what went before was not well: --gate, --fail-fast
    NOT_RUN = "not-run"  # the run was over before it
    NO_CLUSTER = "no-cluster"  # --no-cluster
    UNKNOWN_CHECK = "unknown-check"  # a name that no catalog has, which was allowed
    UNSPECIFIED = "unspecified"  # it did not tell


SAID_BY_CHECKS = frozenset(list(SkipCode)[:5])


class Fail(Exception):
    """The cluster is not as it should be; the message is the verdict's reason."""


class Unsettled(Fail):
    """Not as it should be, but on its way there; the runner lets the check look again."""


class Skip(Exception):
    """The check does not apply here; never used to soften an error."""

    def __init__(self, reason: str, code: SkipCode = SkipCode.NOT_APPLICABLE) -> None:
        super().__init__(reason)
        self.code = code


class Unbuilt(Exception):
    """What remains to be judged needs a part that this version does not have."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not implemented in this version: {what}")


@dataclass(frozen=True)
class Check:
    """A function that judges one thing, with the words for it."""

    name: str  # kebab-case, as in argv, catalog and report
    summary: str
    requirement: str  # CNCF AI Conformance requirement, or empty
    run: Callable[["Context"], None]


def check(requirement: str = "") -> Callable[[Callable[["Context"], None]], Check]:
    """Make a check of a function; its docstring's first line becomes the summary."""

    def wrap(function: Callable[["Context"], None]) -> Check:
        summary = (function.__doc__ or "").strip().split("\n")[0]
        name = function.__name__.replace("_", "-")
        return Check(name, summary, requirement, function)

    return wrap

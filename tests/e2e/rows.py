"""Rows of the outcome table: what becomes of a check, and what its result must say."""

from typing import NamedTuple

from orchestrator.outcome import Status
from tests.e2e.real_run import Finished
from tests.e2e.times import Times

# How long each row took, for the end of the tests' output: a matter of the machine, not a verdict.
MEASURED: list[str] = []


class Row(NamedTuple):
    """What becomes of a check, and what its result must say."""

    check: str
    status: Status
    raw: str
    words: str


def measure(finished: Finished, check: str) -> None:
    """Note how long a check's row took."""
    outcome = finished.outcome(check)
    note(check, outcome.raw_status or outcome.status, finished.times[check])


def note(check: str, became: str, times: Times) -> None:
    """Note how long a row took that is told in other ways."""
    seconds = f"{times.since_sign:7.1f} s {times.in_all:7.1f} s"
    MEASURED.append(f"{check:<20} {became:<28} {seconds}")


def require(finished: Finished, row: Row) -> None:
    """The result of a check is as its row says."""
    measure(finished, row.check)
    outcome = finished.outcome(row.check)
    assert (outcome.status, outcome.raw_status) == (row.status, row.raw), outcome.message
    assert row.words in outcome.message, outcome.message

"""Rows of the outcome table: what becomes of a check, and what its result must say."""

from typing import NamedTuple

from orchestrator.outcome import Status
from tests.e2e.real_run import Finished

# How long each row took, for the end of the tests' output: a matter of the machine, not a verdict.
MEASURED: list[str] = []


class Row(NamedTuple):
    """What becomes of a check, and what its result must say."""

    check: str
    status: Status
    raw: str
    words: str


def require(finished: Finished, row: Row) -> None:
    """The result of a check is as its row says."""
    outcome, times = finished.outcome(row.check), finished.times[row.check]
    seconds = f"{times.since_sign:7.1f} s {times.in_all:7.1f} s"
    MEASURED.append(f"{row.check:<20} {row.raw or row.status:<28} {seconds}")
    assert (outcome.status, outcome.raw_status) == (row.status, row.raw), outcome.message
    assert row.words in outcome.message, outcome.message

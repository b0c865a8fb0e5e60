"""Errors where none is expected: the run ends all the same, and says what happened."""

from collections.abc import Mapping

import pytest

from orchestrator.events import CheckFinished, Notice
from orchestrator.executor import Ground
from orchestrator.exits import Exit
from orchestrator.jobs import Jobs, JobSite
from orchestrator.outcome import Outcome, Status
from orchestrator.plan import PlannedCheck
from orchestrator.shortage import Shortage
from tests.orchestrator.engine import Engine, Finished, entry, everything, script

ENTRIES = [entry("alpha", locks=["gpu"], needs={}), entry("beta", locks=["gpu"])]
PODS = [script("alpha"), script("beta")]


class BrokenSite(JobSite):
    """A place where two things go wrong that are no answers of a cluster."""

    def shortage(self, planned: PlannedCheck) -> Shortage | None:
        """Fail for a check that needs GPUs."""
        if planned.needs:
            raise LookupError("no such field")
        return super().shortage(planned)


class BadlyKept(JobSite):
    """A place whose results cannot be written."""

    def shortage(self, planned: PlannedCheck) -> None:
        """Nothing."""

    def persist(self, planned: PlannedCheck, result: Mapping[str, object]) -> None:
        """Fail for one check."""
        if planned.name == "alpha":
            raise TypeError("not JSON")
        super().persist(planned, result)


class On(Jobs):
    """Jobs at such a place."""

    def __init__(self, site: type[JobSite]) -> None:
        self._site = site

    def open(self, ground: Ground) -> JobSite:
        """Give the place."""
        return self._site(ground)


def refuse(outcome: Outcome) -> None:
    """Keep nothing of one check."""
    if outcome.check == "alpha":
        raise ValueError("the disk is not mine")


def is_without_verdict(done: Finished, words: str) -> bool:
    """Whether alpha alone has no verdict, and nothing is left."""
    alpha = done.outcome("alpha")
    assert (alpha.status, alpha.raw_status) == (Status.OTHER, "InternalError")
    assert alpha.message == f"internal error: {words}"
    assert done.outcome("beta").status is Status.PASSED  # it got the lock
    assert done.result.exit is Exit.INCONCLUSIVE
    assert [o for o in everything(done.cluster) if o["kind"] in ("Job", "Role", "Lease")] == []
    return True


def test_a_program_that_cannot_keep_a_result_does_not_hold_up_the_run() -> None:
    entries = [entry("alpha", locks=["gpu"]), entry("beta", locks=["gpu"])]

    done = Engine(entries, PODS, keep=refuse).run()

    assert is_without_verdict(done, "ValueError: the disk is not mine")
    assert [item.check for item in done.kept] == ["beta"]


@pytest.mark.parametrize(
    ("site", "words"),
    [
        pytest.param(BrokenSite, "LookupError: no such field", id="gpus-cannot-be-counted"),
        pytest.param(BadlyKept, "TypeError: not JSON", id="result-cannot-be-written"),
    ],
)
def test_an_unforeseen_error_of_a_place_costs_one_check_its_verdict(
    site: type[JobSite], words: str
) -> None:
    assert is_without_verdict(Engine(ENTRIES, PODS, executor=On(site)).run(), words)


def test_an_error_before_a_check_began_is_kept_as_its_result() -> None:
    done = Engine(ENTRIES, PODS, executor=On(BrokenSite)).run()

    assert sorted(item.check for item in done.kept) == ["alpha", "beta"]


def test_an_error_after_the_result_is_told_and_changes_no_verdict() -> None:
    def fail(outcome: Outcome, _files: Mapping[str, str]) -> None:
        raise OSError(f"no room for files of {outcome.check}")

    done = Engine([entry("alpha")], [script("alpha", exitCode=1)], diagnose=fail).run()

    assert done.outcome("alpha").status is Status.FAILED
    assert len(done.told(CheckFinished)) == 1
    (told,) = [event for event in done.told(Notice) if event.level == "error"]
    assert told.text == (
        "alpha: after its result: internal error: OSError: no room for files of alpha"
    )
    assert [o for o in everything(done.cluster) if o["kind"] == "Job"] == []

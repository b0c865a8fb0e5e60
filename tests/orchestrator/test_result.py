from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, Status
from orchestrator.result import cut_short, without_cluster
from tests.orchestrator.samples import entry, plan

PLAN = plan(entry("alpha"), entry("beta"))
FOUND = Outcome("alpha", "conformance", Status.FAILED, "2 of 3")


def test_what_was_found_before_a_run_broke_stands() -> None:
    result = cut_short(PLAN, Exit.INTERNAL, "KeyError: x\nmore", {("conformance", "alpha"): FOUND})

    alpha, beta = result.phases[0].outcomes
    assert alpha == FOUND
    assert (beta.status, beta.message) == (Status.SKIPPED, "not run: KeyError: x")
    assert (result.exit, result.complete) == (Exit.INTERNAL, False)
    assert result.failure == "KeyError: x\nmore"


def test_a_run_that_was_refused_has_no_result_of_a_check() -> None:
    result = cut_short(PLAN, Exit.PERMISSION, "3 rights are missing", {})

    assert {item.status for item in result.phases[0].outcomes} == {Status.SKIPPED}
    assert not result.complete


def test_a_dry_run_is_complete_and_proves_nothing() -> None:
    result = without_cluster(PLAN)

    assert {item.message for item in result.phases[0].outcomes} == {"skipped - no-cluster mode"}
    assert (result.exit, result.complete) == (Exit.OK, True)

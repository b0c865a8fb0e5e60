from dataclasses import replace
from typing import Any

import pytest

from helper.check import SAID_BY_CHECKS, SkipCode
from orchestrator.exits import Exit
from orchestrator.outcome import (
    DEFAULT_FAIL_ON,
    FAIL_ON,
    Outcome,
    PhaseStatus,
    Status,
    exits,
)
from tests.orchestrator.samples import outcome, phase
from tests.source import ROOT

PASSED = outcome("passed")
FAILED = outcome("failed", Status.FAILED)
OTHER = outcome("other", Status.OTHER)
OUT_OF_SCOPE = outcome("scope", Status.SKIPPED, facts={"skip": SkipCode.NOT_APPLICABLE.value})


def skipped(code: Any) -> Outcome:
    return outcome("skipped", Status.SKIPPED, facts={"skip": code} if code else {})


def covering(seen: Any, total: Any, status: Status = Status.PASSED) -> Outcome:
    return outcome("covering", status, facts={"coverage": {"seen": seen, "total": total}})


LEFT_OUT = skipped("user-excluded")


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        pytest.param([], PhaseStatus.NOT_SELECTED, id="no-checks"),
        pytest.param([PASSED], PhaseStatus.PASSED, id="passed"),
        pytest.param([FAILED, OTHER, PASSED], PhaseStatus.FAILED, id="one-failed"),
        pytest.param([OTHER, PASSED, OUT_OF_SCOPE], PhaseStatus.OTHER, id="one-without-a-verdict"),
        pytest.param([OUT_OF_SCOPE], PhaseStatus.SKIPPED, id="all-not-applicable"),
        pytest.param([PASSED, OUT_OF_SCOPE], PhaseStatus.PASSED, id="some-not-applicable"),
        pytest.param([skipped("no-capacity")], PhaseStatus.INCOMPLETE, id="no-capacity"),
        pytest.param([skipped("missing-precondition")], PhaseStatus.INCOMPLETE, id="precondition"),
        pytest.param([skipped("no-permission")], PhaseStatus.INCOMPLETE, id="no-permission"),
        pytest.param([skipped("not-run")], PhaseStatus.INCOMPLETE, id="never-started"),
        pytest.param([skipped(None)], PhaseStatus.INCOMPLETE, id="no-code"),
        pytest.param([PASSED, skipped("no-capacity")], PhaseStatus.INCOMPLETE, id="one-skipped"),
        pytest.param([OUT_OF_SCOPE, skipped(None)], PhaseStatus.INCOMPLETE, id="mixed-skips"),
        pytest.param([covering(4, 4)], PhaseStatus.PASSED, id="everything-looked-at"),
        pytest.param([covering(3, 4)], PhaseStatus.INCOMPLETE, id="a-node-left-out"),
        pytest.param([covering(0, 4)], PhaseStatus.INCOMPLETE, id="nothing-looked-at"),
        pytest.param([covering(0, 0)], PhaseStatus.INCOMPLETE, id="nothing-to-look-at"),
        pytest.param(
            [replace(OUT_OF_SCOPE, facts={**OUT_OF_SCOPE.facts, **covering(0, 0).facts})],
            PhaseStatus.SKIPPED,
            id="out-of-scope-with-nothing-to-look-at",
        ),
        pytest.param([skipped(["not-applicable"])], PhaseStatus.INCOMPLETE, id="code-unreadable"),
        pytest.param([covering(3, 4, Status.FAILED)], PhaseStatus.FAILED, id="failed-and-left-out"),
        pytest.param([covering(3, 4), OTHER], PhaseStatus.OTHER, id="other-before-incomplete"),
        pytest.param([PASSED, LEFT_OUT], PhaseStatus.NARROWED, id="passed-and-left-out"),
        pytest.param([LEFT_OUT], PhaseStatus.NARROWED, id="all-left-out"),
        pytest.param([FAILED, LEFT_OUT], PhaseStatus.FAILED, id="failed-and-left-out-by-choice"),
        pytest.param([covering(3, 4), LEFT_OUT], PhaseStatus.INCOMPLETE, id="incomplete-first"),
    ],
)
def test_a_phase_is_green_only_when_everything_selected_was_proven(
    outcomes: list[Outcome], status: PhaseStatus
) -> None:
    assert phase(*outcomes).status is status


@pytest.mark.parametrize("percent", range(1, 101))
def test_exactly_the_minimum_of_coverage_is_enough(percent: int) -> None:
    minimum = percent / 100

    assert not covering(percent, 100).lacks_coverage(minimum)
    assert covering(percent - 1, 100).lacks_coverage(minimum)


def test_less_coverage_is_enough_when_the_operator_says_so() -> None:
    assert phase(covering(3, 4), min_coverage=0.75).status is PhaseStatus.PASSED
    assert phase(covering(3, 4), min_coverage=0.76).status is PhaseStatus.INCOMPLETE


def test_a_check_that_tells_no_coverage_is_not_measured_by_it() -> None:
    assert not outcome(facts={}).lacks_coverage(1.0)


@pytest.mark.parametrize("told", [None, 7, {"seen": 1}, {"seen": "1", "total": 2}], ids=str)
def test_coverage_that_cannot_be_read_is_none(told: Any) -> None:
    assert outcome(facts={"coverage": told}).lacks_coverage(0.0)


@pytest.mark.parametrize(
    ("outcomes", "codes"),
    [
        pytest.param([PASSED], set(), id="passed"),
        pytest.param([], set(), id="not-selected"),
        pytest.param([OUT_OF_SCOPE], set(), id="rightly-skipped"),
        pytest.param([FAILED], {Exit.FAILED}, id="failed"),
        pytest.param([OTHER], {Exit.INCONCLUSIVE}, id="other"),
        pytest.param([covering(3, 4)], {Exit.INCONCLUSIVE}, id="incomplete"),
        pytest.param([PASSED, LEFT_OUT], set(), id="narrowed-by-the-operator"),
        pytest.param([skipped("no-capacity")], {Exit.INCONCLUSIVE}, id="could-not-look"),
        pytest.param([FAILED, OTHER], {Exit.FAILED, Exit.INCONCLUSIVE}, id="failed-and-other"),
    ],
)
def test_each_verdict_calls_for_its_exit_code(outcomes: list[Outcome], codes: set[Exit]) -> None:
    assert exits([phase(*outcomes)], DEFAULT_FAIL_ON) == codes


@pytest.mark.parametrize(
    ("fail_on", "outcomes", "codes"),
    [
        pytest.param([], [FAILED, OTHER], set(), id="report-only"),
        pytest.param(["failed"], [OTHER], set(), id="other-does-not-count"),
        pytest.param(["other"], [FAILED], set(), id="failed-does-not-count"),
        pytest.param(["other"], [FAILED, OTHER], {Exit.INCONCLUSIVE}, id="failed-hides-no-other"),
        pytest.param(
            ["incomplete"],
            [OTHER, skipped("no-capacity")],
            {Exit.INCONCLUSIVE},
            id="other-hides-no-incomplete",
        ),
        pytest.param(["skipped"], [OUT_OF_SCOPE], {Exit.INCONCLUSIVE}, id="skipped-counts"),
        pytest.param(["skipped"], [OUT_OF_SCOPE, PASSED], set(), id="a-phase-with-a-proof"),
        pytest.param(FAIL_ON, [PASSED], set(), id="nothing-to-fail-on"),
    ],
)
def test_the_operator_chooses_what_counts(
    fail_on: list[str], outcomes: list[Outcome], codes: set[Exit]
) -> None:
    assert exits([phase(*outcomes)], fail_on) == codes


def test_phases_are_judged_together() -> None:
    phases = [phase(PASSED), phase(OTHER, name="deployment"), phase(FAILED, name="performance")]

    assert exits(phases, DEFAULT_FAIL_ON) == {Exit.FAILED, Exit.INCONCLUSIVE}


def test_counts_by_status() -> None:
    found = phase(PASSED, PASSED, FAILED)

    assert [found.count(status) for status in Status] == [2, 1, 0, 0]


def test_what_never_ran_took_no_time() -> None:
    assert Outcome("alpha", "conformance", Status.SKIPPED).duration_s == 0.0


def documented() -> dict[str, tuple[str, str]]:
    """The reasons to skip of the page about reports: who says each, and what its phase is."""
    page = (ROOT / "docs/report.md").read_text()
    table = page.split("## Why a check was skipped", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): (row[1], row[3]) for row in rows}


def test_every_reason_to_skip_is_documented_in_the_order_of_the_enum() -> None:
    assert list(documented()) == list(SkipCode)


@pytest.mark.parametrize("code", SkipCode)
def test_the_page_says_of_each_reason_what_it_means_for_the_phase(code: SkipCode) -> None:
    meaning = {
        PhaseStatus.SKIPPED: "neutral",
        PhaseStatus.NARROWED: "narrowed",
        PhaseStatus.INCOMPLETE: "incomplete",
    }
    said_by, means = documented()[code]

    assert means == meaning[phase(skipped(code)).status]
    assert (said_by != "the run") is (code in SAID_BY_CHECKS)

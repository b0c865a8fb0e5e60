from typing import Any

import pytest

from helper.check import SAID_BY_CHECKS, SkipCode
from helper.depth import Depth
from orchestrator.facts import (
    CONTRADICTED,
    UNREADABLE,
    Coverage,
    coverage_of,
    credible,
    margin,
    objection,
)
from orchestrator.outcome import PhaseStatus, Status, borne_out
from tests.orchestrator.engine import Engine, entry, script
from tests.orchestrator.samples import outcome, phase

GOOD = {"name": "bandwidth", "value": 412.0, "unit": "GB/s", "threshold": ">= 300", "passed": True}
BAD = {**GOOD, "value": 120.0, "passed": False}


@pytest.mark.parametrize(
    ("told", "coverage"),
    [
        pytest.param({"seen": 3, "total": 4}, Coverage(3, 4), id="some"),
        pytest.param({"seen": 0, "total": 0}, Coverage(0, 0), id="none-of-none"),
        pytest.param({"seen": 5, "total": 4}, None, id="more-than-all"),
        pytest.param({"seen": -1, "total": 4}, None, id="negative"),
        pytest.param({"seen": 1}, None, id="no-total"),
        pytest.param({"seen": "1", "total": 2}, None, id="text"),
        pytest.param({"seen": True, "total": 1}, None, id="truth"),
        pytest.param(7, None, id="number"),
        pytest.param(None, None, id="null"),
    ],
)
def test_coverage_is_two_numbers_that_make_sense(told: Any, coverage: Coverage | None) -> None:
    assert coverage_of({"coverage": told}) == coverage


def test_nothing_of_nothing_is_enough_for_nobody_who_asks_for_something() -> None:
    assert not Coverage(0, 0).reaches(0.01)
    assert Coverage(0, 0).reaches(0)


@pytest.mark.parametrize(
    ("facts", "unreadable", "raw", "words"),
    [
        pytest.param(
            {}, 'FACT: {"coverage": {', UNREADABLE, "no readable fact: 'FACT: {", id="line"
        ),
        pytest.param({"coverage": None}, "", UNREADABLE, "its coverage makes no sense", id="null"),
        pytest.param(
            {"coverage": {"seen": 9, "total": 8}}, "", UNREADABLE, "0 <= seen <= total", id="9-of-8"
        ),
        pytest.param(
            {"measured": [GOOD, BAD]},
            "",
            CONTRADICTED,
            "bandwidth did not pass: 120.0 GB/s (want >= 300), which calls for exit 1",
            id="missed-threshold",
        ),
        pytest.param({"measured": [7]}, "", UNREADABLE, "whether a measured value", id="no-value"),
        pytest.param({"measured": BAD}, "", CONTRADICTED, "bandwidth did not pass", id="one-value"),
        pytest.param(
            {"measured": [{**GOOD, "passed": "no"}]},
            "",
            UNREADABLE,
            "whether bandwidth passed cannot be read",
            id="passed-of-a-wrong-type",
        ),
        pytest.param({"proof": "certain"}, "", UNREADABLE, "want configured, obs", id="proof"),
        pytest.param({"proof": ["observed"]}, "", UNREADABLE, "its proof makes no", id="proofs"),
        pytest.param(
            {"items": [{"name": "gpu-1", "kind": "node", "passed": False, "message": "Xid 79"}]},
            "",
            CONTRADICTED,
            "node gpu-1 did not pass: Xid 79, which calls for exit 1",
            id="a-node-that-failed",
        ),
        pytest.param({"items": ["x"]}, "", UNREADABLE, "whether a single item", id="no-item"),
        pytest.param(
            {"skip": "not-applicable"}, "", CONTRADICTED, "want exit 2 with it", id="skip"
        ),
    ],
)
def test_a_pass_that_its_facts_do_not_bear_out_is_no_verdict(
    facts: dict[str, Any], unreadable: str, raw: str, words: str
) -> None:
    found = borne_out(outcome(facts=facts), unreadable)

    assert (found.status, found.raw_status) == (Status.OTHER, raw)
    assert found.message.startswith("it ended as passed, but ")
    assert words in found.message
    assert phase(found).status is PhaseStatus.OTHER


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"coverage": {"seen": 3, "total": 4}},
        {"measured": [GOOD, {**GOOD, "passed": None}]},
        {"item": "anything"},
    ],
    ids=str,
)
def test_facts_that_say_nothing_against_it_leave_a_pass_alone(facts: dict[str, Any]) -> None:
    passed = outcome(facts=facts)

    assert objection(facts) is None
    assert borne_out(passed) is passed


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.OTHER])
def test_facts_take_only_a_pass_back(status: Status) -> None:
    found = outcome(status=status, facts={"measured": [BAD], "coverage": 7})

    assert borne_out(found, "FACT: {") is found


@pytest.mark.parametrize(
    ("line", "raw"),
    [
        pytest.param('FACT: {"coverage": {"seen": 1', UNREADABLE, id="cut-off"),
        pytest.param('FACT: {"coverage": "all"}', UNREADABLE, id="coverage-in-words"),
        pytest.param(
            'FACT: {"measured": {"name": "bw", "passed": false}}', CONTRADICTED, id="missed"
        ),
    ],
)
def test_a_run_takes_such_a_pass_back_however_long_its_log_is(line: str, raw: str) -> None:
    log = line + "\n" + "evidence\n" * 2000

    done = Engine([entry("alpha")], [script("alpha", log=log)]).run()

    found = done.outcome("alpha")
    assert (found.status, found.raw_status, found.exit_code) == (Status.OTHER, raw, 0)


@pytest.mark.parametrize("code", SkipCode)
def test_a_check_skips_for_its_own_reasons_only(code: SkipCode) -> None:
    told = code if code in SAID_BY_CHECKS else "unspecified"

    assert credible({"skip": str(code)}, Depth.FAST) == {"skip": told}


@pytest.mark.parametrize("told", ["depth", "", "because", ["not-applicable"], None])
def test_what_is_no_reason_at_this_depth_is_none(told: Any) -> None:
    assert credible({"skip": told}, Depth.FULL) == {"skip": "unspecified"}


@pytest.mark.parametrize(
    ("depth", "told", "proof"),
    [
        (Depth.FULL, "demonstrated", "demonstrated"),
        (Depth.FAST, "demonstrated", "observed"),
        (Depth.FAST, "configured", "configured"),
    ],
)
def test_a_proof_is_as_strong_as_the_depth_allows(depth: Depth, told: str, proof: str) -> None:
    assert credible({"proof": told}, depth) == {"proof": proof}


def test_a_check_cannot_make_its_skip_look_like_the_operators_wish() -> None:
    log = 'FACT: {"skip": "user-excluded"}\n'
    done = Engine([entry("alpha")], [script("alpha", exitCode=2, log=log, message="no")]).run()

    assert done.outcome("alpha").facts == {"skip": "unspecified"}
    assert phase(done.outcome("alpha")).status is PhaseStatus.INCOMPLETE


@pytest.mark.parametrize(
    ("value", "threshold", "share"),
    [
        pytest.param(412, ">= 300", 0.3733, id="above"),
        pytest.param(412, ">= 450", -0.0844, id="below"),
        pytest.param(80.0, "<= 100", 0.2, id="less-is-better"),
        pytest.param("412", "> 300", 0.3733, id="a-text"),
        pytest.param(None, ">= 300", None, id="no-value"),
        pytest.param(5, ">= 0", None, id="no-share-of-nothing"),
        pytest.param(5, "== 5", None, id="no-direction"),
        pytest.param(True, ">= 1", None, id="no-number"),
        pytest.param(5, "", None, id="no-threshold"),
    ],
)
def test_a_margin_is_a_share_of_the_threshold(
    value: Any, threshold: str, share: float | None
) -> None:
    found = margin(value, threshold)

    assert found == (share if share is None else pytest.approx(share, abs=1e-4))

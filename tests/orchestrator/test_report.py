import pytest

from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, PhaseResult, Status
from orchestrator.report import MEANING, attention, first_line, phase_line, verdict
from tests.orchestrator.samples import outcome, phase

OUT_OF_SCOPE = outcome(status=Status.SKIPPED, facts={"skip": "not-applicable"})


def test_a_first_line_stands_alone() -> None:
    assert first_line("\n2 of 3 pods\nevent x") == "2 of 3 pods"


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        pytest.param(
            (outcome("a"), outcome("b")), "conformance  passed       2 passed  (1m5s)", id="passed"
        ),
        pytest.param(
            (outcome("a"), outcome("b", Status.FAILED), outcome("c", Status.OTHER)),
            "conformance  failed       1 passed, 1 failed, 1 other  (1m5s)",
            id="failed",
        ),
        pytest.param(
            (OUT_OF_SCOPE,),
            "conformance  skipped      1 skipped, nothing was proven  (1m5s)",
            id="nothing-proven",
        ),
        pytest.param(
            (outcome("a", Status.SKIPPED),),
            "conformance  incomplete   1 skipped, not everything was looked at  (1m5s)",
            id="incomplete",
        ),
        pytest.param((), "conformance  not selected the recipe selects no check", id="no-check"),
    ],
)
def test_a_phase_in_a_line(outcomes: tuple[Outcome, ...], line: str) -> None:
    assert phase_line(phase(*outcomes, started=100.0, stopped=165.0)) == line


def test_what_needs_attention_comes_by_gravity_and_then_in_order() -> None:
    phases = [
        phase(outcome("s", Status.SKIPPED), outcome("f1", Status.FAILED), outcome("p")),
        phase(outcome("o", Status.OTHER), outcome("f2", Status.FAILED)),
    ]

    assert [item.check for item in attention(phases)] == ["f1", "f2", "o", "s"]


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_code_has_words(code: Exit) -> None:
    assert MEANING[code]


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        pytest.param(
            [phase(outcome()), phase(OUT_OF_SCOPE)],
            "1 check skipped, and --fail-on has skipped",
            id="skipped-alone",
        ),
        pytest.param(
            [phase(outcome("a", Status.OTHER)), phase(OUT_OF_SCOPE)],
            "inconclusive: not everything could be judged",
            id="beside-no-verdict",
        ),
        pytest.param(
            [phase(outcome("a", Status.SKIPPED))],
            "inconclusive: not everything could be judged",
            id="for-want-of-something",
        ),
    ],
)
def test_a_run_that_only_fail_on_makes_inconclusive_says_so(
    phases: list[PhaseResult], words: str
) -> None:
    assert verdict(phases, Exit.INCONCLUSIVE)[0] == words


EXCLUDED = outcome("e", Status.SKIPPED, facts={"skip": "user-excluded"})
TOO_DEEP = outcome("d", Status.SKIPPED, facts={"skip": "depth"})
LOOKED = outcome("l", extra={"depth": "fast"})


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        pytest.param((outcome(), EXCLUDED), "1 of 2 were left out", id="by-name"),
        pytest.param((outcome(), TOO_DEEP), "1 of 2 were left out by --depth fast", id="by-depth"),
        pytest.param(
            (outcome(), EXCLUDED, TOO_DEEP),
            "2 of 3 were left out, 1 of them by --depth fast",
            id="both",
        ),
        pytest.param((LOOKED,), "at depth fast, nothing was demonstrated", id="all-were-fast"),
        pytest.param((TOO_DEEP,), "nothing was proven: no check ran", id="nothing-ran"),
    ],
)
def test_the_last_line_says_what_was_not_asked(outcomes: tuple[Outcome, ...], words: str) -> None:
    said, style = verdict([phase(*outcomes)], Exit.OK)

    assert words in said
    assert style == "bold yellow"


def test_what_was_left_out_for_its_depth_is_told_and_what_was_left_out_by_name_is_not() -> None:
    assert [item.check for item in attention([phase(EXCLUDED, TOO_DEEP)])] == ["d"]

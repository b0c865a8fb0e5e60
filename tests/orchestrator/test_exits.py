from itertools import pairwise

import pytest

from orchestrator.exits import RANK, Exit, worst


@pytest.mark.parametrize(
    ("code", "number"),
    [
        pytest.param(Exit.OK, 0, id="passed-or-rightly-skipped"),
        pytest.param(Exit.FAILED, 1, id="a-check-failed"),
        pytest.param(Exit.USAGE, 2, id="usage-configuration-input-or-readiness"),
        pytest.param(Exit.INCONCLUSIVE, 3, id="no-verdict-or-incomplete"),
        pytest.param(Exit.PERMISSION, 4, id="permission-preflight-failed"),
        pytest.param(Exit.TIMEOUT, 5, id="whole-run-timeout"),
        pytest.param(Exit.UNREACHABLE, 6, id="cluster-or-registry-unreachable"),
        pytest.param(Exit.LEFTOVERS, 7, id="cleanup-left-objects"),
        pytest.param(Exit.INTERNAL, 8, id="internal-error"),
        pytest.param(Exit.INTERRUPTED, 130, id="interrupted"),
        pytest.param(Exit.TERMINATED, 143, id="terminated"),
    ],
)
def test_each_way_out_has_its_number(code: Exit, number: int) -> None:
    assert int(code) == number
    assert worst([code]) is code


def test_the_table_above_is_complete() -> None:
    assert {int(code) for code in Exit} == {0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 143}


def test_nothing_found_is_good() -> None:
    assert worst([]) is Exit.OK


DOCUMENTED = (
    Exit.INTERRUPTED,
    Exit.INTERNAL,
    Exit.FAILED,
    Exit.UNREACHABLE,
    Exit.TIMEOUT,
    Exit.INCONCLUSIVE,
    Exit.LEFTOVERS,
)


@pytest.mark.parametrize(
    ("graver", "lesser"),
    [pytest.param(*pair, id=f"{pair[0]:d}-before-{pair[1]:d}") for pair in pairwise(DOCUMENTED)],
)
def test_when_several_apply_the_graver_one_counts(graver: Exit, lesser: Exit) -> None:
    assert worst([lesser, graver]) is graver
    assert worst([graver, lesser, Exit.OK]) is graver


@pytest.mark.parametrize("cause", [Exit.PERMISSION, Exit.USAGE])
def test_what_kept_a_run_from_starting_is_not_hidden_by_its_unjudged_checks(cause: Exit) -> None:
    assert worst([cause, Exit.INCONCLUSIVE, Exit.LEFTOVERS]) is cause


def test_every_code_but_success_has_a_rank() -> None:
    assert set(RANK) == set(Exit) - {Exit.OK}

import pytest

from helper.check import Check, Skip, SkipCode, Unbuilt, check
from helper.context import Context
from tests.helper.checks.passes import passes
from tests.helper.checks.waits_in_vain import waits_in_vain


def test_a_check_is_named_by_its_function_and_summed_up_by_its_first_line() -> None:
    assert passes.name == "passes"
    assert waits_in_vain.name == "waits-in-vain"
    assert passes.summary == "Passes, and shows what it was given."
    assert (passes.requirement, waits_in_vain.requirement) == ("always_true", "")


def test_a_check_without_words_is_still_a_check() -> None:
    @check()
    def wordless(_: Context) -> None: ...

    assert isinstance(wordless, Check)
    assert (wordless.name, wordless.summary) == ("wordless", "")


def test_a_skip_is_for_scope_unless_it_says_otherwise() -> None:
    assert Skip("not in the recipe").code is SkipCode.NOT_APPLICABLE
    assert Skip("no node is free", SkipCode.CAPACITY).code == "no-capacity"


@pytest.mark.parametrize("code", SkipCode)
def test_skip_codes_read_as_words(code: SkipCode) -> None:
    assert str(code) == code.value


def test_what_is_unbuilt_is_named() -> None:
    assert str(Unbuilt("NCCL")) == "not implemented in this version: NCCL"

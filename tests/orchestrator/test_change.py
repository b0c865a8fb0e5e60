from typing import Any

import pytest

from orchestrator.change import Change, Kind, changed
from orchestrator.reports.document import Case, Coverage, Item, Measured

GOOD = Measured("bandwidth", "400", "GB/s", ">= 300", passed=True)


def measuring(*values: Measured) -> Case:
    return Case("a", "performance", "passed", measured=values)


def value(**told: Any) -> Measured:
    return Measured(**{**vars(GOOD), **told})


def listing(*items: Item, status: str = "failed") -> Case:
    return Case("a", "deployment", status, items=items)


def node(name: str, status: str) -> Item:
    return Item(name, "node", status)


def change(before: Case, after: Case) -> Change:
    return changed("a", before, after)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        pytest.param(measuring(), "bandwidth is not told any more", id="gone"),
        pytest.param(measuring(value(unit="MB/s")), "not told any more", id="another-unit"),
        pytest.param(measuring(value(passed=None)), "is not judged any more", id="not-judged"),
        pytest.param(
            measuring(value(value="9", passed=False)), "no longer meets its threshold", id="missed"
        ),
        pytest.param(
            measuring(value(value="not a number")), "is not a number", id="no-number-any-more"
        ),
        pytest.param(
            measuring(value(value="200", threshold=">= 100")),
            "bandwidth misses the threshold of before (>= 300; now >= 100)",
            id="threshold-lowered",
        ),
        pytest.param(
            measuring(value(value="200", threshold="")), "(>= 300; now not told)", id="no-threshold"
        ),
    ],
)
def test_a_value_that_proves_less_is_a_loss(after: Case, words: str) -> None:
    found = change(measuring(GOOD), after)

    assert words in "".join(found.losses)
    assert (found.kind, found.is_worse) == (Kind.WORSE, True)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(measuring(value(value="310")), id="within-its-threshold"),
        pytest.param(measuring(value(threshold=">= 100")), id="a-lower-threshold-alone"),
        pytest.param(measuring(value(value="500", threshold=">= 450")), id="a-higher-one-met"),
        pytest.param(measuring(GOOD, value(name="latency")), id="one-value-more"),
    ],
)
def test_a_value_that_proves_as_much_is_none(after: Case) -> None:
    assert not change(measuring(GOOD), after).is_worse


def test_values_of_one_name_are_compared_in_their_order() -> None:
    one, two = value(value="400"), value(value="390")

    found = change(measuring(one, two), measuring(one))

    assert [str(delta) for delta in found.measured] == ["bandwidth: 390 → not told"]
    assert found.is_worse


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param(
            [node("a", "failed"), node("b", "passed")],
            [node("a", "failed"), node("b", "failed")],
            "b did better before",
            id="one-more-fails",
        ),
        pytest.param(
            [node("a", "passed")], [node("a", "other")], "a did better before", id="not-judged"
        ),
        pytest.param(
            [node("a", "failed")],
            [node("b", "failed"), node("c", "failed")],
            "2 items did not pass, where 1 did not",
            id="others-fail",
        ),
        pytest.param([node("a", "failed")], [node("b", "failed")], "", id="another-one-fails"),
        pytest.param([node("a", "failed")], [node("a", "passed")], "", id="repaired"),
        pytest.param([], [node("a", "failed")], "", id="told-for-the-first-time"),
    ],
)
def test_a_failure_may_spread(before: list[Item], after: list[Item], words: str) -> None:
    found = change(listing(*before), listing(*after))

    assert words in "".join(found.losses)
    assert found.is_worse is bool(words)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        pytest.param("not-applicable", "no-capacity", True, id="blocked-now"),
        pytest.param("no-capacity", "not-applicable", False, id="rightly-skipped-now"),
        pytest.param("not-applicable", "depth", False, id="left-out-now"),
        pytest.param("no-capacity", "no-permission", False, id="as-little-as-before"),
    ],
)
def test_a_skip_may_prove_less_than_another(before: str, after: str, *, worse: bool) -> None:
    skips = [Case("a", "conformance", "skipped", skip=skip) for skip in (before, after)]

    assert change(*skips).is_worse is worse


def test_coverage_in_another_unit_is_compared_by_its_share() -> None:
    nodes, gpus = (
        Case("a", "deployment", "passed", coverage=Coverage(count, count, unit))
        for count, unit in ((2, "nodes"), (1, "racks"))
    )

    assert not change(nodes, gpus).is_worse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helper.constraint import ConstraintError, Expression, parse, parse_version


@pytest.mark.parametrize(
    ("expression", "actual", "holds"),
    [
        (">= 1.32.4", "v1.33.5-eks-3025e55", True),
        (">= 1.32.4", "1.32.4", True),
        (">= 1.32.4", "1.32.3", False),
        ("> 1.30", "1.30.5", False),
        ("> 1.30", "1.31.0", True),
        ("<= 1.33", "1.33.9", True),
        ("< 1.34", "1.33.9", True),
        ("< 1.34", "1.34.0", False),
        (">= 6.8", "6.8.0-1028-aws", True),
        (">=6.8", "5.15.0-1050-aws", False),
        (" >=  6.8 ", "5.15.0-1050-aws", False),
        (" >=  6.8 ", " 6.11.0-1008-nvidia \n", True),
        (">= 570.158.01", "570.158.1", True),
        (">= 8", "8", True),
        (">= 8", "10", True),
        (">= 8", "8.0", True),
        (">= 8", "7", False),
        (">= 24.04", "24.10", True),
        (">= 1.9", "1.10", True),
        (">= 1.31", "v1.31.1+rke2r1", True),
        (">= 1.29.2", "1.29.2-hotfix.20240322", True),
        (">= 1.28.0", "v1.28.0-gke.1337000", True),
        (">= 1.33", "1.33+", True),
        ("== 1.30.0", "v1.30", True),
        ("== 1.32", "1.32.4", False),
        ("== 1.32.4", "v1.32.4-eks-1", True),
        ("!= 1.2.3", "v1.2.3", False),
        ("!= 1.2.3", "1.2.4", True),
        ("== 24.04", "24.4", True),
        ("== v1.2.x", "v1.2.x", True),
        ("!= v1.2.x", "v1.2.3", True),
        ("== 550.90.07.01", "550.90.07.01", True),
        ("== 550.90.07.01", "550.90.7.1", False),
        ("== ubuntu", "ubuntu", True),
        ("!= rhel", "ubuntu", True),
        ("== ubuntu22.04", "ubuntu22.04", True),
        ("== 8", "8", True),
        ("== 8", "08", False),
        ("24.04", "24.04", True),
        ("24.04", "24.4", False),
        ("1.33.5", "v1.33.5", False),
        ("ubuntu", " ubuntu ", True),
        ("ubuntu", "Ubuntu", False),
        ("true", "true", True),
        ("H100 SXM, 80 GB", "H100 SXM, 80 GB", True),
    ],
)
def test_judges_as_the_reference_does(expression: str, actual: str, holds: bool) -> None:
    assert parse(expression).holds(actual) is holds


@pytest.mark.parametrize(
    ("expression", "actual", "holds"),
    [
        ("< 1.34", "1.34.0-rc.1", True),
        ("<= 1.34.0", "1.34.0-rc.1", True),
        (">= 1.34.0", "v1.34.0-rc.1", False),
        (">= 1.34", "v1.34.0-alpha.2", False),
        (">= 1.34", "v1.34.1-rc.0", True),
        ("> 1.33", "v1.34.0-beta.0", True),
        ("== 1.34.0", "v1.34.0-rc.1", False),
        ("!= 1.34.0", "v1.34.0-rc.1", True),
        (">= 1.34.0-rc.1", "v1.34.0", True),
        (">= 1.34.0-rc.1", "v1.34.0-rc.1-eks-3025e55", True),
        (">= 1.34.0-rc.2", "v1.34.0-rc.1", False),
        (">= 1.34.0-rc.9", "v1.34.0-rc.10", True),
        (">= 1.34.0-beta.3", "v1.34.0-rc.0", True),
        ("> 1.34.0-beta", "v1.34.0-alpha.9", False),
        ("== 1.34.0-rc.1", "v1.34.0-rc.1", True),
        ("== 1.34.0-rc.1", "v1.34.0-rc.2", False),
        (">= 25.10.0", "v25.10.0-RC1", False),
        (">= 25.10.0", "v25.10.0-rcx", True),
        (">= 1.2.0", "1.2.0-preview.1", False),
        (">= 1.2.0", "1.2.0-dev", False),
        (">= 5.14.0", "5.14.0-427.el9.x86_64", True),
    ],
)
def test_a_pre_release_ranks_below_its_release(expression: str, actual: str, holds: bool) -> None:
    assert parse(expression).holds(actual) is holds


@pytest.mark.parametrize(
    ("expression", "actual"),
    [(">= 1.32.4", "v1.32"), ("< 1.32.4", "1.32"), ("<= 1.32.4", "1"), ("> 24.04", "24")],
)
def test_a_value_less_precise_than_the_bound_cannot_be_judged(expression: str, actual: str) -> None:
    with pytest.raises(ConstraintError, match="is less precise than the bound"):
        parse(expression).holds(actual)


@pytest.mark.parametrize(
    ("expression", "actual", "holds"), [(">= 1.32.4", "v1.33", True), ("< 2.1", "1", True)]
)
def test_a_short_value_is_judged_where_it_differs(
    expression: str, actual: str, holds: bool
) -> None:
    assert parse(expression).holds(actual) is holds


@pytest.mark.parametrize(
    ("expression", "actual", "side"),
    [
        (">= 1.0", "not-a-version", "actual"),
        (">= 1.0", "", "actual"),
        (">= 1.2", "1.2.3.4", "actual"),
        (">= banana", "1.0", "expected"),
        ("> 1.2.x", "1.2", "expected"),
    ],
)
def test_what_has_no_order_is_an_error_that_names_the_side(
    expression: str, actual: str, side: str
) -> None:
    with pytest.raises(ConstraintError, match=f"cannot parse {side} version: "):
        parse(expression).holds(actual)


@pytest.mark.parametrize("text", ["", " ", "\n", ">=", "== ", " != ", "<"])
def test_an_expression_that_compares_with_nothing_is_an_error(text: str) -> None:
    with pytest.raises(ConstraintError, match="compares with nothing"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "~= 1.2",
            "=> 1.2",
            "^1.2",
            "= 1.2",
            "1.30 || 1.31",
            ">= 1.30 && < 1.32",
            ">= 1.2, < 1.4",
        ),
        *("|| 1", "&1", "=== 1"),
    ],
)
def test_operators_of_other_tools_are_refused(text: str) -> None:
    with pytest.raises(ConstraintError, match="uses an unknown operator; there are >= <= "):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        (">=1", Expression(">=", "1")),
        ("  > 1.2 ", Expression(">", "1.2")),
        ("ubuntu", Expression("", "ubuntu")),
    ],
)
def test_an_expression_is_an_operator_and_a_value(text: str, expression: Expression) -> None:
    assert parse(text) == expression
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "core", "suffix"),
    [
        ("1", (1,), ""),
        ("v2", (2,), ""),
        ("v1.32", (1, 32), ""),
        ("24.04", (24, 4), ""),
        ("v1.33.5-eks-3025e55", (1, 33, 5), "-eks-3025e55"),
        ("v1.28.0-gke.1337000", (1, 28, 0), "-gke.1337000"),
        ("1.29.2-hotfix.20240322", (1, 29, 2), "-hotfix.20240322"),
        ("v1.31.1+rke2r1", (1, 31, 1), "+rke2r1"),
        ("6.8.0-1028-aws", (6, 8, 0), "-1028-aws"),
        ("5.14.0-427.el9.x86_64", (5, 14, 0), "-427.el9.x86_64"),
        ("6.1.112-122.189.amzn2023.x86_64", (6, 1, 112), "-122.189.amzn2023.x86_64"),
        ("6.6.68+", (6, 6, 68), "+"),
        ("1.33+", (1, 33), "+"),
        ("570.158.01", (570, 158, 1), ""),
        ("v25.10.0", (25, 10, 0), ""),
        ("1.33.5-rc.1", (1, 33, 5), "-rc.1"),
    ],
)
def test_reads_versions(text: str, core: tuple[int, ...], suffix: str) -> None:
    version = parse_version(text)
    assert (version.core, version.suffix) == (core, suffix)


@pytest.mark.parametrize(
    "text",
    [
        *("", "v", "vv1", "V1.2", "1.2.3.4", "1.2.x", "1..2", ".1", "1.", "-1.2", "1.-2", "latest"),
        *("<nil>", " 1.2", "1. 2", "1.2 ", "1_0", "\u0661.2", "+1", "1.+2", "1.2.3.4-rc", "1.2\n"),
        pytest.param("9" * 5000, id="endless"),
    ],
)
def test_what_is_no_version_is_an_error(text: str) -> None:
    with pytest.raises(ConstraintError, match="is no version"):
        parse_version(text)


VERSIONS = st.lists(st.integers(0, 40), min_size=3, max_size=3).map(tuple)


@given(VERSIONS, VERSIONS)
def test_full_versions_are_ordered_as_their_numbers(
    one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    left, right = (".".join(map(str, numbers)) for numbers in (one, other))
    judged = {operator: parse(f"{operator} {right}").holds(left) for operator in ("<", "==", ">")}
    assert judged == {"<": one < other, "==": one == other, ">": one > other}


@given(st.text(), st.text())
def test_judging_raises_nothing_but_a_constraint_error(expression: str, actual: str) -> None:
    try:
        parse(expression).holds(actual)
    except ConstraintError:
        return

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helper.errors import InputError
from helper.placement import (
    EFFECTS,
    Toleration,
    parse_selector,
    parse_tolerations,
    selector_text,
    tolerations_text,
)


@pytest.mark.parametrize(
    ("text", "tolerations"),
    [
        ("*", [Toleration()]),
        ("nvidia.com/gpu:NoSchedule", [Toleration("nvidia.com/gpu", "", "NoSchedule")]),
        ("pool=gpu:NoExecute", [Toleration("pool", "gpu", "NoExecute")]),
        (
            " a:NoSchedule, b=c:PreferNoSchedule ,",
            [Toleration("a", "", "NoSchedule"), Toleration("b", "c", "PreferNoSchedule")],
        ),
        ("", []),
    ],
)
def test_reads_tolerations(text: str, tolerations: list[Toleration]) -> None:
    assert parse_tolerations(text) == tolerations


@pytest.mark.parametrize(
    "text",
    [
        *(
            "gpu",
            "gpu:",
            ":NoSchedule",
            "=v:NoSchedule",
            "gpu:noschedule",
            "gpu:NoSchedule:x",
            "gpu=v",
        ),
        *("**", "*:NoSchedule:NoSchedule", "a:NoSchedule,b"),
    ],
)
def test_what_is_no_toleration_is_named(text: str) -> None:
    bad = text.rpartition(",")[2]
    with pytest.raises(InputError) as caught:
        parse_tolerations(text)
    assert str(caught.value).startswith(f"toleration {bad!r}: want *, key:Effect or key=value:")


@pytest.mark.parametrize(
    ("toleration", "json"),
    [
        (Toleration(), {"operator": "Exists"}),
        (
            Toleration("gpu", "", "NoSchedule"),
            {"operator": "Exists", "key": "gpu", "effect": "NoSchedule"},
        ),
        (
            Toleration("pool", "gpu", "NoExecute"),
            {"operator": "Equal", "key": "pool", "value": "gpu", "effect": "NoExecute"},
        ),
    ],
    ids=["everything", "key", "value"],
)
def test_a_toleration_is_written_as_it_stands_in_a_pod(
    toleration: Toleration, json: dict[str, str]
) -> None:
    assert toleration.as_json() == json


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("pool=gpu", {"pool": "gpu"}),
        (" a=1, b=2 ,", {"a": "1", "b": "2"}),
        ("node-role.kubernetes.io/gpu=", {"node-role.kubernetes.io/gpu": ""}),
        ("", {}),
    ],
)
def test_reads_selectors(text: str, selector: dict[str, str]) -> None:
    assert parse_selector(text) == selector


@pytest.mark.parametrize("text", ["gpu", "=gpu", "a=1,b"])
def test_what_is_no_selector_is_named(text: str) -> None:
    bad = text.rpartition(",")[2]
    with pytest.raises(InputError, match=f"node selector '{bad}': want key=value"):
        parse_selector(text)


WORDS = st.from_regex(r"[a-z0-9]([a-z0-9./-]{0,8}[a-z0-9])?", fullmatch=True)
TOLERATIONS = st.builds(
    Toleration, key=WORDS, value=st.just("") | WORDS, effect=st.sampled_from(EFFECTS)
) | st.just(Toleration())


@given(st.lists(TOLERATIONS))
def test_tolerations_that_are_written_read_back_as_the_same(tolerations: list[Toleration]) -> None:
    assert parse_tolerations(tolerations_text(tolerations)) == tolerations


@given(st.dictionaries(WORDS, st.just("") | WORDS))
def test_selectors_that_are_written_read_back_as_the_same(selector: dict[str, str]) -> None:
    assert parse_selector(selector_text(selector)) == selector


def test_selectors_are_written_in_one_order() -> None:
    assert selector_text({"b": "2", "a": "1"}) == selector_text({"a": "1", "b": "2"}) == "a=1,b=2"

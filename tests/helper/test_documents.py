import math
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from helper import documents
from helper.documents import RawFloat, RawInt, Text, dump, load_all, load_mapping
from helper.errors import InputError


def value_of(text: str) -> Any:
    return load_mapping(f"k: {text}", "f")["k"]


def refusal(data: bytes | str) -> str:
    with pytest.raises(InputError) as caught:
        load_mapping(data, "recipe.yaml")
    message = str(caught.value)
    assert message.startswith("recipe.yaml: ")
    assert "\n" not in message
    return message.removeprefix("recipe.yaml: ")


class Entry(BaseModel):
    value: Text


@pytest.mark.parametrize(
    "text",
    ["24.10", "1.20", "1", "010", "0x1F", "0o17", "1e3", "+5", "-0", ".5", "1.", ".inf", "00.10"],
)
def test_a_text_field_takes_a_number_as_it_was_written(text: str) -> None:
    assert Entry.model_validate({"value": value_of(text)}).value == text


@pytest.mark.parametrize("text", ["true", "null", "[1]", "{a: 1}"])
def test_a_text_field_takes_nothing_else_for_text(text: str) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate({"value": value_of(text)})


@pytest.mark.parametrize(
    "text",
    [
        *("on", "off", "yes", "no", "y", "n", "On", "YES", "tRUE"),
        *("12:30:45", "0000:03:00", "190:20:30.15"),
        *("2025-11-20T10:00:00Z", "2025-11-20"),
        *("1_000", "0b11", "1.2.3", "v1.33.5-eks-3025e55", "0o8", "0xZ", "1e", "e3", "+", "."),
        *("=", "< 1.30", "nil", "None", "nUll"),
    ],
)
def test_what_yaml_1_2_calls_text_is_text(text: str) -> None:
    found = value_of(text)
    assert (type(found), found) == (str, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("", None),
        ("12", 12),
        ("-12", -12),
        ("010", 8),
        ("-010", -8),
        ("08", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("24.10", 24.1),
        ("1e3", 1000.0),
        ("-1.5E-1", -0.15),
        ("-.inf", -math.inf),
        ("'12'", "12"),
        ('"on"', "on"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!bool 'true'", True),
    ],
)
def test_scalars_mean_what_the_reference_reads(text: str, value: Any) -> None:
    found = value_of(text)
    assert found == value
    assert isinstance(found, bool) is isinstance(value, bool)


def test_not_a_number_is_read() -> None:
    assert math.isnan(value_of(".nan"))


def test_anchors_aliases_and_merge_keys_are_read() -> None:
    text = "base: &b {a: 1, b: 2}\nover: {<<: *b, b: 3}\nlist: [*b, *b]\n"
    found = load_mapping(text, "f")
    assert found["over"] == {"a": 1, "b": 3}
    assert found["list"] == [{"a": 1, "b": 2}] * 2


def test_merged_keys_may_be_overridden_but_not_twice() -> None:
    text = "base: &b {a: 1}\nover: {<<: *b, a: 2, a: 3}\n"
    assert refusal(text) == "line 2, column 22: key 'a' appears twice"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", "line 2, column 1: key 'a' appears twice"),
        ("a:\n  b: 1\n  b: 1", "line 3, column 3: key 'b' appears twice"),
        ("1: a\n'1': b", "line 2, column 1: key '1' appears twice"),
        ("{a: 1, 'a': 2}", "line 1, column 8: key 'a' appears twice"),
        ("true: 1\nTrue: 2", "line 2, column 1: key True appears twice"),
    ],
    ids=["top", "nested", "number-and-text", "quoted", "boolean"],
)
def test_a_key_that_appears_twice_is_an_error(text: str, says: str) -> None:
    assert refusal(text) == says


def test_json_is_read_as_well() -> None:
    found = load_mapping('{"a": [1, 2.5, null, true, "\\u00e9"], "b": {}}', "f")
    assert found == {"a": [1, 2.5, None, True, "é"], "b": {}}


def test_numeric_keys_keep_their_text() -> None:
    assert load_mapping("1.20: a\n010: b\nn: {1.30: c}", "f") == {
        "1.20": "a",
        "010": "b",
        "n": {"1.30": "c"},
    }


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param("a: [", "line 2, column 1: did not find expected node content", id="open"),
        pytest.param("a: b: c", "line 1, column 5: mapping values are not allowed", id="colon"),
        pytest.param("a: \t- b", "line 1, column ", id="tab"),
        pytest.param("", "empty; want one mapping", id="empty"),
        pytest.param("# only a comment\n", "empty; want one mapping", id="comment"),
        pytest.param("---\n---\n", "empty; want one mapping", id="empty-documents"),
        pytest.param("a: 1\n---\nb: 2", "2 documents; want one mapping", id="two-documents"),
        pytest.param("- a", "holds a list; want one mapping", id="list"),
        pytest.param("24.10", "holds a scalar; want one mapping", id="number"),
        pytest.param(b"a: \xff", "no UTF-8 text at byte 3", id="no-utf-8"),
        pytest.param(b"\xff\xfea\x00", "no UTF-8 text at byte 0", id="utf-16"),
        pytest.param("a: \x00", "control characters are not allowed", id="nul"),
        pytest.param("a: \x1b[31m", "control characters are not allowed", id="escape"),
        pytest.param("a: \ud800", "surrogates not allowed", id="lone-surrogate"),
        pytest.param("a: *b", "line 1, column 4: found undefined alias", id="undefined-alias"),
        pytest.param("? [a]\n: b", "line 1, column 3: a key is no scalar", id="list-as-key"),
        pytest.param("? {a: b}\n: c", "line 1, column 3: a key is no scalar", id="mapping-as-key"),
        pytest.param("a: " + "9" * 5000, "Exceeds the limit", id="huge-number"),
        pytest.param("<<: 1", "expected a mapping or list of mappings for merging", id="merge"),
        pytest.param("a: !!bool maybe", "'maybe' is no boolean", id="odd-boolean"),
        pytest.param("a: !!int [1]", "expected a scalar node", id="list-as-number"),
        pytest.param("a: !!float {}", "expected a scalar node", id="mapping-as-number"),
        pytest.param("a: !!map b", "line 1, column 4: no mapping", id="text-as-mapping"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(data: bytes | str, says: str) -> None:
    assert says in refusal(data)


@pytest.mark.parametrize(
    "tag", ["python/object/apply:os.system", "binary", "timestamp", "set", "omap", "pairs", "own"]
)
def test_no_tag_makes_anything_but_plain_data(tag: str) -> None:
    assert "could not determine a constructor for the tag" in refusal(f"a: !!{tag} [echo]")


def billion_laughs(first: str, line: str) -> str:
    """Nine lines, each of which repeats the one before it nine times."""
    lines = [f"a0: &a0 {first}"]
    for n in range(1, 9):
        repeated = ", ".join([f"*a{n - 1}"] * 9)
        lines.append(f"a{n}: &a{n} {line.replace('REPEATED', repeated)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            billion_laughs("[x]", "[REPEATED]"),
            "aliases repeat more than 100000 values",
            id="lists",
        ),
        pytest.param(
            billion_laughs("{x: y}", "{<<: [REPEATED], z: 1}"),
            "aliases repeat more than 100000 values",
            id="merges",
        ),
        pytest.param("a: &a [*a]", "nested deeper than 64 levels", id="list-in-itself"),
        pytest.param("a: &a {b: *a}", "nested deeper than 64 levels", id="mapping-in-itself"),
        pytest.param(
            "a0: &a0 x\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100)),
            "nested deeper than 64 levels",
            id="chain",
        ),
    ],
)
def test_aliases_cannot_blow_up_a_document(text: str, says: str) -> None:
    assert says in refusal(text)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "], ids=["[", "{", "-", "?"])
def test_deep_nesting_is_refused_before_anything_recurses(opening: str) -> None:
    assert "nested deeper than 64 levels" in refusal(opening * 200_000)


def test_nesting_that_people_write_is_read() -> None:
    assert value_of("[" * 60 + "]" * 60)


def test_a_document_that_is_too_large_is_refused_unread() -> None:
    assert refusal("[" * (documents.MAX_BYTES + 1)) == (
        "1048577 bytes, more than the 1048576 that are read"
    )


def test_several_documents_can_be_read() -> None:
    assert load_all("a: 1\n---\n- b\n---\n", "f") == [{"a": 1}, ["b"], None]


@given(st.text() | st.binary())
@example("a: !!timestamp x")
@example("? ")
@example("!!map")
@example("a: !!float x")
def test_reading_raises_nothing_but_an_input_error(data: str | bytes) -> None:
    with suppress(InputError):
        load_all(data, "f")


YAML_SIGNS = st.text("ab01.:-?[]{}&*!|>'\"%@`#,<= \n\t~", max_size=30)


@given(YAML_SIGNS)
def test_reading_what_looks_like_yaml_raises_nothing_but_an_input_error(text: str) -> None:
    with suppress(InputError):
        load_mapping(text, "f")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def plain(value: Any) -> Any:
    """Numbers that remember their text, as ordinary ones."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, RawInt):
        return int(value)
    return float(value) if isinstance(value, RawFloat) else value


@given(DATA)
@example(["1e3", "0o17", "010", "on", "12:30:45", "1_000", "2025-11-20", "=", "<<", "~", ""])
@example(["\x85", "a\u2028b", " a\nb", "a \nb\n", "\n", "\ufeff", "a\r\nb", "# a", "- a", "\t"])
def test_what_is_written_reads_back_as_the_same(data: Any) -> None:
    found = plain(load_all(dump(data), "f")[0])
    assert repr(found) == repr(sorted_like(data))


def sorted_like(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: sorted_like(value[key]) for key in sorted(value)}
    return [sorted_like(item) for item in value] if isinstance(value, list) else value


@given(DATA)
def test_every_yaml_reader_reads_back_the_same_text(data: Any) -> None:
    found = yaml.safe_load(dump({"t": str(data)}))
    assert found == {"t": str(data)}


@pytest.mark.parametrize(
    "text", ["24.10", "010", "08", "0o17", "0x1F", "+5", "1e3", "1.", ".5", "1e400", "-.inf"]
)
def test_a_number_is_written_as_it_was_read(text: str) -> None:
    assert dump(load_mapping(f"k: {text}\n", "f")) == f"k: {text}\n"


def test_equal_documents_give_equal_bytes() -> None:
    one = {"b": [2, 1], "a": {"z": 1, "y": None}}
    other = {"a": {"y": None, "z": 1}, "b": [2, 1]}
    assert dump(one) == dump(other) == "a:\n  y: null\n  z: 1\nb:\n  - 2\n  - 1\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param({"a": "x " * 200}, "a: '" + "x " * 200 + "'\n", id="no-folding"),
        pytest.param({"a": "é😀"}, "a: é😀\n", id="unescaped"),
        pytest.param({"a": "one\ntwo\n"}, "a: |\n  one\n  two\n", id="literal-block"),
        pytest.param({"a": "one\ntwo"}, "a: |-\n  one\n  two\n", id="literal-block-without-end"),
        pytest.param({"a": [], "b": {}}, "a: []\nb: {}\n", id="empty"),
        pytest.param({"a": [[1], {"b": 2}]}, "a:\n  - - 1\n  - b: 2\n", id="nested-lists"),
        pytest.param({"Z": 1, "a": 2, "é": 3}, "Z: 1\na: 2\né: 3\n", id="by-code-point"),
        pytest.param({"a": "1.20", "b": "on"}, "a: '1.20'\nb: 'on'\n", id="quoted"),
    ],
)
def test_documents_are_written_in_one_style(data: Any, text: str) -> None:
    assert dump(data) == text


def test_no_aliases_are_written() -> None:
    shared = {"x": [1]}
    assert dump({"a": shared, "b": shared}) == "a:\n  x:\n    - 1\nb:\n  x:\n    - 1\n"

"""Whatever a file or a flag holds: a value comes of it, or one line that says why not."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helper import documents
from helper.documents import MAX_BYTES
from helper.errors import InputError
from orchestrator import catalog, cli, config, options, recipe, schemas
from orchestrator.commands.validate import validate
from orchestrator.errors import MAX_CHARS, StopError
from orchestrator.exits import Exit
from tests.fakes.malformed import malformed
from tests.orchestrator import test_config, test_options
from tests.orchestrator.samples import component, entry

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

RECIPE = {
    "apiVersion": "aicr.run/v1alpha2",
    "kind": "RecipeResult",
    "metadata": {"version": "v1", "appliedOverlays": ["base"], "excludedOverlays": ["x"]},
    "criteria": {"service": "eks", "nodes": 2},
    "constraints": [{"name": "K8s.server.version", "value": ">= 1.34", "severity": "warning"}],
    "componentRefs": [
        component(type="Helm", source="s", version="v1", dependencyRefs=["nfd"], patches=[]),
        component("nfd", expectedResources=[{"kind": "Pod", "name": "p", "namespace": "n"}]),
        component("nvidia-dra-driver-gpu", overrides={"resources": {"gpus": {"enabled": False}}}),
    ],
    "deploymentOrder": ["nfd"],
    "validation": {
        "readiness": {"constraints": [{"name": "a", "value": "1"}]},
        "conformance": {
            "checks": ["dra-support"],
            "timeout": "5m",
            "nodeSelection": {"selector": {"a": "b"}, "maxNodes": 1},
        },
    },
}
CATALOG = {
    "apiVersion": "validator.nvidia.com/v1alpha1",
    "kind": "ValidatorCatalog",
    "metadata": {"name": "a", "version": "1"},
    "validators": [
        entry(
            timeout="5m",
            env=[{"name": "A", "value": "1"}],
            resources={"cpu": "1", "memory": "1Gi"},
            dependencyAffinity=[{"componentRef": "a", "podLabelSelector": {"a": "b"}}],
            rbac=[
                {"resources": ["pods"], "verbs": ["get"], "namespace": {"component": "a"}},
                {"derive": "expectedResources"},
            ],
        )
    ],
}
SNAPSHOT = {
    "kind": "Snapshot",
    "measurements": [
        {"type": "K8s", "subtypes": [{"subtype": "server", "data": {"version": "v1"}}]},
        {"type": "OS", "subtypes": [{"subtype": "x", "items": [{"data": {"a": 1}}]}]},
    ],
}
GOOD = {
    "catalog": CATALOG,
    "recipe": RECIPE,
    "snapshot": SNAPSHOT,
    "config": documents.load_mapping(test_config.FULL, "config"),
}


def load_recipe(data: bytes | str) -> None:
    """Read a recipe and use what came of it."""
    found = recipe.parse(data, "recipe.yaml")
    found.text.encode()
    "".join(found.warnings).encode(errors="backslashreplace")


def load_config(data: bytes | str) -> None:
    """Read a configuration and build options of it."""
    found = config.parse(data, "ci.yaml")
    options.build({**test_options.DEFAULTS, **found.values}, {}, "v1")


LOADERS: dict[str, Callable[[bytes | str], object]] = {
    "catalog": lambda data: catalog.parse(data, "catalog.yaml"),
    "recipe": load_recipe,
    "snapshot": lambda data: recipe.parse_snapshot(data, "snapshot.yaml"),
    "config": load_config,
}
each_loader = pytest.mark.parametrize("name", LOADERS)


def load(name: str, data: bytes | str) -> str:
    """Load a document; gives the line that says why not, or nothing."""
    try:
        LOADERS[name](data)
    except (StopError, InputError) as error:
        line = str(error)
    else:
        return ""
    line.encode()
    assert line.isprintable()
    assert len(line) <= MAX_CHARS + 2
    return line


HOSTILE = {
    "deep-lists": "[" * 5000,
    "deep-lists-closed": "[" * 500 + "]" * 500,
    "deep-mappings": "{a: " * 500 + "1" + "}" * 500,
    "deep-blocks": "".join(f"{' ' * n}a:\n" for n in range(200)),
    "deep-keys": "? " * 500 + "a",
    "bomb": "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(30)),
    "self-reference": "a: &a [*a]",
    "self-merge": "a: &a {<<: *a}",
    "unknown-anchor": "a: *b",
    "duplicate-keys": '{"kind": "a", "kind": "b"}',
    "two-documents": "a: 1\n---\nb: 1",
    "tag": "a: !!python/object/apply:os.system [id]",
    "date": "a: 2020-01-01",
    "binary": "a: !!binary aGk=",
    "long-number": f"a: {'9' * 5000}",
    "infinite": "kind: .inf",
    "not-a-number": "kind: .nan",
    "null-key": "~: 1",
    "list-key": "[a]: 1",
    "escape": 'kind: "\\e[2J\\a\\0"',
    "raw-escape": "kind: \x1b[2J",
    "line-separators": 'kind: "a\\n\\r\\u2028\\u0085b"',
    "lone-surrogate": 'kind: "\\ud800"',
    "raw-surrogate": "kind: \ud800",
    "byte-order-mark": "\ufeffkind: \ufeff",
    "many-keys": "".join(f"key{n}: 1\n" for n in range(20_000)),
    "long-word": f"kind: {'x' * 500_000}",
    "long-key": f"{'x' * 1000}: 1",
    "five-megabytes": "#" * 5 * MAX_BYTES,
}  # fmt: skip


@each_loader
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_read_or_refused_in_a_line(name: str, text: str) -> None:
    load(name, text)


@each_loader
@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"a: \x80", b"\x00" * 100, "kind: é".encode("utf-16"), b"%YAML 9.9\n"]
)
def test_bytes_are_read_or_refused_in_a_line(name: str, data: bytes) -> None:
    load(name, data)


@each_loader
def test_a_good_document_is_accepted(name: str) -> None:
    assert load(name, documents.dump(GOOD[name])) == ""


@each_loader
def test_a_value_of_a_wrong_type_is_read_or_refused_in_a_line_wherever_it_stands(name: str) -> None:
    for document in malformed(GOOD[name]):
        load(name, json.dumps(document))


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["5m", "-1s", "*", "a=b", "all", "Helm", "error", ".inf", "<<", "~", "\x1b["])
)  # fmt: skip
KEYS = sorted(
    {
        key
        for name in ("catalog", "config", "recipe")
        for part in [json.loads(schemas.text(name))]
        for found in [part, *part["$defs"].values()]
        for key in found.get("properties", {})
    }
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=15,
)


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """A document in which a value somewhere is replaced by another one."""
    if not isinstance(document, dict | list) or not document or draw(st.integers(0, 4)) == 0:
        return draw(values)
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = draw(st.sampled_from(keys))
    copy = document.copy()
    copy[key] = draw(changed(document[key]))
    return copy


def written(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


@each_loader
@QUICK
@given(data=st.data())
def test_a_changed_document_is_read_or_refused_in_a_line(name: str, data: st.DataObject) -> None:
    load(name, written(data.draw(changed(GOOD[name]))))


@each_loader
@QUICK
@given(data=st.data())
def test_a_document_cut_up_is_read_or_refused_in_a_line(name: str, data: st.DataObject) -> None:
    text = documents.dump(GOOD[name])
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    splinter = data.draw(
        st.text(max_size=10) | st.sampled_from([*"[]{}:-&*!|>'\"#%@`?,\n\t", "<<: "])
    )
    load(name, text[:start] + splinter + text[end:])


@each_loader
@QUICK
@given(data=st.binary(max_size=200) | st.text(max_size=200))
def test_anything_at_all_is_read_or_refused_in_a_line(name: str, data: bytes | str) -> None:
    load(name, data)


WORDS = st.text(max_size=20) | st.sampled_from(
    ["", "-", "all", "5m", "-5m", "a=b", "a:NoSchedule", "*", "true", "nan", "1e999", "cm://a/b"]
)


@QUICK
@given(
    flags=st.fixed_dictionaries(
        {
            name: st.lists(WORDS, max_size=3)
            if value == ()
            else st.booleans()
            if isinstance(value, bool)
            else st.none() | WORDS
            for name, value in test_options.DEFAULTS.items()
            if name not in ("max_parallel", "min_coverage")  # numbers by their type
        }
    )
)
def test_flags_are_read_or_refused_in_a_line(flags: dict[str, Any]) -> None:
    line = ""
    try:
        options.build({**test_options.DEFAULTS, **flags}, {}, "v1")
    except StopError as error:
        line = str(error)

    assert line.isprintable()


def _arguments() -> Iterator[str]:
    for parameter in validate.params:
        yield from (flag for flag in parameter.opts if flag not in ("-o", "--output"))


@QUICK
@given(
    words=st.lists(
        st.sampled_from([*_arguments(), "--help", "--", "--phase=", "--no-wait=maybe"])
        | WORDS.filter(lambda word: "\0" not in word),
        max_size=6,
    )
)
def test_a_command_line_ends_with_help_or_with_why_not(words: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    offline = ["--snapshot", "gone.yaml", "--no-cluster=true", "--recipe", "gone.yaml"]

    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(["validate", *words, *offline])

    assert code in (Exit.OK, Exit.USAGE)
    assert "internal error" not in err.getvalue()
    assert bool(out.getvalue()) == (code == Exit.OK)

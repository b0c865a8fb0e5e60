"""YAML and JSON as the files in this field mean them: YAML 1.2 scalars, no surprises.

`24.10` stays `24.10` where text is wanted, `on` is text, a repeated key is an error, and what is
written can be compared byte by byte.
"""

import re
from collections.abc import Hashable
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, WithJsonSchema
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from helper.errors import InputError

MAX_BYTES = 1024 * 1024  # a recipe, snapshot or configuration
MAX_DEPTH = 64
MAX_ALIASED = 100_000  # values that aliases repeat; a few nested lines can stand for gigabytes


class RawInt(int):
    """A whole number that remembers how it was written."""

    raw: str


class RawFloat(float):
    """A number that remembers how it was written: 24.10 is not 24.1."""

    raw: str


def raw_text(value: Any) -> Any:
    """Give a number's own text where text is wanted; anything else as it is."""
    return getattr(value, "raw", value)


Text = Annotated[
    str,
    BeforeValidator(raw_text),
    WithJsonSchema({"type": ["string", "number"]}, mode="validation"),
]
"""A string field that takes unquoted numbers as they were written."""

# CSafeLoader is five times faster, where libyaml is present.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc] # the base is chosen at run time
    """YAML 1.2 core schema on top of a safe loader."""

    # PyYAML declares its class attributes without ClassVar.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    # Of explicit tags only those of the core schema: no dates, sets or bytes.
    yaml_constructors = {  # noqa: RUF012
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix("tag:yaml.org,2002:") in {"null", "str", "seq"}
    }

    def construct_document(self, node: Node) -> Any:
        known: dict[Node, tuple[int, int]] = {}
        count, _ = _extent(node, known)
        if count - len(known) > MAX_ALIASED:
            raise yaml.YAMLError(f"aliases repeat more than {MAX_ALIASED} values")
        return super().construct_document(node)


def _check_depth(text: str) -> None:
    """Look at the nesting before anything recurses over it; libyaml's composer would crash."""
    level = 0
    for event in yaml.parse(text, Loader=_Base):
        level += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if level > MAX_DEPTH:
            raise _too_deep(event.start_mark)


def _too_deep(mark: Any) -> yaml.YAMLError:
    problem = f"nested deeper than {MAX_DEPTH} levels"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _extent(node: Node, known: dict[Node, tuple[int, int]], level: int = 1) -> tuple[int, int]:
    """Give the number of values below a node, aliases written out, and of levels."""
    count, levels = known.get(node, (1, 1))
    if level + levels - 1 > MAX_DEPTH:
        raise _too_deep(node.start_mark)
    if node in known:
        return count, levels
    for child in _children(node):
        more, below = _extent(child, known, level + 1)
        count, levels = count + more, max(levels, below + 1)
    known[node] = count, levels
    return count, levels


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _resolve(tag: str, pattern: str, first: str) -> None:
    compiled = re.compile(rf"^(?:{pattern})$")
    for letter in first:
        _Loader.yaml_implicit_resolvers.setdefault(letter, []).append((tag, compiled))


_resolve("tag:yaml.org,2002:bool", "true|True|TRUE|false|False|FALSE", "tTfF")
_resolve("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789")
_resolve(
    "tag:yaml.org,2002:float",
    r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "-+0123456789.",
)
_resolve("tag:yaml.org,2002:null", "~|null|Null|NULL|", "~nN\0")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(
    ("tag:yaml.org,2002:null", re.compile("^$"))
)
_Loader.yaml_implicit_resolvers.setdefault("<", []).append(
    ("tag:yaml.org,2002:merge", re.compile("^<<$"))
)


def _bool(loader: Any, node: ScalarNode) -> bool:
    text = loader.construct_scalar(node).lower()
    if text not in ("true", "false"):
        raise ValueError(f"{node.value!r} is no boolean")
    return bool(text == "true")


def _int(loader: Any, node: ScalarNode) -> RawInt:
    text = loader.construct_scalar(node)
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if base == 10 and len(text.lstrip("+-")) > 1 and text.lstrip("+-").startswith("0"):  # noqa: PLR2004
        base = 8 if set(text.lstrip("+-")) <= set("01234567") else 10  # as the Go decoder reads it
    value = RawInt(int(text[2:] if text[:2] in ("0o", "0x") else text, base))
    value.raw = text
    return value


def _float(loader: Any, node: ScalarNode) -> RawFloat:
    text = loader.construct_scalar(node)
    value = RawFloat(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    value.raw = text
    return value


def _mapping(loader: Any, node: MappingNode) -> dict[Hashable, Any]:
    if not isinstance(node, MappingNode):
        raise yaml.MarkedYAMLError(problem="no mapping", problem_mark=node.start_mark)
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = raw_text(loader.construct_object(key_node, deep=True))
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(
                problem="a key is no scalar", problem_mark=key_node.start_mark
            )
        if key in seen:
            problem = f"key {key!r} appears twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return {
        raw_text(loader.construct_object(key, deep=True)): loader.construct_object(value, deep=True)
        for key, value in node.value
    }


_Loader.add_constructor("tag:yaml.org,2002:bool", _bool)
_Loader.add_constructor("tag:yaml.org,2002:int", _int)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_all(data: bytes | str, source: str, max_bytes: int = MAX_BYTES) -> list[Any]:
    """All documents of a YAML or JSON text; InputError names source, line and problem."""
    size = len(data)
    if size > max_bytes:
        raise InputError(f"{source}: {size} bytes, more than the {max_bytes} that are read")
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        _check_depth(text)
        return list(yaml.load_all(text, Loader=_Loader))  # built on the safe loader
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: no UTF-8 text at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(f"{source}: {where}{error.problem or 'no valid YAML'}") from error
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{source}: {first}") from error


def load_mapping(data: bytes | str, source: str, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The single mapping that a file holds; InputError for anything else."""
    found = [item for item in load_all(data, source, max_bytes) if item is not None]
    if not found:
        raise InputError(f"{source}: empty; want one mapping")
    if len(found) > 1:
        raise InputError(f"{source}: {len(found)} documents; want one mapping")
    if not isinstance(found[0], dict):
        kind = "list" if isinstance(found[0], list) else "scalar"
        raise InputError(f"{source}: holds a {kind}; want one mapping")
    return {str(key): value for key, value in found[0].items()}


class _Dumper(yaml.SafeDumper):
    """Deterministic block style: sorted keys, no aliases, no folding."""

    # Text is quoted where YAML 1.1 or 1.2 would read something else.
    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [
            *yaml.SafeDumper.yaml_implicit_resolvers.get(first, []),
            *_Loader.yaml_implicit_resolvers.get(first, []),
        ]
        for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *_Loader.yaml_implicit_resolvers}
    }

    def ignore_aliases(self, _: Any) -> bool:
        return True

    def increase_indent(
        self,
        flow: bool = False,
        indentless: bool = False,  # noqa: ARG002  (overruled below)
    ) -> None:
        super().increase_indent(flow, indentless=False)


def _string(dumper: yaml.SafeDumper, value: str) -> ScalarNode:
    style = "|" if "\n" in value else None
    if any(separator in value for separator in "\x85\u2028\u2029"):
        style = '"'  # line breaks to YAML 1.1, so only escapes keep them
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _raw(tag: str) -> Any:
    def represent(dumper: yaml.SafeDumper, value: Any) -> ScalarNode:
        return dumper.represent_scalar(f"tag:yaml.org,2002:{tag}", value.raw)

    return represent


_Dumper.add_representer(str, _string)
_Dumper.add_representer(RawInt, _raw("int"))
_Dumper.add_representer(RawFloat, _raw("float"))


def dump(value: Any) -> str:
    """Write YAML: equal values give equal bytes; numbers keep the text they were read from."""
    return yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=True,
        allow_unicode=True,
        default_flow_style=False,
        width=2**31,
    )

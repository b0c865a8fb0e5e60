"""YAML and JSON as the files in this field mean them: YAML 1.2 scalars, no surprises.

`24.10` stays `24.10` where text is wanted, `on` is text, a repeated key is an error, and what is
written can be compared byte by byte.
"""

import re
from collections.abc import Hashable
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator
from yaml.nodes import MappingNode, Node, ScalarNode

from helper.errors import InputError

MAX_BYTES = 1024 * 1024  # a recipe, snapshot or configuration
MAX_DEPTH = 64
MAX_ALIASES = 1000  # a few kilobytes of nested aliases stand for gigabytes


class RawInt(int):
    """A whole number that remembers how it was written."""

    raw: str


class RawFloat(float):
    """A number that remembers how it was written: 24.10 is not 24.1."""

    raw: str


def raw_text(value: Any) -> Any:
    """Give a number's own text where text is wanted; anything else as it is."""
    return getattr(value, "raw", value)


Text = Annotated[str, BeforeValidator(raw_text)]
"""A string field that takes unquoted numbers as they were written."""

# CSafeLoader is five times faster, where libyaml is present.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc] # the base is chosen at run time
    """YAML 1.2 core schema on top of a safe loader."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    aliases = 0
    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {MAX_DEPTH} levels")
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                raise yaml.YAMLError(f"more than {MAX_ALIASES} aliases")
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


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


def _int(_: Any, node: ScalarNode) -> RawInt:
    text = node.value
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if base == 10 and len(text.lstrip("+-")) > 1 and text.lstrip("+-").startswith("0"):  # noqa: PLR2004
        base = 8 if set(text.lstrip("+-")) <= set("01234567") else 10  # as the Go decoder reads it
    value = RawInt(int(text[2:] if text[:2] in ("0o", "0x") else text, base))
    value.raw = text
    return value


def _float(_: Any, node: ScalarNode) -> RawFloat:
    value = RawFloat(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))
    value.raw = node.value
    return value


def _mapping(loader: Any, node: MappingNode) -> dict[Hashable, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
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
        raise InputError(f"{source}: holds a {type(found[0]).__name__}; want a mapping")
    return {str(key): value for key, value in found[0].items()}


class _Dumper(yaml.SafeDumper):
    """Deterministic block style: sorted keys, no aliases, no folding."""

    def ignore_aliases(self, _: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def _string(dumper: yaml.SafeDumper, value: str) -> ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )


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

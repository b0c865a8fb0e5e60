"""From JSON to an object of a built-in kind: unknown fields go, wrong types are refused."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from helper.quantity import parse_quantity
from orchestrator.replay import fields
from orchestrator.replay.objects import Json

_QUANTITY_RULE = (
    "quantities must match the regular expression "
    r"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_NAMES = [(bool, "bool"), (int, "number"), (float, "number"), (str, "string")]
_NAMES += [(list, "array"), (dict, "object")]
_SCALARS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "bytes": (str,),
    "float64": (int, float),
    "int32": (int,),
    "int64": (int,),
    "string": (str,),
}
_TEXTS = frozenset({"Time", "MicroTime"})
_IMPLIED = {"apiVersion": "string", "kind": "string"}


class WrongTypeError(Exception):
    """A value is of another JSON type than its field; the text is Go's."""


@dataclass
class Decoded:
    """An object without what its kind does not know, and the paths of that."""

    obj: Json
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """Where in an object: as Go's errors name it, and as field paths do."""

    struct: str
    names: tuple[str, ...] = ()
    path: str = ""

    def member(self, struct: str, name: str) -> "_Place":
        return _Place(struct, (*self.names, name), f"{self.path}.{name}".lstrip("."))

    def item(self, index: int) -> "_Place":
        return _Place(self.struct, self.names, f"{self.path}[{index}]")

    def refuse(self, value: Any, wanted: str) -> WrongTypeError:
        given = next(name for of, name in _NAMES if isinstance(value, of))
        if given == "number" and isinstance(value, float):
            given = f"number {value}"
        target = (
            f"Go struct field {self.struct}.{'.'.join(self.names)}" if self.names else "Go value"
        )
        return WrongTypeError(f"json: cannot unmarshal {given} into {target} of type {wanted}")


def decode(obj: Json, message: str) -> Decoded:
    """Read an object of a built-in kind; raises WrongTypeError."""
    decoded = Decoded({})
    decoded.obj = _message(obj, message, _Place(""), decoded.unknown, _IMPLIED)
    return decoded


def _message(
    value: Json, message: str, place: _Place, unknown: list[str], implied: dict[str, str]
) -> Json:
    members = {**implied, **fields.members_of(message)}
    struct = message.rpartition(".")[2]
    found = {}
    for name, item in value.items():
        inner = place.member(struct, name)
        if name in members:
            found[name] = _value(item, members[name], inner, unknown)
        else:
            unknown.append(inner.path)
    return found


def _value(value: Any, kind: str, place: _Place, unknown: list[str]) -> Any:
    kind = kind.lstrip("*")
    if value is None or kind == "any":
        return value
    if kind.startswith("[]"):
        if not isinstance(value, list):
            raise place.refuse(value, _go_name(kind))
        return [_value(v, kind[2:], place.item(i), unknown) for i, v in enumerate(value)]
    if kind.startswith("{}"):
        if not isinstance(value, dict):
            raise place.refuse(value, _go_name(kind))
        return {k: _value(v, kind[2:], _inside(place, k), unknown) for k, v in value.items()}
    if fields.fields_of(kind) is not None:
        if not isinstance(value, dict):
            raise place.refuse(value, _go_name(kind))
        return _message(value, kind, place, unknown, {})
    _check_scalar(value, kind, place)
    return value


def _inside(place: _Place, key: str) -> _Place:
    return _Place(place.struct, place.names, f"{place.path}.{key}")


def _check_scalar(value: Any, kind: str, place: _Place) -> None:
    if kind == "Quantity":
        try:
            parse_quantity(value)
        except (ValueError, TypeError, AttributeError) as error:
            raise WrongTypeError(_QUANTITY_RULE) from error
    elif kind == "IntOrString":
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise _Place("").refuse(value, "string")
    elif kind in _TEXTS:
        if not isinstance(value, str):
            raise _Place("").refuse(value, "string")
    elif not isinstance(value, _SCALARS[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise place.refuse(value, "[]uint8" if kind == "bytes" else kind)


def _go_name(kind: str) -> str:
    """Give a type as Go prints it."""
    kind = kind.lstrip("*")
    if kind.startswith("[]"):
        return f"[]{_go_name(kind[2:])}"
    if kind.startswith("{}"):
        return f"map[string]{_go_name(kind[2:])}"
    return {"bytes": "[]uint8", "Quantity": "resource.Quantity"}.get(kind, kind.rpartition("/")[2])


class _Doubled(dict[str, Any]):
    """An object whose text names members more than once."""

    again: Sequence[str] = ()


def parse(text: bytes) -> tuple[Any, list[str]]:
    """Read JSON, and give the paths of members that are named twice; raises ValueError."""
    document = json.loads(text, object_pairs_hook=_object)
    return document, list(_doubled(document, ""))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    names = [name for name, _ in pairs]
    found = _Doubled(plain)
    found.again = [name for at, name in enumerate(names) if name in names[:at]]
    return found


def _doubled(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _doubled(item, f"{path}.{name}".lstrip("."))
        if isinstance(value, _Doubled):
            yield from (f"{path}.{name}".lstrip(".") for name in value.again)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _doubled(item, f"{path}[{index}]")

"""What the Kubernetes API's own types know: which fields a kind has, of which type and number.

`fields.txt` is written by `.ci/cluster/fields` from the Go types.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).parent / "fields.txt"


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Types: `string`, `bool`, `int32`, `int64`, `float64`, `bytes`, `any`, `Time`, `MicroTime`,
    `Quantity`, `IntOrString` or a message; `*` before one that may be absent, `[]` a list of,
    `{}` a map to.
    """

    name: str  # in JSON; empty when its fields stand in the object around it
    number: int  # in protobuf
    type: str


@dataclass(frozen=True)
class _Table:
    kinds: dict[str, str]
    messages: dict[str, tuple[Field, ...]]


@functools.cache
def _table() -> _Table:
    kinds: dict[str, str] = {}
    messages: dict[str, tuple[Field, ...]] = {}
    for line in _FILE.read_text().splitlines():
        first, *rest = line.split()
        if first == "kind":
            kinds[rest[0]] = rest[1]
        else:
            messages[first] = tuple(_field(text) for text in rest)
    return _Table(kinds, messages)


def _field(text: str) -> Field:
    name, number, kind = text.split(":", 2)
    return Field(name, int(number), kind)


def message_of(api_version: str, kind: str) -> str | None:
    """Give the message that a kind is, None for one that is not built in."""
    return _table().kinds.get(f"{api_version}/{kind}")


def fields_of(message: str) -> tuple[Field, ...] | None:
    """Give the fields of a message, None when the type is none."""
    return _table().messages.get(message)


@functools.cache
def members_of(message: str) -> dict[str, str]:
    """Give the types of all members that a message's JSON object may have."""
    found: dict[str, str] = {}
    for field in fields_of(message) or ():
        if field.name:
            found[field.name] = field.type
        else:
            found |= members_of(field.type.lstrip("*"))
    return found

"""Reads Kubernetes' protobuf: kubectl sends what it creates from flags in it."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from orchestrator.replay import fields
from orchestrator.replay.fields import Field
from orchestrator.replay.objects import Json
from orchestrator.replay.statuses import bad_request, not_emulated

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_SIGN = 1 << 63

Part = tuple[int, int | bytes]  # field number and content


def decode(body: bytes) -> Json:
    """Give the object that a body holds; raises ApiError 400 or 501."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not in Kubernetes' protobuf encoding: its magic is missing")
    try:
        envelope = dict(_parts(body[len(_MAGIC) :]))
        about = {number: _text(value) for number, value in _parts(_raw(envelope[1]))}
        api_version, kind = about.get(1, ""), about.get(2, "")
        message = fields.message_of(api_version, kind)
        if message is None:
            raise not_emulated(f"{kind} of {api_version} in protobuf", "send JSON")
        obj = _message(_raw(envelope.get(2, b"")), message)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise bad_request(f"the protobuf in the body is broken: {error}") from error
    return {"apiVersion": api_version, "kind": kind, **obj}


def _message(data: bytes, message: str) -> Json:
    known = {field.number: field for field in fields.fields_of(message) or ()}
    found: Json = {}
    for number, content in _parts(data):
        if number not in known:
            raise not_emulated(f"field {number} of {message} in protobuf", "send JSON")
        _put(found, known[number], content)
    return found


def _put(found: Json, field: Field, content: int | bytes) -> None:
    kind = field.type
    if kind.startswith("[]"):
        found.setdefault(field.name, []).append(_value(content, kind[2:]))
    elif kind.startswith("{}"):
        entry = dict(_parts(_raw(content)))
        value = _value(entry.get(2, b""), kind[2:])
        found.setdefault(field.name, {})[_text(entry.get(1, b""))] = value
    else:
        value = _value(content, kind.lstrip("*"))
        if not field.name:
            found.update(value or {})
        elif kind.startswith("*") or value:  # Go always writes fields that are no pointers
            found[field.name] = value


def _value(content: int | bytes, kind: str) -> Any:
    if isinstance(content, int):
        return _number(content, kind)
    if kind in _READERS:
        return _READERS[kind](content)
    if fields.fields_of(kind) is None:
        raise not_emulated(f"{kind} in protobuf", "send JSON")
    return _message(content, kind)


def _number(content: int, kind: str) -> int | bool:
    if kind == "bool":
        return bool(content)
    return content - 2 * _SIGN if content & _SIGN else content


def _int_or_string(content: bytes) -> int | str:
    entry = dict(_parts(content))
    return _text(entry.get(3, b"")) if entry.get(1) else _number(int(entry.get(2, 0)), "int32")


def _raw_json(content: bytes) -> Any:
    raw = _raw(dict(_parts(content)).get(1, b""))
    return json.loads(raw) if raw else None


def _time(content: bytes, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str | None:
    entry = dict(_parts(content))
    if not entry.get(1):
        return None
    moment = datetime.fromtimestamp(int(entry[1]), UTC)
    return moment.replace(microsecond=int(entry.get(2, 0)) // 1000).strftime(form)


_READERS: dict[str, Callable[[bytes], Any]] = {
    "string": lambda content: content.decode(),
    "bytes": lambda content: b64encode(content).decode(),
    "Time": _time,
    "MicroTime": lambda content: _time(content, "%Y-%m-%dT%H:%M:%S.%fZ"),
    "Quantity": lambda content: _text(dict(_parts(content)).get(1, b"")),
    "IntOrString": _int_or_string,
    "any": _raw_json,
}


def _parts(data: bytes) -> Iterator[Part]:
    """Split a message into its fields."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
                yield key >> 3, value
            case 2:
                size, at = _varint(data, at)
                if at + size > len(data):
                    raise ValueError("a field is longer than its message")
                yield key >> 3, data[at : at + size]
                at += size
            case wire:
                raise ValueError(f"wire type {wire} is not used by Kubernetes")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _raw(content: int | bytes) -> bytes:
    if isinstance(content, int):
        raise TypeError("a number where bytes belong")
    return content


def _text(content: int | bytes) -> str:
    return _raw(content).decode()

"""The part of CEL that selectors of devices are written in: a parser that makes predicates."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from packaging.version import Version

from helper.quantity import parse_quantity

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^'\\]*'|\"[^\"\\]*\")|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<symbol>&&|\|\||==|!=|>=|<=|[!><()\[\].,]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}
_METHODS: dict[str, Callable[..., Any]] = {
    "compareTo": lambda value, other: (value > other) - (value < other),
    "contains": lambda value, other: other in value,
    "endsWith": str.endswith,
    "isGreaterThan": lambda value, other: value > other,
    "isLessThan": lambda value, other: value < other,
    "lowerAscii": str.lower,
    "matches": lambda value, pattern: re.search(pattern, value) is not None,
    "startsWith": str.startswith,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"quantity": parse_quantity, "semver": Version}
_CONSTANTS = {"true": True, "false": False}
_FIELDS = ("driver", "attributes", "capacity")


class UnsupportedError(ValueError):
    """The expression is beyond what is understood here."""


class EvaluationError(Exception):
    """The expression cannot be evaluated for a device, as for a missing attribute."""


@dataclass(frozen=True)
class Device:
    """A device as expressions see it; attributes and capacity by domain and name."""

    driver: str
    attributes: Mapping[str, Mapping[str, Any]]
    capacity: Mapping[str, Mapping[str, Decimal]]


Value = Callable[[Device], Any]


def compiled(expression: str) -> Callable[[Device], bool]:
    """Give the predicate that an expression is; raises UnsupportedError."""
    parser = _Parser(expression)
    found = parser.any_of()
    if parser.word:
        raise parser.unsupported()

    def predicate(device: Device) -> bool:
        try:
            return found(device) is True
        except (TypeError, ValueError, AttributeError, re.error) as error:
            raise EvaluationError(f"CEL runtime error: {error}") from error

    return predicate


class _Parser:
    """Recursive descent; each method understands one level and gives what computes it."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.rest = expression
        self.word = self.kind = ""
        self.advance()

    def unsupported(self) -> UnsupportedError:
        return UnsupportedError(f"the CEL expression {self.expression!r} near {self.word!r}")

    def advance(self) -> str:
        """Go to the next word and give the one before."""
        before = self.word
        match = _TOKEN.match(self.rest)
        if match is None and self.rest.strip():
            self.word = self.rest.strip()
            raise self.unsupported()
        self.rest = self.rest[match.end() :] if match else ""
        self.kind = str(match.lastgroup) if match else ""
        self.word = match[self.kind] if match else ""
        return before

    def expect(self, word: str) -> None:
        if self.word != word:
            raise self.unsupported()
        self.advance()

    def any_of(self) -> Value:
        parts = [self.all_of()]
        while self.word == "||":
            self.advance()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else _first(parts, stop=True)

    def all_of(self) -> Value:
        parts = [self.comparison()]
        while self.word == "&&":
            self.advance()
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else _first(parts, stop=False)

    def comparison(self) -> Value:
        if self.word == "!":
            self.advance()
            inner = self.comparison()
            return lambda device: not inner(device)
        left = self.operand()
        if self.word == "in":
            self.advance()
            right = self.operand()
            return lambda device: left(device) in right(device)
        compare = _COMPARISONS.get(self.word)
        if compare is None:
            return left
        self.advance()
        right = self.operand()
        return lambda device: compare(left(device), right(device))

    def operand(self) -> Value:
        value = self.primary()
        while self.word in (".", "["):
            value = self.member(value)
        return value

    def primary(self) -> Value:
        kind, word = self.kind, self.advance()
        if kind in ("text", "number") or word in _CONSTANTS:
            constant = _constant(kind, word)
            return lambda _: constant
        if word == "device":
            return self.field()
        if word in _FUNCTIONS:
            arguments = self.arguments("(", ")")
            return lambda device: _FUNCTIONS[word](*(value(device) for value in arguments))
        if word == "(":
            inner = self.any_of()
            self.expect(")")
            return inner
        if word == "[":
            items = self.listed("]")
            return lambda device: [value(device) for value in items]
        self.word = word
        raise self.unsupported()

    def field(self) -> Value:
        self.expect(".")
        if self.word not in _FIELDS:
            raise self.unsupported()
        name = self.advance()
        if name == "driver":
            return lambda device: device.driver
        self.expect("[")
        domain = self.operand()
        self.expect("]")
        return lambda device: getattr(device, name).get(domain(device), {})

    def member(self, value: Value) -> Value:
        if self.advance() == "[":
            key = self.operand()
            self.expect("]")
            return lambda device: _item(value(device), key(device))
        if self.kind != "name":
            raise self.unsupported()
        name = self.advance()
        if self.word != "(":
            return lambda device: _item(value(device), name)
        if name not in _METHODS:
            self.word = name
            raise self.unsupported()
        arguments = self.arguments("(", ")")
        return lambda device: _METHODS[name](value(device), *(item(device) for item in arguments))

    def arguments(self, start: str, end: str) -> list[Value]:
        self.expect(start)
        return self.listed(end)

    def listed(self, end: str) -> list[Value]:
        found: list[Value] = []
        while self.word != end:
            found.append(self.any_of())
            if self.word != end:
                self.expect(",")
        self.advance()
        return found


def _constant(kind: str, word: str) -> Any:
    if kind == "text":
        return word[1:-1]
    return int(word) if kind == "number" else _CONSTANTS[word]


def _item(holder: Any, key: str) -> Any:
    if not isinstance(holder, Mapping) or key not in holder:
        raise EvaluationError(f"CEL runtime error: no such key: {key}")
    return holder[key]


def _first(parts: list[Value], *, stop: bool) -> Value:
    """Combine by `||` (stop=True) or `&&`: a part that decides overrules errors of others."""

    def combined(device: Device) -> object:
        failure: EvaluationError | None = None
        for part in parts:
            try:
                if part(device) is stop:
                    return stop
            except EvaluationError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return not stop

    return combined

"""Expressions such as `>= 1.32.4`, judged against one value.

Versions compare at the precision that both sides have. Two readings are stricter than the
reference's: a pre-release ranks below its release, and a value that is less precise than the
bound cannot be judged.
"""

import re
from dataclasses import dataclass

OPERATORS = (">=", "<=", "!=", "==", ">", "<")  # in the order in which they are tried
ORDERING = frozenset({">=", "<=", ">", "<"})
CORE = re.compile(
    r"v?([0-9]{1,18}(?:\.[0-9]{1,18}){0,2})(?=\Z|(?<=[0-9])[-+])(.*)", re.ASCII | re.DOTALL
)
PRE_RELEASE = re.compile(
    r"-(alpha|beta|dev|pre|preview|rc)(?=[.\d-]|$)[.-]?(\d{0,18})", re.IGNORECASE | re.ASCII
)
RELEASE = (1, "", 0)
UNSUPPORTED = re.compile(r"^[~^=&|]|\s(\|\||&&)\s|,\s*[<>=!]")
PARTS = 3


class ConstraintError(ValueError):
    """An expression or value that cannot be judged; never the same as "not met"."""


@dataclass(frozen=True)
class Version:
    """One to three numbers; what follows them only tells releases from pre-releases."""

    core: tuple[int, ...]
    suffix: str = ""

    @property
    def rank(self) -> tuple[int, str, int]:
        """Place among versions of the same numbers: alpha, beta, rc.1, rc.2, then the release."""
        found = PRE_RELEASE.match(self.suffix)
        return (0, found[1].lower(), int(found[2] or 0)) if found else RELEASE

    @property
    def filled(self) -> tuple[int, ...]:
        """All three numbers, missing ones as 0."""
        return self.core + (0,) * (PARTS - len(self.core))


def parse_version(text: str) -> Version:
    """Read `v1.33.5-eks-3025e55` and the like; ConstraintError for anything else."""
    match = CORE.fullmatch(text)
    if not match:
        raise ConstraintError(f"{text!r} is no version of one to three numbers")
    return Version(tuple(int(part) for part in match[1].split(".")), match[2])


@dataclass(frozen=True)
class Expression:
    """An operator, empty for exact text, and what it compares with."""

    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.operator} {self.value}".strip()

    def holds(self, actual: str) -> bool:
        """Judge a value; ConstraintError when the two cannot be compared."""
        actual = actual.strip()
        if self.operator in ORDERING:
            return _ordered(
                self.operator, _version(actual, "actual"), _version(self.value, "expected")
            )
        if not self.operator:
            return actual == self.value
        return (self.operator == "==") == self._equals(actual)

    def _equals(self, actual: str) -> bool:
        looks_like_version = "." in self.value and any(letter.isdigit() for letter in self.value)
        if looks_like_version:
            try:
                expected, found = parse_version(self.value), parse_version(actual)
            except ConstraintError:
                return actual == self.value
            return (expected.filled, expected.rank) == (found.filled, found.rank)
        return actual == self.value


def parse(text: str) -> Expression:
    """Read an expression; ConstraintError for an empty one and for operators of other tools."""
    body = text.strip()
    operator = next((item for item in OPERATORS if body.startswith(item)), "")
    value = body.removeprefix(operator).strip()
    if not value:
        raise ConstraintError(f"expression {text!r} compares with nothing")
    if UNSUPPORTED.search(value):
        known = " ".join(OPERATORS)
        raise ConstraintError(f"expression {text!r} uses an unknown operator; there are {known}")
    return Expression(operator, value)


def _version(text: str, side: str) -> Version:
    try:
        return parse_version(text)
    except ConstraintError as error:
        raise ConstraintError(f"cannot parse {side} version: {error}") from error


def _ordered(operator: str, actual: Version, expected: Version) -> bool:
    precision = min(len(actual.core), len(expected.core))
    left, right = actual.core[:precision], expected.core[:precision]
    if left == right and len(actual.core) < len(expected.core):
        text = ".".join(str(part) for part in actual.core)
        raise ConstraintError(f"{text} is less precise than the bound it is compared with")
    order = (left > right) - (left < right)
    if order == 0:
        left_rank, right_rank = _rank(actual, precision), _rank(expected, precision)
        order = (left_rank > right_rank) - (left_rank < right_rank)
    judge = {
        ">=": order >= 0,
        "<=": order <= 0,
        ">": order > 0,
        "<": order < 0,
    }
    return judge[operator]


def _rank(version: Version, precision: int) -> tuple[int, str, int]:
    """Place a pre-release below its release; 1.34.1-rc.0 is above 1.34 all the same."""
    return RELEASE if any(version.core[precision:]) else version.rank

"""Label and field selectors: their text, their object form, and what they match."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestrator.replay.objects import Json
from orchestrator.replay.statuses import ApiError, bad_request

Labels = Mapping[str, str]
LabelTest = Callable[[Labels], bool]
ObjectTest = Callable[[Json], bool]

_TOKEN = re.compile(r"\s*(?:(!=|==|=|!|\(|\)|,|>|<)|([^=!(),<>\s]+))")
_EQUALITY = {"=": True, "==": True, "!=": False}
_OPERATORS = "in, notin, =, ==, !=, gt, lt"

# https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
_COMMON_FIELDS = ("metadata.name", "metadata.namespace")
_KIND_FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "Event": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "Secret": ("type",),
    "Job": ("status.successful",),
    "ReplicaSet": ("status.replicas",),
    "ResourceSlice": ("spec.nodeName", "spec.driver"),
}


def parse_labels(text: str) -> LabelTest:
    """Understand a label selector as it stands in a query; raises ApiError 400."""
    tests = list(_requirements(_Tokens(text))) if text.strip() else []
    return lambda labels: all(test(labels) for test in tests)


class _Tokens:
    """The words of a selector, one at a time."""

    def __init__(self, text: str) -> None:
        self.items = [(m[1] or m[2], bool(m[1])) for m in _TOKEN.finditer(text.rstrip())]
        self.at = 0

    def peek(self) -> str:
        return self.items[self.at][0] if self.at < len(self.items) else ""

    def next(self) -> str:
        word = self.peek()
        self.at += 1
        return word

    def is_symbol(self) -> bool:
        return self.at >= len(self.items) or self.items[self.at][1]


def _requirements(tokens: _Tokens) -> Iterator[LabelTest]:
    wanted = "!, identifier, or 'end of string'"
    while True:
        if tokens.is_symbol() and tokens.peek() != "!":
            raise bad_request(f"found '{tokens.peek()}', expected: {wanted}")
        yield _requirement(tokens)
        end = tokens.next()
        if not end:
            return
        if end != ",":
            raise bad_request(f"found '{end}', expected: ',' or 'end of string'")
        wanted = "identifier after ','"


def _requirement(tokens: _Tokens) -> LabelTest:
    negated = tokens.peek() == "!"
    if negated:
        tokens.next()
    if tokens.is_symbol():
        raise _cannot_parse(f"found '{tokens.peek()}', expected: identifier")
    key = tokens.next()
    operator = tokens.peek()
    if negated:
        return lambda labels: key not in labels
    if operator in ("", ","):
        return lambda labels: key in labels
    tokens.next()
    if operator in ("in", "notin"):
        values = _values(tokens)
        return _one_of(key, values, wanted=operator == "in")
    if operator in _EQUALITY:
        value = "" if tokens.is_symbol() else tokens.next()
        return _one_of(key, [value], wanted=_EQUALITY[operator])
    if operator in (">", "<"):
        return _compared(key, "Gt" if operator == ">" else "Lt", tokens.next())
    raise _cannot_parse(f"found '{operator}', expected: {_OPERATORS}")


def _values(tokens: _Tokens) -> list[str]:
    opened = tokens.next()
    if opened != "(":
        raise _cannot_parse(f"found '{opened}' expected: '('")
    values: list[str] = []
    if not tokens.peek():
        raise _cannot_parse("found '', expected: ',', ')' or identifier")
    while True:
        values.append("" if tokens.is_symbol() else tokens.next())
        end = tokens.next()
        if end == ")":
            return values
        if end != ",":
            raise _cannot_parse(f"found '{end}', expected: ',' or ')'")


def _one_of(key: str, values: list[str], *, wanted: bool) -> LabelTest:
    if wanted:
        return lambda labels: key in labels and labels[key] in values
    return lambda labels: labels.get(key) not in values


def _compared(key: str, operator: str, value: str) -> LabelTest:
    if not value.isdecimal():
        raise _cannot_parse(
            f"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must "
            "be an integer"
        )
    return lambda labels: _compares(labels.get(key, ""), operator, value)


def _cannot_parse(problem: str) -> ApiError:
    return bad_request(f"unable to parse requirement: {problem}")


def parse_fields(text: str, kind: str, *, custom: bool = False) -> ObjectTest:
    """Understand a field selector for a kind; raises ApiError 400 for fields it does not have."""
    own = () if custom else _KIND_FIELDS.get(kind, ())
    known = _COMMON_FIELDS + own if own else _COMMON_FIELDS
    tests: list[ObjectTest] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", part)
        if not match:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = match.groups()
        if field not in known:
            if known is not _COMMON_FIELDS:
                raise bad_request(f"field label not supported: {field}")
            only = ", ".join(f'"{name}"' for name in known)
            raise bad_request(f'"{field}" is not a known field selector: only {only}')
        tests.append(_field_test(field, value, wanted=_EQUALITY[operator]))
    return lambda obj: all(test(obj) for test in tests)


def field_value(text: str, field: str) -> str:
    """Give the value that a field selector demands of one field, empty when it does not."""
    for part in text.split(","):
        name, found, value = part.replace("==", "=").partition("=")
        if found and name == field:
            return value
    return ""


def _field_test(field: str, value: str, *, wanted: bool) -> ObjectTest:
    path = field.split(".")

    def test(obj: Json) -> bool:
        at: Any = obj
        for step in path:
            at = at.get(step) if isinstance(at, dict) else None
        text = str(at).lower() if isinstance(at, bool) else str(at or "")
        if field == "spec.unschedulable":
            text = text or "false"
        return (text == value) is wanted

    return test


def matches(selector: Json | None, labels: Labels) -> bool:
    """Whether a LabelSelector object matches; null matches nothing, an empty one everything."""
    if selector is None:
        return False
    pairs = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in pairs.items()):
        return False
    return all(expression_holds(item, labels) for item in selector.get("matchExpressions") or [])


def expression_holds(expression: Json, labels: Labels) -> bool:
    """Whether one `{key, operator, values}` of a label or node selector holds."""
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or []
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return _compares(labels.get(key, ""), operator, str(values[0]) if values else "")


def _compares(have: str, operator: str, want: str) -> bool:
    """Whether Gt or Lt holds between two whole numbers; it never does for anything else."""
    if not (have.isdecimal() and want.isdecimal()):
        return False
    return int(have) > int(want) if operator == "Gt" else int(have) < int(want)

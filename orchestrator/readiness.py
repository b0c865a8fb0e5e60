"""The readiness gate: a cluster must be of the kind that the recipe was made for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from helper.constraint import ConstraintError, parse
from helper.documents import raw_text
from helper.models import Constraint, Snapshot, Subtype, ValidationInput
from orchestrator.errors import NOT_STARTED, ReadinessError
from orchestrator.outcome import READINESS, Outcome, Status
from orchestrator.reports.text import counted

TYPES = ("K8s", "GPU", "OS", "SystemD", "NodeTopology", "NetworkTopology")
# What may follow the type. The first dot or bracket ends a subtype; a key may hold both.
PLAIN = re.compile(r"\.(?P<subtype>[^\[.]+)\.(?P<key>.+)", re.DOTALL)
ITEM = re.compile(r"\.(?P<subtype>[^\[\].]+)\[(?P<selector>[^\]]*)\]\.(?P<key>.+)", re.DOTALL)
QUOTED = re.compile(r'\["(?P<subtype>[^"]+)"\]\.(?P<key>.+)', re.DOTALL)
FORMS = 'want TYPE.SUBTYPE.KEY, TYPE.SUBTYPE[SELECTOR].KEY or TYPE["SUBTYPE"].KEY'


class Result(StrEnum):
    """What came of one constraint."""

    PASSED = "passed"
    FAILED = "failed"
    UNEVALUABLE = "unevaluable"


@dataclass(frozen=True)
class Reading:
    """One value of a snapshot, and the nodes that it is true of; none for the whole cluster."""

    text: str
    nodes: str = ""

    def __str__(self) -> str:
        return f"{self.text} on {self.nodes}" if self.nodes else self.text


@dataclass(frozen=True)
class Finding:
    """One constraint and how the snapshot answers it."""

    constraint: Constraint
    result: Result
    actual: str = ""
    reason: str = ""

    @property
    def stops(self) -> bool:
        """Whether the run must not go on; a warning only warns when it could be judged."""
        if self.result is Result.FAILED:
            return self.constraint.severity != "warning"
        return self.result is Result.UNEVALUABLE

    def __str__(self) -> str:
        wanted = f"{self.constraint.name}: want {self.constraint.value}"
        if self.result is Result.UNEVALUABLE and not self.actual:
            text = f"{wanted}, {self.reason}"
        else:
            text = f"{wanted}, found {self.actual or 'an empty text'}"
            text += f" ({self.reason})" if self.reason else ""
        hint = self.constraint.remediation
        return f"{text}; {hint}" if hint and self.result is not Result.PASSED else text


def gate(recipe: ValidationInput, snapshot: Snapshot | None) -> Sequence[Finding]:
    """Evaluate all readiness constraints; those of `validation.readiness` win by name."""
    block = recipe.config.get("readiness")
    own = list(block.constraints) if block else []
    replaced = {item.name for item in own}
    general = [item for item in recipe.constraints if item.name not in replaced]
    return [_evaluate(constraint, snapshot) for constraint in [*general, *own]]


def require(findings: Sequence[Finding], source: str) -> Sequence[str]:
    """Give what only warns; ReadinessError with everything that must stop the run."""
    stopping = [finding for finding in findings if finding.stops]
    if stopping:
        lines = [str(finding) for finding in stopping]
        rest = [] if len(lines) == 1 else lines
        head = f"{NOT_STARTED}{_in_numbers(stopping, len(findings))}: {lines[0]}"
        more = f"; {len(lines) - 1} more" if rest else ""
        raise ReadinessError("\n  ".join([head + more, *rest, f"wanted by {source}"]))
    unmet = [finding for finding in findings if finding.result is not Result.PASSED]
    return [f"readiness: {finding}" for finding in unmet]


def _in_numbers(stopping: Sequence[Finding], total: int) -> str:
    """How many constraints do not hold, and how many nobody can judge."""
    failed = sum(finding.result is Result.FAILED for finding in stopping)
    unknown = len(stopping) - failed
    of_all = f"of {counted(total, 'readiness constraint')}"
    fail = "fails" if failed == 1 else "fail"
    if not unknown:
        return f"{failed} {of_all} {fail}"
    if not failed:
        return f"{unknown} {of_all} cannot be evaluated"
    return f"{failed} {of_all} {fail}, {unknown} cannot be evaluated"


def outcomes(findings: Iterable[Finding]) -> Sequence[Outcome]:
    """The findings as results of a report, in a suite of their own."""
    status = {Result.PASSED: Status.PASSED, Result.FAILED: Status.FAILED}
    return [
        Outcome(item.constraint.name, READINESS, status.get(item.result, Status.OTHER), str(item))
        for item in findings
    ]


def _evaluate(constraint: Constraint, snapshot: Snapshot | None) -> Finding:
    if snapshot is None:
        reason = "cannot be evaluated: there is no snapshot; give one with --snapshot"
        return Finding(constraint, Result.UNEVALUABLE, reason=reason)
    try:
        found = readings(snapshot, constraint.name)
    except (ConstraintError, LookupError) as error:
        reason = f"cannot be evaluated: {_text(error)}{_known_gap(snapshot, constraint.name)}"
        return Finding(constraint, Result.UNEVALUABLE, reason=reason)
    actual = "; ".join(str(reading) for reading in found)
    try:
        expression = parse(constraint.value)
        holds = [expression.holds(reading.text) for reading in found]
    except ConstraintError as error:
        return Finding(constraint, Result.UNEVALUABLE, actual, str(error))
    return Finding(constraint, Result.PASSED if all(holds) else Result.FAILED, actual)


def _known_gap(snapshot: Snapshot, path: str) -> str:
    """Why the snapshot says that it lacks a reading; it names what it could not read by path."""
    lines = str(snapshot.metadata.get("warnings") or "").splitlines()
    for gap, separator, why in (line.partition(": ") for line in lines):
        if separator and (path == gap or path.startswith((f"{gap}.", f"{gap}["))):
            return f" ({why})"
    return ""


def extract(snapshot: Snapshot, path: str) -> str:
    """The one reading that a path such as `K8s.server.version` names, as text.

    Raises ConstraintError for a path that cannot be read, LookupError for one that names nothing
    or a reading that differs between nodes.
    """
    found = readings(snapshot, path)
    if len(found) > 1:
        raise LookupError(f"{path} differs: {'; '.join(str(reading) for reading in found)}")
    return found[0].text


def readings(snapshot: Snapshot, path: str) -> Sequence[Reading]:
    """What a path such as `K8s.server.version` names: one reading, or one a group of nodes.

    Raises ConstraintError for a path that cannot be read, LookupError for one that names nothing.
    """
    kind = re.split(r"[.\[]", path, maxsplit=1)[0]
    if kind not in TYPES:
        raise ConstraintError(f"{path!r} does not begin with one of {', '.join(TYPES)}")
    rest = path.removeprefix(kind)
    quoted, item, plain = (form.fullmatch(rest) for form in (QUOTED, ITEM, PLAIN))
    if not (quoted or item or plain):
        raise ConstraintError(f"{path!r}: {FORMS}")
    measurement = next((item for item in snapshot.measurements if item.type == kind), None)
    if measurement is None:
        raise LookupError(f"the snapshot has no measurement {kind}")
    if quoted:
        subtype = _subtype(measurement.subtypes, quoted["subtype"], kind)
        return _plain(subtype, quoted["key"], path)
    if item:
        subtype = _subtype(measurement.subtypes, item["subtype"], kind)
        return [Reading(_of_item(subtype, item["selector"], item["key"], path))]
    # A subtype's name may hold dots: the longest one that is there counts.
    rest = rest.removeprefix(".")
    known = sorted((s.subtype for s in measurement.subtypes), key=len, reverse=True)
    name = next((s for s in known if rest.startswith(f"{s}.")), rest.partition(".")[0])
    subtype = _subtype(measurement.subtypes, name, kind)
    return _plain(subtype, rest.removeprefix(f"{name}."), path)


def _subtype(subtypes: Iterable[Subtype], name: str, kind: str) -> Subtype:
    found = list(subtypes)
    for subtype in found:
        if subtype.subtype == name:
            return subtype
    raise LookupError(
        f"measurement {kind} has no subtype {name}{_near(name, [s.subtype for s in found])}"
    )


def _of_item(subtype: Subtype, selector: str, key: str, path: str) -> str:
    field, separator, value = selector.partition("=")
    if separator:
        if not field or not value:
            raise ConstraintError(f"{path!r}: the selector wants a key and a value")
        matches = [at for at, item in enumerate(subtype.items) if _item_value(item, field) == value]
    else:
        if not selector.isdecimal():
            raise ConstraintError(f"{path!r}: the selector is neither an index nor key=value")
        matches = [at for at in range(len(subtype.items)) if at == int(selector)]
    if len(matches) != 1:
        which = f" ({', '.join(str(at) for at in matches)})" if matches else ""
        raise LookupError(f"{len(matches)} items match [{selector}]{which}, want one")
    found = _item_value(subtype.items[matches[0]], key)
    if found is None:
        raise LookupError(f"the item [{selector}] has no {key}")
    return found


def _item_value(item: dict[str, Any], key: str) -> str | None:
    for part in ("data", "context"):
        values = item.get(part)
        if isinstance(values, dict) and values.get(key) is not None:
            return canonical(values[key])
    return None


def _plain(subtype: Subtype, key: str, path: str) -> Sequence[Reading]:
    """A reading of the whole cluster, else what each group of nodes has."""
    if subtype.data.get(key) is not None:
        return [Reading(canonical(subtype.data[key]))]
    groups = [item for item in subtype.items if _nodes(item)]
    found = [Reading(value, _nodes(item)) for item in groups if (value := _value(item, key))]
    if not found:
        raise LookupError(f"the snapshot has no {path}{_near(key, subtype.data)}")
    if len(found) < len(groups):
        without = next(_nodes(item) for item in groups if not _value(item, key))
        raise LookupError(f"the snapshot has no {path} on {without}")
    return found


def _nodes(item: dict[str, Any]) -> str:
    """The nodes that an item of a light snapshot is about; empty for items of other kinds."""
    context = item.get("context")
    return str(context.get("nodes") or "") if isinstance(context, dict) else ""


def _value(item: dict[str, Any], key: str) -> str:
    values = item.get("data")
    found = values.get(key) if isinstance(values, dict) else None
    return "" if found is None else canonical(found)


def canonical(value: Any) -> str:
    """A reading as text: `true`, and a number as it was written but never `4e+06`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(raw_text(value))
    if isinstance(value, float) and value.is_integer() and "e" in text.lower():
        return str(int(value))
    return text


def _near(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, [str(item) for item in known], n=5)
    return f"; near it: {', '.join(close)}" if close else ""


def _text(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__

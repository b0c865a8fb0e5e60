"""Evidence: titled sections and facts on stdout, written before the verdict."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, TextIO

import yaml

from helper import contract
from helper.depth import Proof
from helper.findings import brief, printable

CELL_CHARS = 200  # the longest cell makes its column as wide for all rows
LIST_CHARS = 300  # of names or words in one fact; a line must stay below the report's limit
ITEM_CHARS = 420  # the same of one thing, of which a message takes what is left
VALUE_CHARS = 60  # of words that a node or a device tells of itself
OURS = (contract.FACT_PREFIX, contract.RESULT_PREFIX)


class Evidence:
    """What a check saw, as text for people and as facts for the report."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def text(self, title: str, body: str, shell: str = "") -> None:
        """Record a section; `shell` is a read-only command that would show the same."""
        lines = [f"--- {title} ---"]
        if shell:
            lines += [f"Equivalent: {shell}", ""]
        lines += body.rstrip("\n").splitlines() or ["(nothing)"]
        for line in lines:
            for piece in _wrapped(printable(line, "\t")):
                self._line(piece)
        self._line("")

    def table(self, title: str, rows: Iterable[Any], shell: str = "") -> None:
        """Record rows, dataclasses or mappings with equal keys, as aligned columns."""
        cells = [_cells(row) for row in rows]
        if not cells:
            self.text(title, "(none)", shell)
            return
        header = list(cells[0])
        table = [header, *([row.get(key, "") for key in header] for row in cells)]
        widths = [max(len(row[column]) for row in table) for column in range(len(header))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        self.text(title, "\n".join(lines), shell)

    def object(self, title: str, value: Any, shell: str = "") -> None:
        """Record a Kubernetes object, or part of one, as YAML."""
        try:
            body = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=200)
        except yaml.YAMLError as error:
            body = f"(cannot be shown: {error})"
        self.text(title, body, shell)

    def result(self, line: str) -> None:
        """Say one thing that the operator sees at once."""
        self._line(f"{contract.RESULT_PREFIX}{line}")

    def coverage(
        self, seen: int, total: int, unit: str, left_out: Mapping[str, str] | None = None
    ) -> None:
        """State how much was looked at; `left_out` maps each name to the reason."""
        left_out = left_out or {}
        for name, reason in left_out.items():
            self._line(f"not covered: {name}: {reason}")
        self.result(f"looked at {seen} of {total} {unit}")
        names = _first_names(sorted(left_out))
        self.fact(coverage={"seen": seen, "total": total, "unit": unit, "leftOut": names})

    def proof(self, strength: Proof) -> None:
        """State how the check knows what its pass says."""
        self.fact(proof=str(strength))

    def measured(
        self,
        name: str,
        value: float,
        unit: str,
        threshold: str | None = None,
        *,
        passed: bool | None = None,
    ) -> None:
        """State a measured value; `threshold` is an expression such as `>= 300`."""
        wanted = f" (want {threshold})" if threshold else ""
        self.result(f"{name}: {value:g} {unit}{wanted}")
        self.fact(
            measured={
                "name": name,
                "value": value if math.isfinite(value) else None,
                "unit": unit,
                "threshold": threshold,
                "passed": passed,
            }
        )

    def item(
        self,
        name: str,
        *,
        passed: bool | None,
        message: str = "",
        kind: str = "node",
        **values: Any,
    ) -> None:
        """State what was found of one thing of several, such as a node.

        `passed` is None for one that cannot be judged, `values` are scalars under words for people.
        """
        told: dict[str, Any] = {"name": name, "kind": kind, "passed": passed}
        if values:
            told["values"] = {key.replace("_", " "): _bounded(item) for key, item in values.items()}
        if message:
            told["message"] = brief(message, max(VALUE_CHARS, ITEM_CHARS - len(str(told))))
        self.fact(item=told)

    def fact(self, **values: Any) -> None:
        """Write a machine-readable line for the report's `extra`."""
        text = json.dumps(values, ensure_ascii=False, allow_nan=False)
        if not text.isprintable():
            text = json.dumps(values, allow_nan=False).replace("\x7f", "\\u007f")
        self._line(contract.FACT_PREFIX + text)

    def _line(self, line: str) -> None:
        self._out.write(printable(" ".join(line.splitlines()), "\t") + "\n")
        self._out.flush()


def _wrapped(line: str) -> Iterator[str]:
    """Cut a line into pieces that the report keeps whole, none of which speaks in our name."""
    room = contract.EVIDENCE_LINE_CHARS
    while True:
        # Foreign text, such as a pod's log, may begin with our prefixes, after a cut too.
        shown = f" {line}" if line.startswith(OURS) else line
        yield shown[:room]
        line = shown[room:]
        if not line:
            return


def _bounded(value: Any) -> Any:
    """A scalar as a fact can carry it."""
    return brief(value, VALUE_CHARS) if isinstance(value, str) else value


def _first_names(names: list[str]) -> list[str]:
    """As many names as fit on a line."""
    room = LIST_CHARS
    shown = []
    for item in names:
        room -= len(item)
        if room < 0:
            break
        shown.append(item)
    return shown


def _cells(row: Any) -> dict[str, str]:
    values = asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)
    return {str(key).replace("_", " "): _cell(value) for key, value in values.items()}


def _cell(value: Any) -> str:
    shown = printable(_cell_text(value))
    return shown if len(shown) <= CELL_CHARS else shown[:CELL_CHARS] + "…"


def _cell_text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(sorted(str(item) for item in value)) or "-"
    return str(value)

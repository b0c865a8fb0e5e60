"""Columns of tables, and the cells that most of them have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.replay.api import cells
from orchestrator.replay.api.ages import since
from orchestrator.replay.api.cells import NONE
from orchestrator.replay.jsonpath import find
from orchestrator.replay.objects import Json, name_of

Cell = Callable[[Json], Any]


@dataclass(frozen=True)
class Column:
    """One column of a table; those with a priority above 0 are shown with `-o wide` only."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0
    format: str = ""


NAME = Column("Name", name_of, format="name")
AGE = Column("Age", cells.age)


def at(path: str, default: Any = "") -> Cell:
    """Give the cell of a field, with what stands there when it is absent or empty."""

    def cell(obj: Json) -> Any:
        found = find(path, obj)
        return found[0] if found and found[0] not in (None, "") else default

    return cell


def count(*paths: str) -> Cell:
    """Give the cell that counts the members of fields."""
    return lambda obj: sum(len(value or ()) for path in paths for value in find(path, obj))


def joined(path: str) -> Cell:
    """Give the cell of all values that a path leads to."""
    return lambda obj: ",".join(map(str, find(path, obj)))


def selector(path: str) -> Cell:
    """Give the cell of a label selector."""
    return lambda obj: cells.selector(next(iter(find(path, obj)), None))


def replicas(ready: str) -> Cell:
    """Give the cell of how many replicas are ready."""
    return lambda obj: f"{at(ready, 0)(obj)}/{at('.spec.replicas', 0)(obj)}"


def number(name: str, path: str) -> Column:
    """Give the column of a number."""
    return Column(name, at(path, 0), "integer")


def wide(name: str, cell: Cell) -> Column:
    """Give a column that is shown with `-o wide` only."""
    return Column(name, cell, priority=1)


def address(kind: str) -> Cell:
    """Give the cell of a node's address of a kind."""
    return at(f'.status.addresses[?(@.type=="{kind}")].address', NONE)


def moment(path: str, default: str = NONE) -> Cell:
    """Give the cell of how long ago a moment was."""

    def cell(obj: Json) -> str:
        found = find(path, obj)
        return since(found[0]) if found and found[0] else default

    return cell

"""The part of kubectl's JSONPath that printer columns use."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(
    r"""
    \.?\['(?P<quoted>[^']*)'\]
    | \[(?P<index>-?\d+)\]
    | \[(?P<all>\*)\]
    | \[\?\(\s*@(?P<where>[^=!\s]+)\s*(?P<operator>==|!=)\s*
        (?P<value>"[^"]*"|'[^']*'|[^)\s]+)\s*\)\]
    | \.(?P<name>(?:\\.|[^.\[\]\\])+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Step:
    name: str | None = None
    index: int | None = None
    where: str = ""
    equal: bool = True
    value: str = ""

    def take(self, value: Any) -> Iterator[Any]:
        """Give what this step leads to."""
        if self.name is not None:
            if isinstance(value, dict) and self.name in value:
                yield value[self.name]
        elif self.index is not None:
            if isinstance(value, list) and -len(value) <= self.index < len(value):
                yield value[self.index]
        else:
            items = list(value.values()) if isinstance(value, dict) else value
            yield from (item for item in items if self._chosen(item)) if items else ()

    def _chosen(self, item: Any) -> bool:
        if not self.where:
            return True
        found = find(self.where, item)
        return (bool(found) and _text(found[0]) == self.value) == self.equal


def find(path: str, obj: Any) -> list[Any]:
    """Give the values that a path leads to; none for a path that cannot be understood."""
    values = [obj]
    steps = _parse(path)
    if steps is None:
        return []
    for step in steps:
        values = [found for value in values for found in step.take(value)]
    return values


@functools.lru_cache(maxsize=512)
def _parse(path: str) -> tuple[_Step, ...] | None:
    steps = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> _Step:
    if match["quoted"] is not None:
        return _Step(name=match["quoted"])
    if match["name"] is not None:
        return _Step(name=re.sub(r"\\(.)", r"\1", match["name"]))
    if match["index"] is not None:
        return _Step(index=int(match["index"]))
    if match["all"] is not None:
        return _Step()
    value = match["value"].strip("\"'")
    return _Step(where=match["where"], equal=match["operator"] == "==", value=value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

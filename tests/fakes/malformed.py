"""Objects with one field of a type that nobody expects, every field in turn."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

WRONG: tuple[Any, ...] = (None, "text", 7, True, [], ["text", None], {}, {"key": None})


def malformed(obj: Any) -> Iterator[Any]:
    """Copies of an object, each with one value replaced by one of a wrong type."""
    for path in _paths(obj):
        for value in WRONG:
            copy = deepcopy(obj)
            *steps, last = path
            at = copy
            for step in steps:
                at = at[step]
            at[last] = value
            yield copy


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else ()
    for key, item in [*entries, *(enumerate(value) if isinstance(value, list) else ())]:
        yield from _paths(item, (*path, key))

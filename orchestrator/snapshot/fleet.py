"""Readings of several nodes as one: only what all agree on is a reading of the cluster.

What differs is kept by groups of nodes that agree, so that a constraint can be held against each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Reading = str | int | bool
Json = dict[str, Any]

NODES_NAMED = 16  # in one reading; all nodes stand in NodeTopology.nodes


@dataclass(frozen=True)
class Fleet:
    """One subtype's readings of all nodes that can be judged."""

    data: dict[str, Reading] = field(default_factory=dict)
    items: list[Json] = field(default_factory=list)  # a group of nodes each, when they differ
    differing: dict[str, str] = field(default_factory=dict)  # by key: which values on which nodes


def agree(readings: Mapping[str, Mapping[str, Reading]]) -> Fleet:
    """Split readings, given by node and key, into common and differing ones."""
    keys = sorted({key for of_node in readings.values() for key in of_node})
    names = sorted(readings)
    data: dict[str, Reading] = {}
    differing: dict[str, str] = {}
    for key in keys:
        groups = _groups(names, lambda name, key=key: readings[name].get(key))
        if len(groups) == 1:
            data[key] = next(iter(groups))
        else:
            differing[key] = _sentence(groups)
    items = [
        {"context": {"nodes": named(group)}, "data": dict(values)}
        for values, group in _groups(
            names,
            lambda name: tuple(
                (key, readings[name][key]) for key in differing if key in readings[name]
            ),
        ).items()
    ]
    return Fleet(data, items if differing else [], differing)


def named(names: Iterable[str]) -> str:
    """Node names joined by commas, a long list cut as the reference cuts it."""
    ordered = sorted(names)
    more = len(ordered) - NODES_NAMED
    return ",".join(ordered[:NODES_NAMED]) + (f" (+{more} more)" if more > 0 else "")


def _groups(names: Iterable[str], value_of: Any) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    for name in names:
        found.setdefault(value_of(name), []).append(name)
    return found


def _sentence(groups: Mapping[Any, list[str]]) -> str:
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[1]))
    parts = [f"{'none' if value is None else value} on {named(on)}" for value, on in ordered]
    return f"nodes differ: {'; '.join(parts)}"

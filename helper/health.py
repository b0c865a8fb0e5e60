"""The verdict on one object, and what all controllers write into a status alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from helper.resource import Json, number, text


@dataclass(frozen=True)
class Health:
    """A verdict on one object, in words that fit a table cell."""

    ready: bool
    observed: str
    left_out: Mapping[str, str] = field(default_factory=dict)  # nodes not judged, and why
    is_empty: bool = False  # no pod is wanted, so that nothing is proven


def unobserved(obj: Json) -> str:
    """Say that a status describes an older specification, and so nothing of this one."""
    generation = number(obj, "metadata", "generation") or 0
    seen = number(obj, "status", "observedGeneration") or 0
    if seen >= generation:
        return ""
    return f"status is of generation {seen}, the specification of {generation}"


def count(obj: Json, key: str) -> int:
    """Give a counter of a status; those of zero are left out."""
    return number(obj, "status", key) or 0


def updates_on_delete(obj: Json) -> bool:
    """Whether pods keep their revision until somebody deletes them."""
    return text(obj, "spec", "updateStrategy", "type") == "OnDelete"

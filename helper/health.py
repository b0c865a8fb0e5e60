"""The verdict on one object, and what all controllers write into a status alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from helper.resource import Json, number, part, text

YOUNG_S = 600.0  # what is older and still not ready is not on its way; Kubernetes' own patience


@dataclass(frozen=True)
class Health:
    """A verdict on one object, in words that fit a table cell."""

    ready: bool
    observed: str
    left_out: Mapping[str, str] = field(default_factory=dict)  # nodes not judged, and why
    is_empty: bool = False  # no pod is wanted, so that nothing is proven
    may_settle: bool = False  # not ready yet, but on its way as far as the object tells


def unusable(obj: Json) -> Health | None:
    """Judge an object whose status says nothing of its future; None when the status counts."""
    if problem := deletion(obj):
        return Health(ready=False, observed=problem)
    if problem := unobserved(obj):
        return Health(ready=False, observed=problem, may_settle=True)
    return None


def deletion(obj: Json) -> str:
    """Say since when an object is being deleted, and what holds it; empty when it stays."""
    since = text(obj, "metadata", "deletionTimestamp")
    if not since:
        return ""
    held = [*_strings(obj, "metadata"), *_strings(obj, "spec")]  # namespaces have them in spec
    return f"being deleted since {since}" + (f", held by {', '.join(held[:5])}" if held else "")


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


def is_young(obj: Json, now: float) -> bool:
    """Whether an object was made so recently that it may still be starting."""
    return is_recent(moment(text(obj, "metadata", "creationTimestamp")), now)


def is_recent(then: float | None, now: float) -> bool:
    """Whether a time is near; clocks of servers may be a little ahead."""
    return then is not None and abs(now - then) < YOUNG_S


def moment(stamp: str) -> float | None:
    """A time of the API as seconds since 1970; None for none."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def _strings(obj: Json, place: str) -> list[str]:
    found = part(obj, place).get("finalizers")
    return [str(item) for item in found] if isinstance(found, list) else []

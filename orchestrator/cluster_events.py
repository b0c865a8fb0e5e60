"""Events of a cluster in the order in which they happened."""

from collections.abc import Iterable, Sequence

from helper.resource import Json, text

SECONDS = len("2026-01-01T00:00:00")


def moment(event: Json) -> str:
    """When it happened last, as its writer says.

    Newer components, the scheduler among them, write eventTime and leave the others empty.
    """
    last = text(event, "lastTimestamp") or text(event, "series", "lastObservedTime")
    return last or text(event, "eventTime")


def in_order(events: Iterable[Json]) -> Sequence[Json]:
    """Oldest first; those of one second as the server stored them."""
    return sorted(events, key=_rank)


def _rank(event: Json) -> tuple[str, int]:
    version = text(event, "metadata", "resourceVersion")
    # Most components write whole seconds, the scheduler fractions; only the former compare.
    return moment(event)[:SECONDS], int(version) if version.isdecimal() else 0

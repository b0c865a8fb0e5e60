"""Plain API objects, read without trusting their shape."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """The items of a list and the version at which they were true."""

    items: list[Json]
    version: str


def part(value: Any, *keys: str) -> Json:
    """The mapping below a path of keys; empty when any step is absent or something else."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def items(value: Any, *keys: str) -> list[Json]:
    """The mappings in the list below a path of keys; empty when there is no list."""
    found = part(value, *keys[:-1]).get(keys[-1]) if keys else value
    if not isinstance(found, (list, tuple)):
        return []
    return [dict(item) for item in found if isinstance(item, Mapping)]


def text(value: Any, *keys: str) -> str:
    """The scalar below a path of keys as text; empty when absent or no scalar."""
    found = part(value, *keys[:-1]).get(keys[-1])
    return "" if found is None or isinstance(found, (Mapping, list)) else str(found)


def number(value: Any, *keys: str) -> int | None:
    """The whole number below a path of keys; None when absent or something else."""
    found = part(value, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def name(obj: Json) -> str:
    """The object's name."""
    return text(obj, "metadata", "name")


def namespace(obj: Json) -> str:
    """The object's namespace; empty for cluster-scoped ones."""
    return text(obj, "metadata", "namespace")


def labels(obj: Json) -> dict[str, str]:
    """The object's labels."""
    return {key: str(value) for key, value in part(obj, "metadata", "labels").items()}


def annotations(obj: Json) -> dict[str, str]:
    """The object's annotations."""
    return {key: str(value) for key, value in part(obj, "metadata", "annotations").items()}


def condition(obj: Json, kind: str) -> Json | None:
    """The status condition of a type, or None."""
    found = (item for item in items(obj, "status", "conditions") if item.get("type") == kind)
    return next(found, None)


def condition_is(obj: Json, kind: str, status: str = "True") -> bool:
    """Whether a condition is present with this status."""
    found = condition(obj, kind)
    return found is not None and found.get("status") == status


def owner(obj: Json) -> Json | None:
    """The owner reference that controls the object, or None."""
    owners = items(obj, "metadata", "ownerReferences")
    return next((item for item in owners if item.get("controller") is True), None)


def is_being_deleted(obj: Json) -> bool:
    """Whether deletion has begun."""
    return bool(text(obj, "metadata", "deletionTimestamp"))


def container_status(pod: Json, container: str) -> Json | None:
    """The status of one named container, or None before kubelet wrote it."""
    statuses = items(pod, "status", "containerStatuses")
    return next((item for item in statuses if item.get("name") == container), None)

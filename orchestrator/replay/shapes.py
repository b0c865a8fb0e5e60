"""Whether recorded objects have the shape that everybody who reads them relies on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from helper.quantity import parse_quantity
from orchestrator.replay import fields
from orchestrator.replay.models import ReplayError
from orchestrator.replay.objects import Json

_META = "meta/v1.ObjectMeta"
_GIVEN = [(bool, "true or false"), (int, "a number"), (float, "a number"), (str, "text")]
_GIVEN += [(list, "a list"), (dict, "a map")]
_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "true or false"),
    "float64": ((int, float), "a number"),
    "int32": ((int,), "a whole number"),
    "int64": ((int,), "a whole number"),
    "IntOrString": ((int, str), "a number or text"),
}
_TEXT = ((str,), "text; quote it")
# Without these, the controllers could make nothing of what stands around them.
_REQUIRED = {
    "core/v1.Container": ("name",),
    "core/v1.ContainerStatus": ("name",),
    "core/v1.NodeAddress": ("type", "address"),
    "core/v1.NodeCondition": ("type", "status"),
    "core/v1.NodeSelectorRequirement": ("key", "operator"),
    "core/v1.PodCondition": ("type", "status"),
    "meta/v1.LabelSelectorRequirement": ("key", "operator"),
    "meta/v1.OwnerReference": ("apiVersion", "kind", "name"),
    "rbac/v1.ClusterRoleBinding": ("roleRef",),
    "rbac/v1.RoleBinding": ("roleRef",),
    "rbac/v1.RoleRef": ("kind", "name"),
    "resource/v1.Device": ("name",),
    "resource/v1.DeviceCapacity": ("value",),
    "resource/v1.DeviceRequestAllocationResult": ("driver", "pool", "device"),
    "resource/v1.ResourcePool": ("name",),
    "resource/v1.ResourceSlice": ("spec",),
    "resource/v1.ResourceSliceSpec": ("driver", "pool"),
}
_FILLED = {"DeviceClass": ("spec",), "Node": ("spec", "status"), "Pod": ("spec", "status")}


class _Trouble(NamedTuple):
    path: str
    problem: str


def check(file: Path | str, obj: Json) -> None:
    """Refuse an object that its readers would stumble over; raises ReplayError with one line."""
    message = fields.message_of(str(obj.get("apiVersion")), str(obj.get("kind")))
    members = fields.members_of(message) if message else {"metadata": _META}
    for key in _FILLED.get(str(obj.get("kind")), ()):
        if obj.get(key) is None:
            obj[key] = {}
    kept = {key: value for key, value in obj.items() if key in members}
    for trouble in _in_message(kept, message or "", members, ""):
        metadata = obj.get("metadata")
        name = metadata.get("name", "") if isinstance(metadata, dict) else ""
        title = f"{obj.get('kind')} {name}".strip()
        raise ReplayError(file, f"{title}: {trouble.path}", trouble.problem)


def _in_message(
    value: Json, message: str, members: dict[str, str], path: str
) -> Iterator[_Trouble]:
    for key in _REQUIRED.get(message, ()):
        if value.get(key) is None:
            yield _Trouble(f"{path}.{key}".lstrip("."), "missing")
    for key, item in value.items():
        if key in members:
            yield from _in_value(item, members[key].lstrip("*"), f"{path}.{key}".lstrip("."))


def _in_value(value: Any, kind: str, path: str) -> Iterator[_Trouble]:
    if value is None or kind == "any":
        return
    holder: type[Any] = list if kind.startswith("[]") else dict
    is_scalar = not kind.startswith(("[]", "{}")) and fields.fields_of(kind) is None
    if is_scalar:
        yield from _in_scalar(value, kind, path)
    elif not isinstance(value, holder):
        yield _wrong(value, path, "a list" if holder is list else "a map")
    elif kind.startswith("[]"):
        for index, item in enumerate(value):
            yield from _in_value(item, kind[2:].lstrip("*"), f"{path}[{index}]")
    elif kind.startswith("{}"):
        for key, item in value.items():
            if not isinstance(key, str):
                yield _wrong(key, f"{path}: the key {key!r}", "text; quote it")
            yield from _in_value(item, kind[2:].lstrip("*"), f"{path}.{key}")
    else:
        yield from _in_message(value, kind, fields.members_of(kind), path)


def _in_scalar(value: Any, kind: str, path: str) -> Iterator[_Trouble]:
    if kind == "Quantity":
        try:
            parse_quantity(value)
        except (ValueError, TypeError, AttributeError):
            yield _Trouble(path, f"is {value!r}, want a quantity such as 4 or 64Gi")
        return
    types, wanted = _SCALARS.get(kind, _TEXT)
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "bool"):
        yield _wrong(value, path, wanted)


def _wrong(value: Any, path: str, wanted: str) -> _Trouble:
    given = next((words for of, words in _GIVEN if isinstance(value, of)), type(value).__name__)
    shown = f" ({value!r})" if not isinstance(value, (list, dict)) else ""
    return _Trouble(path, f"is {given}{shown}, want {wanted}")

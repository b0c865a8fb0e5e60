"""The devices that ResourceSlices offer, and which of them are in use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from packaging.version import InvalidVersion, Version

from helper.quantity import parse_quantity
from orchestrator.replay.objects import Json, name_of
from orchestrator.replay.workloads import cel, nodefit

_COUNTERS = "devices that consume shared counters"


class DeviceId(NamedTuple):
    """A device, as allocations name it."""

    driver: str
    pool: str
    name: str


@dataclass(frozen=True)
class Offer:
    """One device that a node can reach."""

    id: DeviceId
    seen: cel.Device
    is_local: bool  # to one node, rather than reachable from several
    taints: Sequence[Json] = ()
    trouble: str = ""  # what it has that is not emulated
    values: Mapping[str, Any] = field(default_factory=dict)  # attributes by qualified name


def reachable(slices: Sequence[Json], node: Json) -> list[Offer]:
    """Give the devices of all complete pools that a node can reach, in their order."""
    pools: dict[tuple[str, str], list[Json]] = {}
    for item in slices:
        spec = item["spec"]
        pools.setdefault((spec["driver"], spec["pool"]["name"]), []).append(spec)
    found: list[Offer] = []
    for members in pools.values():
        newest = max(spec["pool"].get("generation", 0) for spec in members)
        current = [spec for spec in members if spec["pool"].get("generation", 0) == newest]
        if len(current) == current[0]["pool"].get("resourceSliceCount", len(current)):
            found += [offer for spec in current for offer in _offers(spec, node)]
    return found


def in_use(claims: Sequence[Json]) -> set[DeviceId]:
    """Give the devices that are allocated; access for administration takes none."""
    return {
        DeviceId(result["driver"], result["pool"], result["device"])
        for claim in claims
        for result in results_of(claim)
        if not result.get("adminAccess")
    }


def results_of(claim: Json) -> list[Json]:
    """Give the devices that a claim was given."""
    allocation = (claim.get("status") or {}).get("allocation") or {}
    return (allocation.get("devices") or {}).get("results") or []


def _offers(spec: Json, node: Json) -> Iterator[Offer]:
    for device in spec.get("devices") or []:
        place = device if spec.get("perDeviceNodeSelection") else spec
        if not _reaches(place, node):
            continue
        # Until v1beta1, what describes a device stood below `basic`.
        body = device.get("basic") or device
        driver = spec["driver"]
        attributes = {k: _value(v) for k, v in (body.get("attributes") or {}).items()}
        capacity = {k: parse_quantity(v["value"]) for k, v in (body.get("capacity") or {}).items()}
        yield Offer(
            DeviceId(driver, spec["pool"]["name"], device["name"]),
            cel.Device(driver, _by_domain(attributes, driver), _by_domain(capacity, driver)),
            is_local=bool(place.get("nodeName")),
            taints=body.get("taints") or (),
            trouble=_COUNTERS if body.get("consumesCounters") else "",
            values={_qualified(key, driver): value for key, value in attributes.items()},
        )


def _reaches(place: Json, node: Json) -> bool:
    if place.get("allNodes"):
        return True
    selector = place.get("nodeSelector")
    if selector:
        return any(
            nodefit.term_holds(term, node) for term in selector.get("nodeSelectorTerms") or []
        )
    return bool(place.get("nodeName") == name_of(node))


def _value(attribute: Json) -> Any:
    """Give an attribute's value; exactly one of string, int, bool and version is set."""
    kind, value = next(iter(attribute.items()))
    if kind != "version":
        return value
    try:
        return Version(value)
    except InvalidVersion:
        return value


def _by_domain(values: Mapping[str, Any], driver: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        domain, _, name = _qualified(key, driver).rpartition("/")
        found.setdefault(domain, {})[name] = value
    return found


def _qualified(key: str, driver: str) -> str:
    return key if "/" in key else f"{driver}/{key}"

"""Amounts of resources: added up, and written as the API server writes them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from helper.quantity import parse_quantity
from orchestrator.replay.objects import Json

Amounts = dict[str, Decimal]
_BINARY = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")
_BYTES = ("memory", "storage", "hugepages")


def parsed(given: Mapping[str, str | float] | None) -> Amounts:
    """Read amounts by name."""
    return {name: parse_quantity(value) for name, value in (given or {}).items()}


def total(parts: Iterable[Amounts]) -> Amounts:
    """Add amounts up."""
    found: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = found.get(name, Decimal(0)) + amount
    return found


def pod_amounts(spec: Json, field: str) -> Amounts:
    """Give what a pod requests, or is limited to: the larger of all containers and each init."""
    running = total(_of(container, field) for container in spec.get("containers") or [])
    for container in spec.get("initContainers") or []:
        for name, amount in _of(container, field).items():
            running[name] = max(running.get(name, Decimal(0)), amount)
    return total([running, parsed(spec.get("overhead"))])


def _of(container: Json, field: str) -> Amounts:
    return parsed((container.get("resources") or {}).get(field))


def written(name: str, amount: Decimal) -> str:
    """Write the amount of a resource: bytes in powers of two where they fit, else decimal."""
    if any(word in name for word in _BYTES):
        for power, suffix in enumerate(_BINARY):
            unit = Decimal(2) ** (10 * (len(_BINARY) - power))
            if amount and amount % unit == 0:
                return f"{amount // unit}{suffix}"
    if amount == amount.to_integral_value():
        return str(int(amount))
    return f"{int((amount * 1000).to_integral_value())}m"


def listed(amounts: Amounts, names: Iterable[str]) -> str:
    """Write some amounts in one line."""
    return ",".join(f"{name}={written(name, amounts[name])}" for name in names)

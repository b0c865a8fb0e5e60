"""Where workloads may run: node selectors and tolerations as flags and variables write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from helper.errors import InputError

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True)
class Toleration:
    """One toleration; an empty key tolerates everything, an empty effect every effect."""

    key: str = ""
    value: str = ""
    effect: str = ""

    def as_json(self) -> dict[str, str]:
        """Write it as it stands in a pod."""
        found = {"operator": "Equal" if self.value else "Exists"}
        named = {"key": self.key, "value": self.value, "effect": self.effect}
        return {**found, **{key: value for key, value in named.items() if value}}

    def as_text(self) -> str:
        """Write it as `*`, `key:Effect` or `key=value:Effect`."""
        if not self.key:
            return "*"
        value = f"={self.value}" if self.value else ""
        return f"{self.key}{value}:{self.effect}"


def parse_tolerations(text: str) -> list[Toleration]:
    """Read `*`, `key:Effect` and `key=value:Effect`, separated by commas."""
    return [_toleration(item.strip()) for item in text.split(",") if item.strip()]


def _toleration(item: str) -> Toleration:
    if item == "*":
        return Toleration()
    wanted = "want *, key:Effect or key=value:Effect"
    name, _, effect = item.partition(":")
    if not name or ":" in effect or effect not in EFFECTS:
        raise InputError(f"toleration {item!r}: {wanted}, Effect one of {', '.join(EFFECTS)}")
    key, _, value = name.partition("=")
    if not key:
        raise InputError(f"toleration {item!r}: {wanted}")
    return Toleration(key, value, effect)


def parse_selector(text: str) -> dict[str, str]:
    """Read `key=value` pairs, separated by commas."""
    selector = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key, separator, value = item.partition("=")
        if not separator or not key:
            raise InputError(f"node selector {item!r}: want key=value")
        selector[key] = value
    return selector


def selector_text(selector: Mapping[str, str]) -> str:
    """Write pairs sorted by key, as `parse_selector` reads them."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def tolerations_text(tolerations: Iterable[Toleration]) -> str:
    """Write tolerations as `parse_tolerations` reads them."""
    return ",".join(item.as_text() for item in tolerations)

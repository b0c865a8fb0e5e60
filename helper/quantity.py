"""Durations and Kubernetes quantities, as text and as numbers."""

import re
from decimal import Decimal, InvalidOperation

# Go's time.ParseDuration: https://pkg.go.dev/time#ParseDuration
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
MAX_DURATION_S = 2**63 * 1e-9
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
_QUANTITY = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3}(?=$))?)([numkMGTPE]|[KMGTPE]i|)", re.ASCII
)


def parse_duration(text: str) -> float:
    """Seconds in a Go duration such as `1h5m`, `90s` or `-1.5h`.

    Raises ValueError for anything else, a bare number other than 0 included.
    """
    body = text.strip()
    sign = -1.0 if body.startswith("-") else 1.0
    body = body[1:] if body.startswith(("+", "-")) else body
    if body == "0":
        return 0.0
    parts = _PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise ValueError(f"{text!r} is not a duration (want for example 90s, 5m or 1h30m)")
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if seconds > MAX_DURATION_S:
        raise ValueError(f"{text[:40]!r} is longer than any duration can be")
    return sign * seconds


def format_duration(seconds: float) -> str:
    """Go's text for a duration: `5m0s`, `1h5m0s`, `30s`, `1.5s`."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    if hours:
        text = f"{hours}h{text}"
    return sign + text


def parse_quantity(value: str | float) -> Decimal:
    """The number that a Kubernetes quantity stands for; cores, bytes or devices.

    Raises ValueError for text that the API server would refuse.
    """
    match = _QUANTITY.fullmatch(str(value).strip())
    if not match or match[2] not in _SUFFIXES:
        raise ValueError(f"{value!r} is not a quantity (want for example 500m, 2 or 128Mi)")
    try:
        return Decimal(match[1]) * _SUFFIXES[match[2]]
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a quantity") from error

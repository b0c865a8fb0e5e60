"""Selectors of devices: what is understood, and what is not."""

from decimal import Decimal

import pytest
from packaging.version import Version

from orchestrator.replay.workloads.cel import (
    Device,
    EvaluationError,
    UnsupportedError,
    compiled,
)

GPU = Device(
    "gpu.nvidia.com",
    {
        "gpu.nvidia.com": {
            "type": "gpu",
            "index": 3,
            "healthy": True,
            "productName": "NVIDIA H100 80GB HBM3",
            "driverVersion": Version("570.86.15"),
        }
    },
    {"gpu.nvidia.com": {"memory": Decimal(80 * 1024**3)}},
)
OWN = "device.attributes['gpu.nvidia.com']"
MEMORY = 'device.capacity["gpu.nvidia.com"].memory'


@pytest.mark.parametrize(
    "expression",
    [
        "device.driver == 'gpu.nvidia.com'",
        'device.driver == "gpu.nvidia.com" && device.attributes["gpu.nvidia.com"].type == "gpu"',
        f"{OWN}.type != 'mig'",
        f"{OWN}['type'] in ['gpu', 'mig']",
        f"{OWN}.index >= 3 && {OWN}.index < 4",
        f"{OWN}.healthy",
        f"!({OWN}.type == 'mig') || device.driver == 'other'",
        f"{OWN}.productName.lowerAscii().matches('^.*h100.*$')",
        f"{OWN}.driverVersion.compareTo(semver('570.0.0')) >= 0",
        f"{MEMORY}.compareTo(quantity('40Gi')) >= 0",
        f"{MEMORY}.isGreaterThan(quantity('79Gi'))",
        "'memory' in device.capacity['gpu.nvidia.com']",
        f"device.driver == 'gpu.nvidia.com' || {OWN}.nope == 'x'",
    ],
)
def test_selects(expression: str) -> None:
    assert compiled(expression)(GPU)


@pytest.mark.parametrize(
    "expression",
    [
        "device.driver == 'other'",
        f"{OWN}.type == 'mig'",
        f"{MEMORY}.isGreaterThan(quantity('80Gi'))",
        f"device.driver == 'other' && {OWN}.nope == 'x'",
        "'nope' in device.attributes['gpu.nvidia.com']",
    ],
)
def test_does_not_select(expression: str) -> None:
    assert not compiled(expression)(GPU)


def test_a_missing_attribute_is_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"^CEL runtime error: no such key: nope$"):
        compiled(f"{OWN}.nope == 'x'")(GPU)


@pytest.mark.parametrize(
    "expression",
    [
        "device.name == 'x'",
        "device.driver.size() == 3",
        "cel.bind(d, device, d.driver == 'x')",
        "device.driver == 'a' ? true : false",
        "device.driver ==",
        "",
        "(device.driver == 'x'",
    ],
)
def test_what_is_beyond_it_is_said(expression: str) -> None:
    with pytest.raises(UnsupportedError, match="the CEL expression"):
        compiled(expression)

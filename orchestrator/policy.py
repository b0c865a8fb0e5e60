"""Who hands out GPUs, as the recipe's component values decide it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from helper.models import ComponentRef, Policy, ValidationInput
from orchestrator.errors import RecipeError

DRA_DRIVER = "nvidia-dra-driver-gpu"
GPU_OPERATORS = ("gpu-operator", "gpu-operator-ocp")  # the first wins when both are enabled


@dataclass(frozen=True)
class Decision:
    """The policy, and what the operator should know about how it was found."""

    policy: Policy
    warning: str = ""


def decide(recipe: ValidationInput) -> Decision:
    """Resolve the allocation policy; RecipeError for values that contradict each other."""
    decision = _decide(recipe)
    if not all(recipe.enabled(name) for name in GPU_OPERATORS):
        return decision
    both = f"{' and '.join(GPU_OPERATORS)} are both enabled: the values of {GPU_OPERATORS[0]} count"
    return replace(decision, warning="; ".join(filter(None, (decision.warning, both))))


def _decide(recipe: ValidationInput) -> Decision:
    driver = recipe.enabled(DRA_DRIVER)
    operator = recipe.enabled(*GPU_OPERATORS)
    plugin = bool(operator) and _switch(operator, "devicePlugin", "enabled", default=True)
    if driver is None:
        if plugin:
            return Decision(Policy.DEVICE_PLUGIN)
        if operator:
            raise RecipeError(
                f"component {operator.name}: devicePlugin.enabled is false and {DRA_DRIVER} is not "
                "enabled; nobody hands out whole GPUs"
            )
        return Decision(
            Policy.UNSPECIFIED, "no enabled component of the recipe hands out whole GPUs"
        )
    claims = _switch(driver, "resources", "gpus", "enabled", default=None)
    waiver = _switch(driver, "gpuResourcesEnabledOverride", default=False)
    if claims is None:
        return Decision(
            Policy.UNSPECIFIED,
            f"component {DRA_DRIVER} leaves out resources.gpus.enabled: the GPU allocation "
            "policy is unspecified",
        )
    where = f"component {DRA_DRIVER}: resources.gpus.enabled is {str(claims).lower()}"
    if claims and not waiver:
        raise RecipeError(f"{where} without gpuResourcesEnabledOverride; the chart refuses this")
    if claims and plugin:
        raise RecipeError(f"{where} and the device plugin is on; GPUs would be handed out twice")
    if claims:
        return Decision(Policy.DRA_CLAIM)
    if waiver:
        raise RecipeError(f"{where}, so gpuResourcesEnabledOverride has no effect; remove it")
    if not plugin:
        raise RecipeError(f"{where} and the device plugin is off; nobody hands out whole GPUs")
    return Decision(Policy.DEVICE_PLUGIN)


def _switch(ref: ComponentRef | None, *path: str, default: bool | None) -> bool | None:
    """A boolean among a component's values; absent or null gives the default."""
    value: Any = ref.overrides if ref else {}
    for key in path:
        if value is None:
            return default
        if not isinstance(value, Mapping):
            name = ref.name if ref else ""
            raise RecipeError(f"component {name}: value above {'.'.join(path)} is no mapping")
        value = value.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        name = ref.name if ref else ""
        raise RecipeError(f"component {name}: {'.'.join(path)} is {value!r}, want true or false")
    return value

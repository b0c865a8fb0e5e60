from typing import Any

import pytest

from helper.models import Policy, ValidationInput
from orchestrator.errors import RecipeError
from orchestrator.policy import decide
from tests.orchestrator.samples import Json, component

ABSENT = object()
DRIVER = "nvidia-dra-driver-gpu"


def driver(gpus: Any = ABSENT, waiver: Any = ABSENT) -> Json:
    values: Json = {} if gpus is ABSENT else {"resources": {"gpus": {"enabled": gpus}}}
    if waiver is not ABSENT:
        values["gpuResourcesEnabledOverride"] = waiver
    return component(DRIVER, overrides=values)


def operator(plugin: Any = ABSENT, name: str = "gpu-operator") -> Json:
    values = {} if plugin is ABSENT else {"devicePlugin": {"enabled": plugin}}
    return component(name, overrides=values)


def disabled(of: Json) -> Json:
    return {**of, "overrides": {**of["overrides"], "enabled": False}}


def recipe(*components: Json) -> ValidationInput:
    return ValidationInput.model_validate({"componentRefs": components})


OCP = "gpu-operator-ocp"
REFUSED = (
    f"component {DRIVER}: resources.gpus.enabled is true without gpuResourcesEnabledOverride; the "
    "chart refuses this"
)
TWICE = (
    f"component {DRIVER}: resources.gpus.enabled is true and the device plugin is on; GPUs would "
    "be handed out twice"
)
NO_PLUGIN = (
    f"component gpu-operator: devicePlugin.enabled is false and {DRIVER} is not enabled; nobody "
    "hands out whole GPUs"
)
NOBODY = (
    f"component {DRIVER}: resources.gpus.enabled is false and the device plugin is off; nobody "
    "hands out whole GPUs"
)


@pytest.mark.parametrize(
    ("components", "policy"),
    [
        pytest.param(
            [driver(True, True), operator(False)], Policy.DRA_CLAIM, id="claims-with-waiver"
        ),
        pytest.param([driver(True, True)], Policy.DRA_CLAIM, id="claims-without-an-operator"),
        pytest.param([driver(False), operator(True)], Policy.DEVICE_PLUGIN, id="claims-off"),
        pytest.param(
            [driver(False, False), operator(True)], Policy.DEVICE_PLUGIN, id="waiver-off-too"
        ),
        pytest.param([operator(True)], Policy.DEVICE_PLUGIN, id="no-driver"),
        pytest.param(
            [disabled(driver(True)), operator(True)], Policy.DEVICE_PLUGIN, id="driver-disabled"
        ),
        pytest.param([operator()], Policy.DEVICE_PLUGIN, id="plugin-is-on-unless-told"),
        pytest.param([operator(None)], Policy.DEVICE_PLUGIN, id="null-is-absent"),
        pytest.param([operator(True, OCP)], Policy.DEVICE_PLUGIN, id="operator-of-openshift"),
        pytest.param(
            [disabled(operator(True)), operator(True, OCP)],
            Policy.DEVICE_PLUGIN,
            id="only-the-second-operator-is-enabled",
        ),
    ],
)
def test_values_that_agree_decide_the_policy(components: list[Json], policy: Policy) -> None:
    decision = decide(recipe(*components))

    assert decision.policy is policy
    assert decision.warning == ""


@pytest.mark.parametrize(
    ("components", "said"),
    [
        pytest.param([driver(True, False), operator(True)], REFUSED, id="claims-no-waiver"),
        pytest.param([driver(True), operator(False)], REFUSED, id="claims-waiver-absent"),
        pytest.param([driver(True, True), operator(True)], TWICE, id="handed-out-twice"),
        pytest.param([driver(True, True), operator()], TWICE, id="twice-by-default"),
        pytest.param([driver(False), operator(False)], NOBODY, id="nobody-plugin-off"),
        pytest.param([driver(False)], NOBODY, id="nobody-no-operator"),
        pytest.param([operator(False)], NO_PLUGIN, id="plugin-off-and-no-driver"),
        pytest.param(
            [driver(False, True), operator(True)],
            f"component {DRIVER}: resources.gpus.enabled is false, so gpuResourcesEnabledOverride "
            "has no effect; remove it",
            id="waiver-of-nothing",
        ),
        pytest.param(
            [driver("true"), operator()],
            f"component {DRIVER}: resources.gpus.enabled is 'true', want true or false",
            id="switch-is-text",
        ),
        pytest.param(
            [driver(True, "yes")],
            f"component {DRIVER}: gpuResourcesEnabledOverride is 'yes', want true or false",
            id="waiver-is-text",
        ),
        pytest.param(
            [operator(1)],
            "component gpu-operator: devicePlugin.enabled is 1, want true or false",
            id="plugin-is-a-number",
        ),
        pytest.param(
            [component(DRIVER, overrides={"resources": "all"})],
            f"component {DRIVER}: value above resources.gpus.enabled is no mapping",
            id="values-are-no-mapping",
        ),
        pytest.param(
            [component(overrides={"devicePlugin": [True]})],
            "component gpu-operator: value above devicePlugin.enabled is no mapping",
            id="values-are-a-list",
        ),
    ],
)
def test_values_that_contradict_each_other_are_an_error(components: list[Json], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        decide(recipe(*components))

    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("components", "said"),
    [
        pytest.param([driver(), operator(True)], "leaves out resources.gpus.enabled", id="absent"),
        pytest.param([driver(None), operator(True)], "leaves out resources", id="null"),
        pytest.param(
            [component(DRIVER, overrides={"resources": None})],
            "leaves out resources",
            id="null-above",
        ),
        pytest.param([], "hands out whole GPUs", id="no-gpu-component"),
    ],
)
def test_what_the_recipe_does_not_tell_is_unspecified_with_a_warning(
    components: list[Json], said: str
) -> None:
    decision = decide(recipe(*components))

    assert decision.policy is Policy.UNSPECIFIED
    assert said in decision.warning


def test_of_two_operators_the_first_counts_and_the_operator_is_told() -> None:
    decision = decide(recipe(operator(True), operator(False, OCP)))

    assert decision.policy is Policy.DEVICE_PLUGIN
    assert decision.warning == (
        "gpu-operator and gpu-operator-ocp are both enabled: the values of gpu-operator count"
    )

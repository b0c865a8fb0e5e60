from dataclasses import replace
from typing import Any

import pytest

from helper.models import Policy
from helper.nodes import parse_node
from images.conformance._allocation import Mode, class_problem, inspect, verify
from images.conformance._slices import parse_slice
from tests.fakes import objects as kube

Json = dict[str, Any]

PLUGIN_ONLY = Mode(plugin_devices={"gpu-1": 8})
CLAIMS_ONLY = Mode(claim_devices={"gpu-1": 8}, has_gpu_class=True)
DUAL = Mode(plugin_devices={"gpu-1": 8}, claim_devices={"gpu-1": 8}, has_gpu_class=True)
EXTENDED = Mode(
    claim_devices={"gpu-1": 8},
    has_gpu_class=True,
    extended_classes={"gpu.nvidia.com": "nvidia.com/gpu"},
)
HALF = Mode(claim_devices={"gpu-1": 8})
NOTHING = Mode()


@pytest.mark.parametrize(
    ("policy", "mode", "problem"),
    [
        pytest.param(Policy.UNSPECIFIED, NOTHING, "", id="unspecified-accepts-anything"),
        pytest.param(Policy.DEVICE_PLUGIN, PLUGIN_ONLY, "", id="plugin"),
        pytest.param(Policy.DEVICE_PLUGIN, DUAL, "", id="plugin-on-dual"),
        pytest.param(
            Policy.DEVICE_PLUGIN,
            CLAIMS_ONLY,
            "no node that can be judged",
            id="plugin-on-claims-only",
        ),
        pytest.param(
            Policy.DEVICE_PLUGIN,
            Mode(plugin_devices={"gpu-1": 8}, bare_nodes=("gpu-2",)),
            "1 of 2 GPU nodes have no allocatable nvidia.com/gpu (gpu-2)",
            id="plugin-missing-on-one-node",
        ),
        pytest.param(Policy.DRA_CLAIM, CLAIMS_ONLY, "", id="claims"),
        pytest.param(Policy.DRA_CLAIM, DUAL, "", id="claims-on-dual"),
        pytest.param(
            Policy.DRA_CLAIM,
            PLUGIN_ONLY,
            "claims cannot get a whole GPU",
            id="claims-on-plugin-only",
        ),
        pytest.param(Policy.DRA_CLAIM, HALF, "half installed", id="claims-without-class"),
        pytest.param(Policy.DRA_EXTENDED, EXTENDED, "", id="extended"),
        pytest.param(
            Policy.DRA_EXTENDED,
            CLAIMS_ONLY,
            "no DeviceClass has an extendedResourceName",
            id="no-name",
        ),
        pytest.param(
            Policy.DRA_EXTENDED,
            PLUGIN_ONLY,
            "claims cannot get a whole GPU",
            id="extended-on-plugin",
        ),
    ],
)
def test_a_policy_needs_its_own_mechanism(policy: Policy, mode: Mode, problem: str) -> None:
    found = verify(policy, mode)

    assert (problem in found) if problem else found == ""


SLICE = kube.resource_slice("gpu-1")


@pytest.mark.parametrize(
    ("nodes", "slices", "classes", "expected"),
    [
        pytest.param([kube.gpu_node("gpu-1")], [], [], PLUGIN_ONLY, id="plugin"),
        pytest.param(
            [kube.gpu_node("gpu-1", gpus=0)],
            [SLICE],
            [kube.device_class()],
            CLAIMS_ONLY,
            id="claims",
        ),
        pytest.param([kube.gpu_node("gpu-1")], [SLICE], [kube.device_class()], DUAL, id="dual"),
        pytest.param([kube.gpu_node("gpu-1", gpus=0)], [SLICE], [], HALF, id="class-missing"),
        pytest.param(
            [kube.gpu_node("gpu-1", gpus=0)],
            [SLICE],
            [kube.device_class(extended_resource="nvidia.com/gpu")],
            EXTENDED,
            id="extended",
        ),
        pytest.param(
            [kube.gpu_node("gpu-1", gpus=0)],
            [kube.resource_slice("gpu-1", "compute-domain.nvidia.com", 2, "channel")],
            [],
            NOTHING,
            id="compute-domains-only",
        ),
        pytest.param(
            [kube.gpu_node("gpu-1", gpus=0)],
            [kube.resource_slice("gpu-1", kind="mig")],
            [],
            NOTHING,
            id="mig-only",
        ),
        pytest.param(
            [kube.cordoned(kube.gpu_node("gpu-1"))], [SLICE], [], NOTHING, id="node-cordoned"
        ),
        pytest.param([kube.fake(kube.gpu_node("gpu-1"))], [], [], NOTHING, id="node-fake"),
    ],
)
def test_derives_the_mode_from_what_is_offered(
    nodes: list[Json], slices: list[Json], classes: list[Json], expected: Mode
) -> None:
    found = inspect([parse_node(item) for item in nodes], list(map(parse_slice, slices)), classes)

    assert replace(found, bare_nodes=()) == expected


def test_a_gpu_node_that_offers_none_by_the_device_plugin_is_bare() -> None:
    bare = kube.gpu_node("gpu-2", gpus=0)
    nodes = [kube.gpu_node("gpu-1"), bare, kube.cordoned(kube.gpu_node("gpu-3", gpus=0))]

    assert inspect([parse_node(item) for item in nodes], [], []).bare_nodes == ("gpu-2",)


def test_evidence_names_nodes_that_offer_gpus_twice() -> None:
    assert "nodes that offer GPUs twice: gpu-1" in DUAL.lines()


def test_evidence_of_many_nodes_stays_short() -> None:
    mode = Mode(plugin_devices={f"gpu-{index}": 8 for index in range(500)})

    assert mode.lines()[0].endswith("and 492 more nodes")


DRIVER = "device.driver == 'compute-domain.nvidia.com'"
TYPE = "device.attributes['compute-domain.nvidia.com'].type"


def selecting(*expressions: str) -> Json:
    """A DeviceClass with these selectors."""
    return kube.put(
        kube.device_class("a"), "spec.selectors", [{"cel": {"expression": e}} for e in expressions]
    )


@pytest.mark.parametrize(
    ("classes", "missing"),
    [
        pytest.param([selecting(DRIVER)], "", id="driver"),
        pytest.param([selecting(f"{DRIVER} && {TYPE} == 'channel'")], "", id="driver-and-type"),
        pytest.param([selecting(f'{TYPE} == "channel"')], "", id="domain-and-type"),
        pytest.param([selecting()], "", id="selects-everything"),
        pytest.param([selecting("device.driver.endsWith('nvidia.com')")], "", id="left-open"),
        pytest.param(
            [selecting("device.driver in ['a', 'compute-domain.nvidia.com']")], "", id="in"
        ),
        pytest.param(
            [selecting("device.attributes['resource.kubernetes.io'].pcieRoot == 'x'")],
            "",
            id="attribute-of-all-drivers",
        ),
        pytest.param([selecting("!(device.driver == 'a')")], "", id="negated-as-a-whole"),
        pytest.param([], "compute-domain.nvidia.com", id="none"),
        pytest.param([kube.device_class()], "compute-domain.nvidia.com", id="of-another-driver"),
        pytest.param(
            [selecting("device.driver in ['a', 'b']")], "compute-domain.nvidia.com", id="not-in"
        ),
        pytest.param(
            [selecting("device.driver != 'compute-domain.nvidia.com'")],
            "compute-domain.nvidia.com",
            id="negated",
        ),
        pytest.param(
            [selecting(DRIVER, "device.driver == 'b'")], "compute-domain.nvidia.com", id="all-hold"
        ),
        pytest.param(
            [selecting(f"{DRIVER} && {TYPE} == 'daemon'")],
            "compute-domain.nvidia.com of type channel",
            id="of-another-type",
        ),
    ],
)
def test_every_device_needs_a_class_that_may_select_it(classes: list[Json], missing: str) -> None:
    offered = {("compute-domain.nvidia.com", kind) for kind in ("channel", "daemon")}
    if missing.endswith("channel"):
        found = class_problem(offered, classes)
    else:
        found = class_problem({("compute-domain.nvidia.com", "channel")}, classes)

    assert bool(found) is bool(missing)
    assert not missing or found.startswith(f"no DeviceClass selects devices of {missing},")

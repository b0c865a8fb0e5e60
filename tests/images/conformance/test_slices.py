from dataclasses import replace
from typing import Any

import pytest

from helper.nodes import Node, parse_node
from images.conformance._slices import (
    Device,
    Reach,
    Slice,
    parse_slice,
    pool_problems,
    usable_devices,
)
from tests.fakes import objects as kube

Json = dict[str, Any]

DRIVER = "gpu.nvidia.com"
HERE = Reach(node="gpu-1")
GPU = Device("gpu-0", "gpu", is_tainted=False, reach=HERE)
GOOD = Slice("s1", DRIVER, "p", generation=1, pool_size=1, node="gpu-1", devices=(GPU,))
OTHER = replace(GOOD, name="s2", devices=(replace(GPU, name="gpu-1"),))
READY = Node("gpu-1", labels={"zone": "a"})
SELECTOR = {
    "nodeSelectorTerms": [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    ]
}


@pytest.mark.parametrize(
    ("slices", "usable"),
    [
        pytest.param([GOOD], {"gpu-1": 1}, id="complete-pool"),
        pytest.param([], {}, id="no-slices"),
        pytest.param([replace(GOOD, pool_size=2)], {}, id="pool-incomplete"),
        pytest.param([replace(GOOD, pool_size=0)], {}, id="size-unknown"),
        pytest.param(
            [replace(GOOD, pool_size=2), replace(OTHER, pool_size=2)], {"gpu-1": 2}, id="two-slices"
        ),
        pytest.param([replace(GOOD, pool_size=2), OTHER], {}, id="sizes-disagree"),
        pytest.param([GOOD, replace(GOOD, name="s2")], {}, id="more-slices-than-stated"),
        pytest.param([replace(GOOD, devices=(GPU, GPU))], {}, id="device-names-repeat-in-a-slice"),
        pytest.param(
            [replace(GOOD, pool_size=2), replace(GOOD, name="s2", pool_size=2)],
            {},
            id="device-names-repeat-across-slices",
        ),
        pytest.param(
            [GOOD, replace(GOOD, name="s2", generation=2, devices=())], {}, id="newest-is-empty"
        ),
        pytest.param(
            [GOOD, replace(OTHER, generation=2)], {"gpu-1": 1}, id="old-generation-ignored"
        ),
        pytest.param(
            [replace(GOOD, devices=(replace(GPU, is_tainted=True),))], {}, id="device-tainted"
        ),
        pytest.param(
            [replace(GOOD, devices=(GPU, replace(GPU, name="gpu-1", is_tainted=True)))],
            {"gpu-1": 1},
            id="sibling-tainted",
        ),
        pytest.param([replace(GOOD, driver="other.example.com")], {}, id="foreign-driver"),
        pytest.param(
            [replace(GOOD, devices=(replace(GPU, reach=Reach(node="gpu-9")),))], {}, id="node-gone"
        ),
        pytest.param(
            [replace(GOOD, devices=(replace(GPU, reach=Reach(all_nodes=True)),))],
            {"gpu-1": 1},
            id="all-nodes",
        ),
        pytest.param(
            [replace(GOOD, devices=(replace(GPU, reach=Reach(selector=SELECTOR)),))],
            {"gpu-1": 1},
            id="node-selector",
        ),
        pytest.param(
            [replace(GOOD, devices=(replace(GPU, reach=Reach()),))], {}, id="reaches-no-node"
        ),
        pytest.param([replace(GOOD, devices=(replace(GPU, type="mig"),))], {}, id="part-of-a-gpu"),
    ],
)
def test_counts_whole_gpus_in_complete_current_pools(
    slices: list[Slice], usable: dict[str, int]
) -> None:
    assert usable_devices(slices, [READY], DRIVER, "gpu") == usable


@pytest.mark.parametrize(
    "node",
    [
        pytest.param(kube.not_ready(kube.gpu_node("gpu-1")), id="not-ready"),
        pytest.param(kube.cordoned(kube.gpu_node("gpu-1")), id="cordoned"),
        pytest.param(kube.fake(kube.gpu_node("gpu-1")), id="fake"),
    ],
)
def test_nodes_that_cannot_be_judged_offer_nothing(node: Json) -> None:
    assert usable_devices([GOOD], [parse_node(node)], DRIVER) == {}


def test_devices_of_all_types_count_without_a_type() -> None:
    channel = replace(GOOD, devices=(replace(GPU, type="channel"),))

    assert usable_devices([channel], [READY], DRIVER) == {"gpu-1": 1}


@pytest.mark.parametrize(
    ("slices", "problem"),
    [
        ([replace(GOOD, pool_size=3)], "incomplete: 1 of 3 slices of generation 1"),
        (
            [replace(GOOD, pool_size=2), OTHER],
            "slices of generation 1 disagree on their number: 1, 2",
        ),
        ([replace(GOOD, devices=(GPU, GPU))], "device names are not unique: gpu-0"),
    ],
    ids=["incomplete", "disagree", "repeated"],
)
def test_says_why_a_pool_does_not_count(slices: list[Slice], problem: str) -> None:
    assert pool_problems(slices) == {(DRIVER, "p"): problem}


def test_pools_of_two_drivers_with_one_name_are_two_pools() -> None:
    assert pool_problems([GOOD, replace(GOOD, driver="compute-domain.nvidia.com")]) == {}


RAW = kube.resource_slice("gpu-1", devices=1)


def with_device(**fields: Any) -> Json:
    return kube.put(RAW, "spec.devices", [{**kube.device(), **fields}])


@pytest.mark.parametrize(
    ("obj", "device"),
    [
        pytest.param(RAW, GPU, id="v1"),
        pytest.param(
            kube.put(
                RAW,
                "spec.devices",
                [{"name": "gpu-0", "basic": {"attributes": {"type": {"string": "gpu"}}}}],
            ),
            GPU,
            id="v1beta1",
        ),
        pytest.param(
            kube.put(
                RAW,
                "spec.devices",
                [{"name": "gpu-0", "basic": {"taints": [{"key": "a", "effect": "NoExecute"}]}}],
            ),
            replace(GPU, type="", is_tainted=True),
            id="v1beta1-tainted",
        ),
        pytest.param(
            with_device(attributes={f"{DRIVER}/type": {"string": "gpu"}}),
            GPU,
            id="qualified-attribute",
        ),
        pytest.param(
            with_device(taints=[{"key": "a", "effect": "NoSchedule"}]),
            replace(GPU, is_tainted=True),
            id="tainted",
        ),
        pytest.param(
            with_device(taints=[{"key": "a", "effect": "None"}]), GPU, id="informational-taint"
        ),
        pytest.param(
            with_device(taints=["broken"]), replace(GPU, is_tainted=True), id="unreadable-taint"
        ),
        pytest.param(
            with_device(taints={"key": "a"}), replace(GPU, is_tainted=True), id="taints-no-list"
        ),
        pytest.param(
            with_device(taints=[{"key": "a"}]),
            replace(GPU, is_tainted=True),
            id="taint-without-effect",
        ),
        pytest.param(with_device(attributes=None), replace(GPU, type=""), id="attributes-null"),
        pytest.param(
            kube.put(
                kube.put(with_device(nodeName="gpu-7"), "spec.perDeviceNodeSelection", True),
                "spec.nodeName",
                None,
            ),
            replace(GPU, reach=Reach(node="gpu-7")),
            id="node-per-device",
        ),
    ],
)
def test_reads_devices_of_every_served_version(obj: Json, device: Device) -> None:
    assert parse_slice(obj).devices == (device,)


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"spec": None},
        {"spec": {"devices": None, "pool": None}},
        {"spec": {"devices": "many", "pool": "p"}},
        {"spec": {"devices": [None, 1], "pool": {"generation": "one"}}},
    ],
    ids=str,
)
def test_a_malformed_slice_counts_for_nothing(obj: Json) -> None:
    found = parse_slice(obj)

    assert found.devices == ()
    assert usable_devices([found], [READY], "") == {}

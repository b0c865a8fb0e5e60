import pytest

from images.performance._nccl import (
    SUPPORTED,
    Fabric,
    Variant,
    is_supported,
    parse_fabric,
    parse_node_count,
    parse_threshold,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (">= 300", 300.0),
        (">=300", 300.0),
        ("  >= 300  ", 300.0),
        ("450", 450.0),
        (">= 100.5 GB/s", 100.5),
        ("  200 GB/s", 200.0),
        (">=.5", 0.5),
    ],
)
def test_a_threshold_is_a_lower_bound(text: str, number: float) -> None:
    assert parse_threshold(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        ">=",
        "<= 300",
        "> 300",
        "== 300",
        ">== 300",
        ">=! 300",
        "abc GB/s",
        ">= -3",
        "0",
        ">= nan",
        ">= inf",
        ">= 300 Gbit/s",
        ">= 300GB/s",
        ">= 1e3",
        ">= 300 GB/s each",
    ],
)
def test_every_other_threshold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not usable"):
        parse_threshold(text)


@pytest.mark.parametrize(
    ("text", "fabric"),
    [("", Fabric.EFA), (" EFA ", Fabric.EFA), ("RoCE", Fabric.ROCE)],
)
def test_reads_the_fabric(text: str, fabric: Fabric) -> None:
    assert parse_fabric(text) == fabric


def test_an_unknown_fabric_is_never_taken_for_efa() -> None:
    with pytest.raises(ValueError, match="want efa or roce"):
        parse_fabric("infiniband")


@pytest.mark.parametrize(
    ("variant", "service", "accelerator", "fabric", "expected"),
    [
        (Variant.DEFAULT, "eks", "h100", Fabric.EFA, True),
        (Variant.DEFAULT, "eks", "gb200", Fabric.EFA, False),
        (Variant.DEFAULT, "any", "b200", Fabric.EFA, True),
        (Variant.DEFAULT, "gke", "h200", Fabric.EFA, False),
        (Variant.DEFAULT, "", "", Fabric.EFA, False),
        (Variant.NET, "eks", "gb200", Fabric.EFA, True),
        (Variant.NET, "eks", "h100", Fabric.EFA, False),
        (Variant.NET, "eks", "h100", Fabric.ROCE, True),
        (Variant.NET, "gke", "h100", Fabric.ROCE, False),
        (Variant.NVLS, "oke", "gb200", Fabric.EFA, True),
    ],
)
def test_knows_what_can_be_measured(
    variant: Variant, service: str, accelerator: str, fabric: Fabric, expected: bool
) -> None:
    assert is_supported(variant, service, accelerator, fabric) is expected


def test_every_variant_can_be_measured_somewhere() -> None:
    assert {variant for variant, _, _ in SUPPORTED} == set(Variant)


def test_two_nodes_take_part_unless_told_otherwise() -> None:
    assert (parse_node_count(""), parse_node_count("4")) == (2, 4)


@pytest.mark.parametrize("text", ["1", "0", "-2", "all", "2.5"])
def test_a_node_count_below_a_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="want a number from 2"):
        parse_node_count(text)

import pytest

from helper.nodes import Node
from helper.products import accelerator_of, is_divided, is_product


@pytest.mark.parametrize(
    ("product", "accelerator"),
    [
        ("NVIDIA-H100-80GB-HBM3", "h100"),
        ("NVIDIA-H100-PCIe", "h100"),
        ("NVIDIA-H200", "h200"),
        ("NVIDIA-B200", "b200"),
        ("NVIDIA-GB200", "gb200"),
        ("NVIDIA-GB200-NVL72", "gb200"),
        ("NVIDIA-GB300", "gb300"),
        ("NVIDIA-A100-SXM4-80GB", "a100"),
        ("NVIDIA-L40S", "l40s"),
        ("NVIDIA-L40", "l40"),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "rtx-pro-6000"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000"),
    ],
)
def test_knows_a_product(product: str, accelerator: str) -> None:
    assert is_product(product, accelerator)


@pytest.mark.parametrize(
    ("product", "accelerator"),
    [
        ("NVIDIA-GH200-480GB", "h200"),
        ("NVIDIA-H20", "h200"),
        ("NVIDIA-H800", "h100"),
        ("NVIDIA-A800-SXM4-80GB", "a100"),
        ("NVIDIA-L40S", "l40"),
        ("NVIDIA-RTX-6000-Ada-Generation", "rtx-pro-6000"),
        ("NVIDIA-GB200", "b200"),
        ("NVIDIA-H100-80GB-HBM3", "any"),
        ("", "h100"),
    ],
)
def test_takes_no_product_for_another(product: str, accelerator: str) -> None:
    assert not is_product(product, accelerator)


@pytest.mark.parametrize(
    ("labels", "divided"),
    [
        ({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}, False),
        ({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-SHARED"}, True),
        ({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb"}, True),
        ({"nvidia.com/gpu.replicas": "4"}, True),
        ({"nvidia.com/gpu.replicas": "1"}, False),
        ({"nvidia.com/gpu.replicas": "?"}, False),
    ],
    ids=str,
)
def test_knows_gpus_that_are_not_whole(labels: dict[str, str], divided: bool) -> None:
    assert is_divided(Node("n", labels=labels)) is divided


@pytest.mark.parametrize(
    ("product", "accelerator"),
    [("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "h100"), ("NVIDIA-L40S", "l40s"), ("Tesla-T4", "")],
)
def test_gives_the_accelerator_of_a_product(product: str, accelerator: str) -> None:
    assert accelerator_of(product) == accelerator

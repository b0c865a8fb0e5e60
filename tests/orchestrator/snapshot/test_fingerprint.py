from typing import Any

import pytest

from tests.fakes import objects as kube
from tests.orchestrator.snapshot.samples import built, facts, gpu_node, with_info

Json = dict[str, Any]


def labelled(obj: Json, **labels: str) -> Json:
    return kube.put(obj, "metadata.labels", obj["metadata"]["labels"] | labels)


def fingerprint(*nodes: Json, **changes: Any) -> Json:
    found: Json = built(facts(*nodes, **changes)).document["fingerprint"]
    return {name: dimension["value"] for name, dimension in found.items()}


def test_says_in_the_words_of_recipes_what_the_cluster_is() -> None:
    node = labelled(gpu_node("gpu-1"), **{"topology.kubernetes.io/region": "us-east-1"})

    assert fingerprint(node, with_info(kube.node("cpu-1"))) == {
        "service": "eks",
        "accelerator": "h100",
        "gpuModel": "h100",
        "os": "ubuntu",
        "k8sVersion": "1.36.2-eks-4f1c2ab",
        "region": "us-east-1",
        "nodeCount": 2,
        "gpuNodeCount": 1,
    }


@pytest.mark.parametrize(
    ("products", "value", "note"),
    [
        pytest.param(["NVIDIA-H100-80GB-HBM3", "NVIDIA-L40S"], "", "multi-gpu", id="several"),
        pytest.param(["Tesla-T4"], "", "unknown-sku", id="no-accelerator-of-recipes"),
    ],
)
def test_says_why_it_names_no_accelerator(products: list[str], value: str, note: str) -> None:
    nodes = [
        labelled(gpu_node(f"gpu-{at}"), **{"nvidia.com/gpu.product": product})
        for at, product in enumerate(products)
    ]

    found = built(facts(*nodes)).document["fingerprint"]["accelerator"]

    assert (found["value"], found["note"]) == (value, note)


def test_leaves_out_what_it_does_not_know() -> None:
    node = with_info(kube.node("node-1"), osImage="Debian GNU/Linux 12", kubeletVersion="v1.36.2")

    assert fingerprint(node, server=None) == {"nodeCount": 1, "gpuNodeCount": 0}


def test_without_nodes_nothing_is_counted() -> None:
    assert fingerprint(nodes=None) == {"k8sVersion": "1.36.2-eks-4f1c2ab"}

from helper import documents
from helper.documents import MAX_BYTES
from tests.fakes import objects as kube
from tests.orchestrator.snapshot.samples import as_read, built, data, facts, gpu_node, with_info


def test_labels_and_taints_name_their_nodes() -> None:
    taints = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]
    tainted = [kube.put(gpu_node(name), "spec.taints", taints) for name in ("gpu-1", "gpu-2")]
    found = built(facts(*tainted, with_info(kube.node("cpu-1"))))

    labels = data(found, "NodeTopology.label")
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-H100-80GB-HBM3|gpu-1,gpu-2"
    assert not [key for key in labels if key.startswith("kubernetes.io/hostname")]
    assert data(found, "NodeTopology.taint") == {"gpu": "NoSchedule|yes|gpu-1,gpu-2"}


def test_a_label_with_several_values_has_an_entry_for_each() -> None:
    found = built(facts(kube.node("a", zone="x"), kube.node("b", zone="y")))

    assert data(found, "NodeTopology.label") == {"zone.x": "x|a", "zone.y": "y|b"}


def test_taints_of_one_key_are_told_apart_by_effect_and_joined_by_value() -> None:
    def tainted(name: str, value: str, effect: str) -> dict[str, object]:
        taints = [{"key": "team", "value": value, "effect": effect}]
        return kube.put(kube.node(name), "spec.taints", taints)

    found = built(
        facts(
            tainted("a", "red", "NoSchedule"),
            tainted("b", "blue", "NoSchedule"),
            tainted("c", "red", "NoExecute"),
        )
    )

    assert data(found, "NodeTopology.taint") == {
        "team.NoSchedule": "blue,red|a,b",
        "team.NoExecute": "red|c",
    }


def test_the_summary_counts_all_nodes_and_takes_minima_of_those_that_are_judged() -> None:
    old = gpu_node("gpu-1", kernelVersion="6.8.0-9-aws")
    new = gpu_node("gpu-2", kernelVersion="6.14.0-1-aws")
    silent = kube.not_ready(gpu_node("gpu-3", kernelVersion="5.15.0-1-aws"))

    found = data(
        built(facts(old, new, silent, with_info(kube.node("cpu-1")))), "NodeTopology.summary"
    )

    assert (found["node-count"], found["gpu-node-count"]) == (4, 3)
    assert found["kernel-version-min"] == "6.8.0-9-aws"
    assert found["gpu-products"] == "NVIDIA-H100-80GB-HBM3"


def test_a_minimum_of_what_is_no_version_is_left_out() -> None:
    found = data(built(facts(gpu_node("gpu-1", kernelVersion="custom"))), "NodeTopology.summary")

    assert "kernel-version-min" not in found


def test_each_node_is_listed_with_the_reason_for_which_it_is_not_judged() -> None:
    found = as_read(built(facts(kube.cordoned(gpu_node("gpu-1")), gpu_node("gpu-2"))))

    topology = next(item for item in found.measurements if item.type == "NodeTopology")
    nodes = next(item for item in topology.subtypes if item.subtype == "nodes").items
    assert [item["context"]["name"] for item in nodes] == ["gpu-1", "gpu-2"]
    assert nodes[0]["context"]["left-out"] == "cordoned"
    assert nodes[0]["data"]["schedulable"] is False
    assert nodes[1]["data"] == {
        "gpu-allocatable": 8,
        "gpu-capacity": 8,
        "ready": True,
        "schedulable": True,
    }


def test_a_large_cluster_fits_into_what_is_read_back_and_keeps_its_gpu_nodes() -> None:
    workers = [with_info(kube.node(f"cpu-{number:04}")) for number in range(1200)]

    found = built(facts(*workers, gpu_node("gpu-1")))

    text = documents.dump(found.document)
    assert len(text) < MAX_BYTES
    assert "name: gpu-1" in text

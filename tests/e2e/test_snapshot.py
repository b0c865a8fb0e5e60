from helper.kinds import NAMESPACES, NODES
from helper.kube import Kube
from helper.nodes import judged, parse_node
from orchestrator.readiness import extract
from orchestrator.snapshot import take


def test_a_real_cluster_gives_every_reading_that_it_is_asked_for(real_kube: Kube) -> None:
    node = judged([parse_node(obj) for obj in real_kube.list(NODES)])[0]
    info = real_kube.get(NODES, node.name)["status"]["nodeInfo"]

    taken = take(real_kube)

    path = f"NodeTopology.nodes[name={node.name}]"
    expected = {
        "K8s.server.version": str(real_kube.server_version()),
        "K8s.cluster.uid": real_kube.get(NAMESPACES, "kube-system")["metadata"]["uid"],
        f"{path}.kernel-version": info["kernelVersion"],
        f"{path}.kubelet-version": info["kubeletVersion"],
        f"{path}.ready": "true",
    }
    assert {name: extract(taken.parsed, name) for name in expected} == expected
    assert taken.is_complete, taken.notes

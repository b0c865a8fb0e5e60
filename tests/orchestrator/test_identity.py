from orchestrator import identity
from orchestrator.replay import ReplayCluster
from tests.example import FOLDER
from tests.fakes.scripted_server import refusal, scripted
from tests.orchestrator.engine import node, served


def test_a_cluster_is_told_by_its_uid_its_nodes_and_its_gpus() -> None:
    with served(ReplayCluster.load(FOLDER)) as kube:
        found = identity.read(kube)

    assert found["uid"]
    assert found["nodes"] == {"total": 4, "judged": 4, "withGpus": 2}
    assert found["gpus"] == {"NVIDIA-H100-80GB-HBM3": 16}
    assert found["gpusInstalled"] == found["gpus"]
    assert found["nodesByDriver"] == {"580.105.08": 2}
    assert "unknown" not in found


def test_a_cluster_without_gpus_has_none() -> None:
    with served(ReplayCluster(objects=[node()])) as kube:
        found = identity.read(kube)

    assert found["nodes"]["withGpus"] == 0
    assert "gpus" not in found or found["gpus"] == {}


def test_gpus_that_are_unhealthy_are_installed_and_not_allocatable() -> None:
    with served(ReplayCluster.load(FOLDER / "defects/gpus-unhealthy.yaml")) as kube:
        found = identity.read(kube)

    assert found["gpus"] == {"NVIDIA-H100-80GB-HBM3": 13}
    assert found["gpusInstalled"] == {"NVIDIA-H100-80GB-HBM3": 16}


def test_what_may_not_be_looked_at_is_named() -> None:
    with scripted(forever=refusal(403, "Forbidden", "not for you")) as api:
        found = identity.read(api.kube)

    assert found["unknown"].keys() == {"uid", "nodes"}
    assert "403" in found["unknown"]["uid"]

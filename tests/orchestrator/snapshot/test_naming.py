import pytest

from orchestrator.snapshot.facts import parse
from orchestrator.snapshot.naming import image_tags, os_release, provider
from tests.fakes import objects as kube


@pytest.mark.parametrize(
    ("os_image", "identity", "version"),
    [
        ("Ubuntu 24.04.3 LTS", "ubuntu", "24.04"),
        ("Ubuntu 22.04 LTS", "ubuntu", "22.04"),
        ("Amazon Linux 2023.6.20241010", "amzn", "2023"),
        ("Amazon Linux 2", "amzn", "2"),
        ("Container-Optimized OS from Google", "cos", None),
        ("Red Hat Enterprise Linux 9.4 (Plow)", "rhel", "9.4"),
        ("Red Hat Enterprise Linux CoreOS 416.94.202410172137-0", "rhcos", None),
        ("Oracle Linux Server 8.10", "ol", "8.10"),
        ("Rocky Linux 9.4 (Blue Onyx)", "rocky", "9.4"),
        ("Talos (v1.11.2)", "talos", "v1.11.2"),
        ("Debian GNU/Linux 12 (bookworm)", "debian", "12"),
        ("Flatcar Container Linux by Kinvolk 3815.2.0 (Oklo)", None, None),
        ("Not Ubuntu 24.04", None, None),
    ],
)
def test_knows_an_operating_system_by_its_name(
    os_image: str, identity: str | None, version: str | None
) -> None:
    found = os_release(os_image)

    assert (found.get("ID"), found.get("VERSION_ID")) == (identity, version)
    assert found["PRETTY_NAME"] == os_image


def test_a_node_without_a_system_says_nothing_of_it() -> None:
    assert os_release("") == {}


@pytest.mark.parametrize(
    ("provider_id", "label", "kubelet", "found"),
    [
        pytest.param("aws:///a/i-1", "eks.amazonaws.com/nodegroup", "v1.36.2", "eks", id="eks"),
        pytest.param("aws:///a/i-1", "", "v1.36.2-eks-1", "eks", id="eks-by-version"),
        pytest.param("aws:///a/i-1", "", "v1.36.2", "aws", id="own-cluster-on-ec2"),
        pytest.param("gce://p/z/n", "cloud.google.com/gke-nodepool", "v1.36.2", "gke", id="gke"),
        pytest.param("gce://p/z/n", "", "v1.36.2-eks-1", "gce", id="own-cluster-on-gce"),
        pytest.param("azure:///s", "kubernetes.azure.com/mode", "v1.36.2", "aks", id="aks"),
        pytest.param("azure:///s", "", "v1.36.2", "azure", id="own-cluster-on-azure"),
        pytest.param("ocid1.instance.oc1", "", "v1.36.2", "oke", id="oke"),
        pytest.param("oci://x", "", "v1.36.2", "oke", id="oke-by-scheme"),
        pytest.param("linode://1", "", "v1.36.2", "lke", id="lke"),
        pytest.param("kind://docker/kind/n", "", "v1.36.2", "kind", id="kind"),
        pytest.param("OpenStack:///x", "", "v1.36.2", "openstack", id="any-other"),
        pytest.param("", "", "v1.36.2", "", id="bare-metal"),
    ],
)
def test_a_provider_is_a_service_only_when_the_service_runs_the_cluster(
    provider_id: str, label: str, kubelet: str, found: str
) -> None:
    obj = kube.node("node-1", **({label: "x"} if label else {}))
    obj = kube.put(obj, "spec.providerID", provider_id)
    obj = kube.put(obj, "status.nodeInfo", {"kubeletVersion": kubelet})

    assert provider(parse(obj)) == found


@pytest.mark.parametrize(
    ("references", "tags"),
    [
        pytest.param({"nvcr.io/nvidia/gpu-operator:v1"}, {"gpu-operator": "v1"}, id="tag"),
        pytest.param({"localhost:5000/app"}, {"app": "latest"}, id="port-is-no-tag"),
        pytest.param({"a/app:v1@sha256:0f"}, {"app": "v1"}, id="tag-and-digest"),
        pytest.param({"a/app@sha256:0f"}, {"app": "sha256:0f"}, id="digest-only"),
        pytest.param({"a/op:v2", "b/op:v1", "c/op:v1"}, {"op": "v1,v2"}, id="several"),
        pytest.param(set(), {}, id="none"),
    ],
)
def test_lists_the_tags_of_each_image(references: set[str], tags: dict[str, str]) -> None:
    assert image_tags(references) == tags

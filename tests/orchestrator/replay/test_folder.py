"""Replay folders: what they may hold, and what is said about those that are wrong."""

from pathlib import Path

import pytest

from orchestrator.replay import ReplayCluster, ReplayError
from orchestrator.replay.creation import RECORDED_AT
from tests.orchestrator.replay.conftest import Serve

CLUSTER = "apiVersion: replay.aicr.run/v1alpha1\nkind: ReplayCluster\n"
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true}]
"""
OWNED = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d, namespace: gpu}
---
apiVersion: v1
kind: Pod
metadata:
  name: d-1
  namespace: gpu
  ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d}]
spec: {nodeName: n, containers: [{name: c, image: i}]}
status: {phase: Running}
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in {"cluster": CLUSTER, **files}.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_serves_the_objects_of_all_files(tmp_path: Path, serve: Serve) -> None:
    crds = write(tmp_path, objects__b__crd=DEFINITION, objects__a=WIDGET, objects__c=OWNED)
    server = serve(ReplayCluster.load(crds))

    assert server.get("/apis/example.com/v1/widgets/w").status == 200
    assert server.get("/api/v1/namespaces/gpu/pods/d-1").status == 200
    assert server.get("/api/v1/namespaces/gpu").body["status"] == {"phase": "Active"}
    assert server.get("/api/v1/namespaces/gpu/serviceaccounts/default").status == 200


def test_a_list_stands_for_its_items(tmp_path: Path, serve: Serve) -> None:
    listed = (
        "apiVersion: v1\nkind: ConfigMapList\nitems:\n"
        "- metadata: {name: a}\n- metadata: {name: b, namespace: other}\n"
    )
    server = serve(ReplayCluster.load(write(tmp_path, objects__list=listed)))

    assert server.get("/api/v1/namespaces/default/configmaps/a").status == 200
    assert server.get("/api/v1/namespaces/other/configmaps/b").status == 200


def test_fills_in_the_same_each_time(tmp_path: Path) -> None:
    folder = write(tmp_path, objects__c=OWNED)
    first, second = ReplayCluster.load(folder), ReplayCluster.load(folder)

    assert first.store.everything() == second.store.everything()
    pod = next(obj for key, obj in first.store.everything() if key.name == "d-1")
    assert pod["metadata"]["creationTimestamp"] == RECORDED_AT


def test_an_owner_without_uid_is_found_by_its_name(tmp_path: Path) -> None:
    objects = ReplayCluster.load(write(tmp_path, objects__c=OWNED)).store.everything()
    by_name = {key.name: obj for key, obj in objects}
    owner = by_name["d-1"]["metadata"]["ownerReferences"][0]

    assert owner["uid"] == by_name["d"]["metadata"]["uid"]


def test_says_its_server_version(tmp_path: Path, serve: Serve) -> None:
    folder = write(tmp_path, cluster=CLUSTER + "serverVersion: v1.34.1-eks-1\n")
    version = serve(ReplayCluster.load(folder)).get("/version").body

    assert (version["gitVersion"], version["minor"]) == ("v1.34.1-eks-1", "34")


@pytest.mark.parametrize(
    ("files", "file", "problem"),
    [
        pytest.param(
            {"cluster": CLUSTER + "imagse: []\n"},
            "cluster.yaml",
            "imagse: Extra inputs are not permitted",
            id="unknown-key",
        ),
        pytest.param(
            {"cluster": CLUSTER + "serverVersion: 1.36\n"},
            "cluster.yaml",
            "serverVersion: Input should be a valid string",
            id="version-is-a-number",
        ),
        pytest.param(
            {"cluster": CLUSTER.replace("v1alpha1", "v1")},
            "cluster.yaml",
            "apiVersion: Input should be 'replay.aicr.run/v1alpha1'",
            id="other-version",
        ),
        pytest.param(
            {"cluster": CLUSTER + "images: [{name: x, command: []}]\n"},
            "cluster.yaml",
            "images.0.command: List should have at least 1 item",
            id="no-command",
        ),
        pytest.param({"objects__a": "a: [\n"}, "objects/a.yaml", "not YAML", id="no-yaml"),
        pytest.param({"objects__a": "- a\n"}, "objects/a.yaml", "want an object", id="a-list"),
        pytest.param(
            {"objects__a": "apiVersion: v1\nmetadata: {name: a}\n"},
            "objects/a.yaml",
            "kind: missing",
            id="no-kind",
        ),
        pytest.param(
            {"objects__a": "apiVersion: v1\nkind: Pod\n"},
            "objects/a.yaml",
            "metadata.name: missing",
            id="no-name",
        ),
        pytest.param(
            {"objects__a": WIDGET},
            "objects/a.yaml",
            "Widget of example.com/v1 is not served; add its CustomResourceDefinition",
            id="no-definition",
        ),
        pytest.param(
            {"objects__a": DEFINITION + "---\n" + WIDGET, "objects__b": WIDGET},
            "objects/b.yaml",
            "Widget w stands in",
            id="twice",
        ),
        pytest.param(
            {"objects__a": DEFINITION.replace("group: example.com", "x: y")},
            "objects/a.yaml",
            "spec: not a usable CustomResourceDefinition",
            id="bad-definition",
        ),
        pytest.param(
            {"pods__a": "match: {}\noutcome: {exitCode: 0}\n"},
            "pods/a.yaml",
            "match: Value error, would match every pod",
            id="matches-everything",
        ),
        pytest.param(
            {"pods__a": "match: {name: x}\noutcome: {exitCode: 0, waiting: {reason: R}}\n"},
            "pods/a.yaml",
            "outcome: Value error, a container that waits has no exitCode",
            id="waits-and-ends",
        ),
        pytest.param(
            {"replies__a": "request: {path: x}\nresponse: {}\n"},
            "replies/a.yaml",
            "request.path: String should match pattern",
            id="relative-path",
        ),
    ],
)
def test_says_which_file_and_field_is_wrong(
    tmp_path: Path, files: dict[str, str], file: str, problem: str
) -> None:
    with pytest.raises(ReplayError) as caught:
        ReplayCluster.load(write(tmp_path, **files))

    assert caught.value.file == str(tmp_path / file)
    assert problem in str(caught.value)


def test_a_folder_without_cluster_yaml_is_none(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"cluster\.yaml: not found; a replay folder has"):
        ReplayCluster.load(tmp_path)

"""Defects: how they change a recorded cluster, and what is said about those that do not fit it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.replay import ReplayCluster, ReplayError
from orchestrator.replay.defects import merged
from orchestrator.replay.folder import base_folder
from tests.orchestrator.replay.conftest import Serve
from tests.orchestrator.replay.test_folder import DEFINITION, OWNED, WIDGET, write

DEFECT = {
    "apiVersion": "replay.aicr.run/v1alpha1",
    "kind": "Defect",
    "metadata": {"name": "d"},
    "description": "Something is wrong.",
    "harmless": True,
}
POD = "/api/v1/namespaces/gpu/pods/d-1"
WIDGETS = "/apis/example.com/v1/widgets"


def defect(folder: Path, **changes: Any) -> Path:
    """A small recorded cluster with a defect."""
    write(folder, objects__a=WIDGET, objects__crd=DEFINITION, objects__owned=OWNED)
    file = folder / "defects/d.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({**DEFECT, **changes}))
    return file


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        pytest.param({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}, id="key"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}, id="null"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="plain-list"),
        pytest.param({"a": [{"x": 1}]}, {"a": [{"x": 2}]}, {"a": [{"x": 2}]}, id="unnamed-items"),
        pytest.param({"a": [{"name": "x"}]}, {"a": []}, {"a": []}, id="emptied"),
        pytest.param({}, {"a": {"b": 1, "c": None}}, {"a": {"b": 1}}, id="nothing-there"),
    ],
)
def test_a_change_is_merged(target: Any, change: Any, result: Any) -> None:
    assert merged(target, change) == result


@pytest.mark.parametrize("key", ["name", "type"])
def test_items_of_lists_are_merged_by_what_they_are_called(key: str) -> None:
    target = [{key: "a", "n": 1, "kept": True}, {key: "b", "n": 1}]
    change = [{key: "c", "n": 3}, {key: "a", "n": 2}]

    assert merged(target, change) == [
        {key: "a", "n": 2, "kept": True},
        {key: "b", "n": 1},
        {key: "c", "n": 3},
    ]


def test_a_defect_is_served_like_its_cluster(tmp_path: Path, serve: Serve) -> None:
    file = defect(
        tmp_path,
        cluster={"serverVersion": "v1.33.1"},
        patches=[
            {"target": {"kind": "Pod", "name": "d-*"}, "merge": {"status": {"phase": "Failed"}}}
        ],
        objects=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}}],
    )
    server = serve(ReplayCluster.load(file))

    assert base_folder(file) == tmp_path
    assert server.get(POD).body["status"]["phase"] == "Failed"
    assert server.get("/api/v1/namespaces/default/configmaps/new").status == 200
    assert server.get(f"{WIDGETS}/w").status == 200
    assert server.get("/version").body["gitVersion"] == "v1.33.1"


@pytest.mark.parametrize(
    ("selector", "gone"),
    [
        pytest.param({"kind": "DaemonSet", "namespace": "gpu"}, POD, id="owner"),
        pytest.param({"kind": "CustomResourceDefinition"}, WIDGETS, id="definition"),
        pytest.param({"kind": "Widget", "name": "w"}, f"{WIDGETS}/w", id="object"),
    ],
)
def test_what_is_removed_takes_with_it_what_is_its(
    tmp_path: Path, serve: Serve, selector: dict[str, str], gone: str
) -> None:
    server = serve(ReplayCluster.load(defect(tmp_path, remove=[selector])))

    assert server.get(gone).status == 404


def test_a_removed_namespace_is_empty(tmp_path: Path, serve: Serve) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: gpu}\n"
    file = defect(tmp_path, remove=[{"kind": "Namespace"}])
    write(tmp_path, objects__ns=namespace)
    server = serve(ReplayCluster.load(file))

    assert [server.get(path).status for path in ("/api/v1/namespaces/gpu", POD)] == [404, 404]


def test_an_api_group_can_be_turned_off(tmp_path: Path, serve: Serve) -> None:
    server = serve(ReplayCluster.load(defect(tmp_path, cluster={"unserved": ["resource.k8s.io"]})))

    assert server.get("/apis/resource.k8s.io").status == 404
    assert server.get("/apis/apps/v1").status == 200


FOUND = {"check": "c", "status": "failed", "message": "m"}
POD_KIND = {"kind": "Pod"}


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        pytest.param(
            {"patches": [{"target": {"kind": "Pod", "name": "x"}, "merge": {"a": 1}}]},
            "patches.0.target",
            "there is no Pod x",
            id="patch-of-nothing",
        ),
        pytest.param(
            {"remove": [POD_KIND, {"kind": "Pod", "namespace": "n"}]},
            "remove.1",
            "there is no Pod n/*",
            id="removal-of-nothing",
        ),
        pytest.param({"harmless": False}, "", "want either `found` or", id="not-judged"),
        pytest.param({"found": FOUND}, "", "want either `found` or", id="judged-twice"),
        pytest.param({"also": ["c"]}, "", "`also` has no place", id="harmless-with-others"),
        pytest.param({"descripton": "x"}, "descripton", "Extra inputs", id="misspelt-key"),
        pytest.param({"faults": [{"fault": "flood"}]}, "fault", "no fault 'flood'", id="fault"),
        pytest.param({"cluster": {"version": 1}}, "version", "Extra inputs", id="cluster-key"),
    ],
)
def test_what_does_not_fit_is_named_by_file_and_field(
    tmp_path: Path, changes: dict[str, Any], field: str, problem: str
) -> None:
    file = defect(tmp_path, **changes)
    with pytest.raises(ReplayError) as caught:
        ReplayCluster.load(file)

    assert (caught.value.file, caught.value.field) == (str(file), field)
    assert problem in caught.value.problem

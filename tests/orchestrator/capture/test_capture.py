"""`aicr-orch capture` on served clusters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from helper.credentials import Credentials
from helper.errors import Invalid
from helper.kube import connect
from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster, ReplayServer
from tests.example import FOLDER, identity, read_objects
from tests.orchestrator.capture.folders import Json, obj, read, record, recording, write
from tests.orchestrator.conftest import Command
from tests.orchestrator.test_schemas import check

READER = "system:serviceaccount:default:reader"
RBAC = "rbac.authorization.k8s.io"
WIDGETS = {
    "group": "example.com",
    "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["wd"]},
    "scope": "Cluster",
    "versions": [{"name": "v1", "served": True, "storage": True}],
}


@contextmanager
def served(
    cluster: ReplayCluster, folder: Path, user: str = "admin"
) -> Iterator[tuple[str, ReplayServer]]:
    """Serve a cluster; gives a kubeconfig."""
    with cluster.serve() as server:
        yield str(server.write_kubeconfig(folder / "kubeconfig", user)), server


def verdicts(path: Path) -> Json:
    tests = json.loads(path.read_text())["results"]["tests"]
    return {test["name"]: (test["status"], test.get("message", "")) for test in tests}


@pytest.fixture
def captured(tmp_path: Path, aicr: Command) -> Path:
    """A capture of the example, whose metrics nobody can answer."""
    copy = tmp_path / "copy"
    assert aicr("capture", "--replay", str(FOLDER), "-o", str(copy)).code == Exit.INCONCLUSIVE
    return copy


def test_a_capture_of_the_example_gives_the_same_verdicts(
    captured: Path, tmp_path: Path, aicr: Command
) -> None:
    inputs = ("-r", str(FOLDER / "recipe.yaml"), "-s", str(FOLDER / "snapshot.yaml"))
    real, replayed = tmp_path / "real.json", tmp_path / "replayed.json"

    aicr("validate", "--replay", str(FOLDER), "-o", str(real))
    said = aicr("validate", "--replay", str(captured), *inputs, "-o", str(replayed))

    assert said.code == Exit.OK, said.err
    assert verdicts(replayed) == verdicts(real)
    assert f"replay of {captured}" in said.err.splitlines()[0]


def test_all_objects_of_the_example_are_in_it(captured: Path) -> None:
    left_out = {"kube-node-lease"}
    wanted = {
        identity(item)
        for item in read_objects()
        if item["metadata"].get("namespace") not in left_out
    }

    assert wanted - {identity(item) for item in read(captured).values()} == set()


def test_a_file_is_yaml_whose_documents_stand_on_a_line_each(captured: Path) -> None:
    text = (captured / "objects/nodes.yaml").read_text()
    lines = text.splitlines()

    assert lines[::2] == ["---"] * (len(lines) // 2)
    assert list(yaml.safe_load_all(text)) == [json.loads(line) for line in lines[1::2]]


@pytest.mark.parametrize("name", ["cluster.yaml", "capture.yaml"])
def test_a_file_of_ours_fits_the_schema_that_is_printed(captured: Path, name: str) -> None:
    assert check("replay", (captured / name).read_text()) == []


def test_the_same_cluster_gives_the_same_bytes(
    captured: Path, tmp_path: Path, aicr: Command
) -> None:
    again = tmp_path / "again"
    aicr("capture", "--replay", str(FOLDER), "-o", str(again))

    def files(folder: Path) -> dict[str, bytes]:
        found = [path for path in folder.rglob("*.yaml") if path.name != "capture.yaml"]
        return {str(path.relative_to(folder)): path.read_bytes() for path in found}

    assert files(again) == files(captured)


def test_a_capture_of_a_capture_is_the_same(captured: Path, tmp_path: Path, aicr: Command) -> None:
    again = tmp_path / "again"
    aicr("capture", "--replay", str(captured), "-o", str(again))

    assert read(again) == read(captured)
    assert recording(again).cluster.kinds == recording(captured).cluster.kinds


def test_kinds_can_be_chosen_by_all_their_names(tmp_path: Path, aicr: Command) -> None:
    crd = obj("CustomResourceDefinition", "widgets.example.com", api="apiextensions.k8s.io/v1")
    widget = obj("Widget", "w", api="example.com/v1", spec={})
    cluster = write(tmp_path / "c", {**crd, "spec": WIDGETS}, widget, obj("Node", "n"))
    names = ("--kind", "WD", "--kind", "no", "--kind", "serviceaccounts")

    aicr("capture", "--replay", str(cluster), "-o", str(tmp_path / "copy"), *names)

    assert {kind for kind, _, _ in read(tmp_path / "copy")} == {"Widget", "Node", "ServiceAccount"}
    replayed = ReplayCluster.load(tmp_path / "copy")
    assert replayed.state.kinds.find("example.com", "v1", "widgets")


def test_namespaces_can_be_chosen(tmp_path: Path, aicr: Command) -> None:
    maps = [obj("ConfigMap", "c", home, data={}) for home in ("a", "b")]
    cluster = write(tmp_path / "c", *maps, obj("Node", "n"))

    aicr("capture", "--replay", str(cluster), "-o", str(tmp_path / "copy"), "-n", "b")

    found = read(tmp_path / "copy")
    assert ("ConfigMap", "b", "c") in found
    assert ("ConfigMap", "a", "c") not in found
    assert ("Node", "", "n") in found
    assert recording(tmp_path / "copy").cluster.namespaces == ["b"]


def test_a_check_that_needs_what_is_missing_does_not_pass(tmp_path: Path, aicr: Command) -> None:
    copy, report = tmp_path / "copy", tmp_path / "report.json"
    aicr("capture", "--replay", str(FOLDER), "-o", str(copy), "--skip-kind", "daemonsets")
    inputs = ("-r", str(FOLDER / "recipe.yaml"), "-s", str(FOLDER / "snapshot.yaml"))

    said = aicr("validate", "--replay", str(copy), *inputs, "-o", str(report))

    assert said.code == Exit.FAILED
    status, message = verdicts(report)["gpu-operator-health"]
    assert status != "passed"
    assert "not in this recording: left out on request" in message


def reader(*resources: str) -> list[Json]:
    """An account that may list some resources of the core."""
    rule = {"apiGroups": [""], "resources": list(resources), "verbs": ["list"]}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": "default"}
    role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "reader"}
    return [
        obj("ClusterRole", "reader", api=f"{RBAC}/v1", rules=[rule]),
        obj("ClusterRoleBinding", "r", api=f"{RBAC}/v1", roleRef=role, subjects=[subject]),
        obj("ServiceAccount", "reader", "default"),
    ]


def test_kinds_that_may_not_be_listed_are_named_and_a_replay_refuses_them(
    tmp_path: Path, aicr: Command
) -> None:
    cluster = ReplayCluster([*reader("nodes"), obj("Node", "n"), obj("Pod", "p", "default")])
    with served(cluster, tmp_path, READER) as (kubeconfig, _):
        said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "copy"))

    assert said.code == Exit.INCONCLUSIVE
    assert "pods" in next(line for line in said.err.splitlines() if "not allowed" in line)
    assert not record(tmp_path / "copy")["complete"]
    assert (
        record(tmp_path / "copy")["problems"]["pods"] == "who captured was not allowed to list it"
    )
    # Who captured is nobody's business.
    assert "reader" not in "".join(p.read_text() for p in (tmp_path / "copy").glob("*.yaml"))
    copy = ReplayCluster.load(tmp_path / "copy")
    with served(copy, tmp_path) as (kubeconfig, _):
        again = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "again"))
    assert again.code == Exit.INCONCLUSIVE
    assert "is forbidden: not in this recording: who captured was not allowed" in again.err


def test_without_any_right_nothing_is_written(tmp_path: Path, aicr: Command) -> None:
    cluster = ReplayCluster(reader())
    with served(cluster, tmp_path, READER) as (kubeconfig, _):
        said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "copy"))

    assert said.code == Exit.PERMISSION
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kubeconfig"]


def test_a_kind_that_fails_is_left_out_whole_and_named(tmp_path: Path, aicr: Command) -> None:
    nodes = [obj("Node", f"n{number:04}") for number in range(501)]
    cluster = ReplayCluster(nodes)
    cluster.faults.append(Fault(verb="list", resource="nodes", status=410, message="too old"))
    with served(cluster, tmp_path) as (kubeconfig, _):
        said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "copy"))

    assert said.code == Exit.INCONCLUSIVE
    assert "missing, the server did not list it: 410: nodes" in said.err
    assert not (tmp_path / "copy/objects/nodes.yaml").exists()


@pytest.mark.parametrize(
    ("definition", "code"), [(404, Exit.OK), (None, Exit.INCONCLUSIVE), (403, Exit.INCONCLUSIVE)]
)
def test_a_kind_that_somebody_removes_meanwhile_is_no_gap(
    tmp_path: Path, aicr: Command, definition: int | None, code: Exit
) -> None:
    api = "apiextensions.k8s.io/v1"
    widgets = obj("CustomResourceDefinition", "widgets.example.com", api=api, spec=WIDGETS)
    cluster = ReplayCluster([widgets, obj("Node", "n")])
    cluster.faults.append(Fault(verb="list", resource="widgets", status=404))
    kept = Fault(verb="get", resource="customresourcedefinitions", status=definition)
    cluster.faults.append(kept)
    with served(cluster, tmp_path) as (kubeconfig, _):
        said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "copy"))

    assert said.code == code, said.err
    assert kept.hits == 1
    missing = {"widgets.example.com": "no longer served while it was captured"}
    expected = {} if code == Exit.OK else missing
    assert record(tmp_path / "copy").get("problems", {}) == expected


def test_a_list_that_expires_between_pages_is_read_anew(tmp_path: Path, aicr: Command) -> None:
    cluster = ReplayCluster([obj("Node", f"n{number:04}") for number in range(501)])
    # The first page is answered, the second is not, then all goes well.
    faults = [
        Fault(verb="list", resource="nodes", status=None, times=1),
        Fault(verb="list", resource="nodes", status=410, times=1),
    ]
    cluster.faults.extend(faults)
    with served(cluster, tmp_path) as (kubeconfig, _):
        said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "copy"))

    assert said.code == Exit.OK, said.err
    assert [fault.hits for fault in faults] == [1, 1]
    assert record(tmp_path / "copy")["objects"]["nodes"] == 501


def test_heartbeats_and_events_are_left_out_by_default(tmp_path: Path, aicr: Command) -> None:
    leases = [
        obj("Lease", "x", home, api="coordination.k8s.io/v1", spec={})
        for home in ("kube-node-lease", "kube-system")
    ]
    cluster = write(tmp_path / "c", *leases, obj("Event", "e", "default"))

    aicr("capture", "--replay", str(cluster), "-o", str(tmp_path / "copy"))

    found = {key for key in read(tmp_path / "copy") if key[0] in ("Lease", "Event")}
    assert found == {("Lease", "kube-system", "x")}
    left_out = record(tmp_path / "copy")["leftOut"]
    assert {"events", "leases.coordination.k8s.io in kube-node-lease"} <= left_out.keys()


def test_a_recorded_log_can_be_asked_for_in_part(tmp_path: Path, aicr: Command) -> None:
    containers = [{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]
    pod = obj("Pod", "p", "team", spec={"nodeName": "n", "containers": containers})
    told = [{"match": {"name": "p"}, "outcome": {"log": "one\ntwo\nthree\n"}}]
    cluster = write(tmp_path / "c", pod, pods=told)
    copy = tmp_path / "copy"

    said = aicr("capture", "--replay", str(cluster), "-o", str(copy), "--logs", "team/p*")

    assert "2 logs" in said.err
    with served(ReplayCluster.load(copy), tmp_path) as (kubeconfig, _):
        kube = connect(Credentials(kubeconfig), {})
        assert kube.log("team", "p", "b", tail_lines=2) == "two\nthree\n"
        assert kube.log("team", "p", "a") == "one\ntwo\nthree\n"
        with pytest.raises(Invalid, match="container name must be specified"):
            kube.log("team", "p", "")
        kube.close()


def test_an_answer_that_cannot_be_had_is_named(tmp_path: Path, aicr: Command) -> None:
    cluster = write(tmp_path / "c", obj("Node", "n"))
    wanted = ("--proxy", "services/team/web:80/metrics")

    said = aicr("capture", "--replay", str(cluster), "-o", str(tmp_path / "copy"), *wanted)

    assert said.code == Exit.INCONCLUSIVE
    assert "missing, gave no answer: services/team/web:80/metrics" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "podz"], "podz: the cluster serves no such kind, did you mean pod?"),
        (["-n", "nope"], "--namespace nope: the cluster has no such one"),
        (["--proxy", "services/x"], "--proxy 'services/x': want services/NAMESPACE/NAME:PORT"),
        (["--proxy", "secrets/default/x"], "--proxy 'secrets/default/x': want"),
        (["--config-map", "x"], "--config-map 'x': want NAMESPACE/NAME"),
        (["--kind", "nodes", "--logs", "x"], "--logs: pods are not among the kinds"),
        (["--context", "x"], "--replay is a cluster of its own"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, aicr: Command, arguments: list[str], words: str
) -> None:
    cluster = write(tmp_path / "c", obj("Node", "n"))

    said = aicr("capture", "--replay", str(cluster), "-o", str(tmp_path / "copy"), *arguments)

    assert said.code == Exit.USAGE
    assert words in said.err.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c"]


def test_a_cluster_that_does_not_answer_is_said(tmp_path: Path, aicr: Command) -> None:
    with served(ReplayCluster([]), tmp_path) as (kubeconfig, server):
        server.drop_connections()
    said = aicr("capture", "-k", kubeconfig, "-o", str(tmp_path / "copy"))

    assert said.code == Exit.UNREACHABLE
    assert not (tmp_path / "copy").exists()

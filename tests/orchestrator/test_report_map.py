import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.exits import Exit
from orchestrator.replay import Fault, ReplayCluster, ReplayServer
from tests.orchestrator.callers import cluster_role
from tests.orchestrator.conftest import Command, Said
from tests.source import ROOT

EXAMPLE = ROOT / "examples/eks-h100-inference"
REPORT = "cm://default/report"
PLACE = ("v1", "ConfigMap", "default", "report")


class Cluster:
    """The example as a cluster that outlives a run."""

    def __init__(self, replay: ReplayCluster, server: ReplayServer, kubeconfig: Path) -> None:
        self.replay = replay
        self.server = server
        self.kubeconfig = str(kubeconfig)

    def report(self, name: str = "report", namespace: str = "default") -> dict[str, Any] | None:
        """The ConfigMap, if it is there."""
        found = [
            obj
            for _, obj in self.replay.store.everything()
            if (obj["kind"], obj["metadata"]["name"]) == ("ConfigMap", name)
            and obj["metadata"]["namespace"] == namespace
        ]
        return found[0] if found else None

    def made(self) -> set[str]:
        """Paths of all that was written for good."""
        return {
            item.path
            for item in self.replay.requests
            if item.method != "GET"
            and item.status < 300
            and "dryRun=All" not in item.query
            and "selfsubject" not in item.path
        }


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    replay = ReplayCluster.load(EXAMPLE)
    with replay.serve() as server:
        path = tmp_path / "kubeconfig"
        server.write_kubeconfig(path)
        yield Cluster(replay, server, path)


def validate(aicr: Command, cluster: Cluster, output: str = REPORT, *flags: str) -> Said:
    return aicr(
        "validate",
        *("-r", str(EXAMPLE / "recipe.yaml"), "-s", str(EXAMPLE / "snapshot.yaml")),
        *("-k", cluster.kubeconfig, "--phase", "deployment", "-o", output, *flags),
    )


def config_map(**labels: str) -> dict[str, Any]:
    meta = {"name": "report", "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"theirs": "1"}}


def test_the_report_is_written_and_labelled(aicr: Command, cluster: Cluster) -> None:
    said = validate(aicr, cluster)

    found = cluster.report()
    assert said.code == Exit.OK, said.err
    assert said.out == ""
    assert "report: ctrf=cm://default/report" in said.err
    assert found
    report = json.loads(found["data"]["report.json"])
    assert report["reportFormat"] == "CTRF"
    assert found["data"]["format"] == "json"
    assert found["data"]["timestamp"] == report["timestamp"]
    labels = found["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "aicr"
    assert labels["app.kubernetes.io/component"] == "validation"
    assert labels["app.kubernetes.io/managed-by"] == "aicr"
    assert "aicr.run/run-id" not in labels, "gc would take it away"


def test_it_replaces_an_older_report(aicr: Command, cluster: Cluster) -> None:
    validate(aicr, cluster)
    first = cluster.report()
    said = validate(aicr, cluster)

    assert said.code == Exit.OK, said.err
    assert first
    assert cluster.report() != first


@pytest.mark.parametrize("labels", [{}, {"app.kubernetes.io/name": "aicr"}])
def test_what_belongs_to_somebody_else_is_left_alone(
    aicr: Command, cluster: Cluster, labels: dict[str, str]
) -> None:
    cluster.replay.add(config_map(**labels))

    said = validate(aicr, cluster)

    found = cluster.report()
    assert said.code == Exit.USAGE
    assert "cm://default/report: exists, and is no report of this program" in said.err
    assert found
    assert found["data"] == {"theirs": "1"}
    assert cluster.made() == set()


def test_a_namespace_that_does_not_exist_is_named_before_anything_is_made(
    aicr: Command, cluster: Cluster
) -> None:
    said = validate(aicr, cluster, "cm://gone/report")

    assert said.code == Exit.USAGE
    assert "--output cm://gone/report: no namespace gone" in said.err
    assert cluster.made() == set()


def test_the_runs_own_namespace_may_still_have_to_be_made(aicr: Command, cluster: Cluster) -> None:
    said = validate(aicr, cluster, "cm://aicr-validation/report")

    assert said.code == Exit.OK, said.err
    assert cluster.report(namespace="aicr-validation")


def test_who_may_not_write_there_is_told_before_anything_is_made(
    aicr: Command, cluster: Cluster, tmp_path: Path
) -> None:
    read = {"apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": ["get"]}
    for obj in cluster_role([read]):
        cluster.replay.add(obj)
    path = cluster.server.write_kubeconfig(tmp_path / "caller", user="caller")

    said = validate(aicr, Cluster(cluster.replay, cluster.server, path))

    assert said.code == Exit.PERMISSION
    assert "--output cm://default/report: not allowed to write" in said.err
    assert cluster.made() == set()


def test_a_report_that_cannot_be_written_in_the_end_is_kept_and_told(
    aicr: Command, cluster: Cluster
) -> None:
    refused = Fault(verb="patch", resource="configmaps", name="report", status=403)
    refused.every = 2  # the first time is the question before the run
    refused.seen = 1
    cluster.replay.faults.append(refused)

    said = validate(aicr, cluster)

    assert said.code == Exit.INTERNAL
    assert "error: the report cannot be written to cm://default/report: " in said.err
    assert "report: ~/state/aicr-orch/runs/" in said.err


def test_a_report_that_no_place_takes_goes_to_stderr(
    aicr: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nope")
    refused = Fault(verb="patch", resource="configmaps", name="report", status=403)
    refused.every = 2
    refused.seen = 1
    cluster.replay.faults.append(refused)

    said = validate(aicr, cluster)

    assert said.code == Exit.INTERNAL
    assert '"reportFormat": "CTRF"' in said.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--no-cluster"], "--no-cluster asks no cluster"),
        (["-n", "default", "--delete-namespace"], "--delete-namespace would take it away again"),
    ],
)
def test_what_cannot_hold_a_report_is_refused(
    aicr: Command, cluster: Cluster, flags: list[str], words: str
) -> None:
    said = validate(aicr, cluster, REPORT, *flags)

    assert said.code == Exit.USAGE
    assert words in said.err


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("cm://default", "want cm://NAMESPACE/NAME"),
        ("cm://Default/x", "want cm://NAMESPACE/NAME"),
        ("https://me:secret@example.com/r", "https://example.com/r: a report goes to"),
    ],
)
def test_a_place_that_is_none_is_refused(
    aicr: Command, cluster: Cluster, output: str, words: str
) -> None:
    said = validate(aicr, cluster, output)

    assert said.code == Exit.USAGE
    assert words in said.err
    assert "secret" not in said.err


def test_a_replay_keeps_no_report(aicr: Command) -> None:
    said = aicr("validate", "--replay", str(EXAMPLE), "-o", REPORT)

    assert said.code == Exit.USAGE
    assert "a replay ends with its run" in said.err

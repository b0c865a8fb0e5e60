import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from helper.errors import Unreachable, WebError
from orchestrator.doctor import registries
from orchestrator.doctor.finding import Level
from orchestrator.exits import Exit
from orchestrator.registry import NoSuchTagError
from orchestrator.replay import ReplayCluster
from tests.orchestrator.callers import cluster_role
from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import node

EXAMPLE = ("--replay", "examples/eks-h100-inference")


def test_a_fit_cluster_is_looked_at_and_nothing_is_created(aicr: Command) -> None:
    said = aicr("doctor", *EXAMPLE, "--no-images")

    assert said.code == Exit.OK
    assert said.out.endswith("9 ok: fit for a run\n")
    assert "16 of 16 free on 2 GPU nodes" in said.out


def test_programs_get_the_same(aicr: Command) -> None:
    found = json.loads(aicr("doctor", *EXAMPLE, "--no-images", "-o", "json").out)

    assert found["fit"] is True
    assert [item["about"] for item in found["findings"]] == [
        "results",
        "kubeconfig",
        "server",
        "clock",
        "rights",
        "namespace",
        "room",
        "GPUs",
        "leftovers",
    ]


def test_who_may_do_nothing_is_told_what_is_missing(aicr: Command, tmp_path: Path) -> None:
    cluster = ReplayCluster(objects=[node()])
    kubeconfig = tmp_path / "kubeconfig"
    with cluster.serve() as server:
        server.write_kubeconfig(kubeconfig, user="nobody")
        said = aicr("doctor", "-k", str(kubeconfig), "--no-images")
        written = [
            r.path
            for r in cluster.requests
            if r.method != "GET" and "accessreviews" not in r.path and r.status < 300
        ]

    assert said.code == Exit.FAILED
    assert "fail  rights" in said.out
    assert "list nodes in the whole cluster" in said.out
    assert "aicr-orch rbac print --caller" in said.out
    assert "warn  nodes      cannot be looked at" in said.out
    assert written == []


@pytest.mark.parametrize("reach", ["gone", "empty", "dead"])
def test_a_cluster_that_cannot_be_asked_is_one_finding(
    aicr: Command, tmp_path: Path, reach: str
) -> None:
    path = tmp_path / "kubeconfig"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    if reach == "empty":
        path.write_text("{}")
    if reach == "dead":
        path.write_text(
            f"current-context: x\n"
            f'clusters: [{{name: x, cluster: {{server: "http://127.0.0.1:{port}"}}}}]\n'
            "contexts: [{name: x, context: {cluster: x}}]\n"
        )

    said = aicr("doctor", "-k", str(path), "--no-images")

    assert said.code == Exit.FAILED
    assert said.out.count("fail") == 2
    assert "Traceback" not in said.err
    assert said.out.endswith("1 fail: not fit for a run\n")


def answering(error: Exception | None) -> Callable[[str], str]:
    def digest(_: str) -> str:
        if error:
            raise error
        return "sha256:0"

    return digest


@pytest.mark.parametrize(
    ("error", "level", "words"),
    [
        pytest.param(None, Level.OK, "is in its registry", id="there"),
        pytest.param(NoSuchTagError("no tag v1"), Level.WARN, "no tag v1", id="no-such-tag"),
        pytest.param(WebError("no answer"), Level.WARN, "x/y:v1: no answer", id="no-answer"),
    ],
)
def test_registries_give_hints(error: Exception | None, level: Level, words: str) -> None:
    (finding,) = registries.look(["x/y:v1", "x/y:v1"], answering(error))

    assert finding.level is level
    assert words in finding.words


def test_what_is_pinned_needs_no_registry() -> None:
    pinned = "x/y@sha256:0"

    (finding,) = registries.look([pinned], answering(Unreachable("get", "x")))

    assert finding.level is Level.OK


def test_for_processes_neither_room_nor_a_namespace_is_needed(aicr: Command) -> None:
    said = aicr("doctor", *EXAMPLE, "--no-images", "--executor", "process", "-o", "json")
    abouts = [item["about"] for item in json.loads(said.out)["findings"]]

    assert said.code == Exit.OK
    assert abouts == ["results", "kubeconfig", "server", "clock", "rights", "GPUs"]


def test_for_processes_the_checks_that_would_be_skipped_are_named(
    aicr: Command, tmp_path: Path
) -> None:
    everywhere = {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list"]}
    cluster = ReplayCluster(objects=[node(), *cluster_role([everywhere])])
    kubeconfig = tmp_path / "kubeconfig"
    with cluster.serve() as server:
        server.write_kubeconfig(kubeconfig, user="caller")
        flags = ("-k", str(kubeconfig), "--no-images", "--executor", "process")
        said = aicr("doctor", *flags)

    assert "of 5 checks will be skipped for want of them" in said.out
    assert "dra-support: the caller may not list" in said.out
    assert "aicr-orch rbac print --caller --executor process" in said.out

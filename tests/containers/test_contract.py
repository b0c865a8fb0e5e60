"""Each image by `docker run`, with the least that a check may have: what goes in and comes out."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from helper import contract
from helper.contract import ExitCode
from tests.containers import clusters
from tests.containers.engine import RANDOM_UID, Image, ended
from tests.containers.pod import Pod

pytestmark = pytest.mark.docker

GRACE_S = 25  # docs/contract.md
BEGINS_S = 30
ON_THIS_MACHINE: dict[str, Any] = {"network_mode": "host"}  # to reach a server of the test
# Of the first check of each phase on the recorded cluster; the benchmark itself is not built yet.
VERDICTS = {
    "deployment": ExitCode.PASS,
    "conformance": ExitCode.PASS,
    "performance": ExitCode.OTHER,
}
# Checks that need a GPU node; those of the deployment phase look at whatever there is.
SKIPPED = [("conformance", "gpu-operator-health"), ("performance", "nccl-all-reduce-bw")]


@pytest.fixture
def pod(image: Image, tmp_path: Path) -> Pod:
    return Pod(image, tmp_path)


def test_names_its_checks_when_asked_for_another(pod: Pod) -> None:
    found = pod.run("no-such-check")

    assert (found.code, found.out) == (ExitCode.FAIL, "")
    assert pod.message.startswith("unknown check: no-such-check; ")
    assert all(name in pod.message for name in pod.image.checks)
    assert pod.message in found.log


def test_names_its_checks_when_asked_for_none(image: Image) -> None:
    found = image.run()

    assert (found.code, found.out) == (ExitCode.FAIL, "")
    assert "no check named; usage: " in found.log
    assert all(name in found.log for name in image.checks)


def test_says_of_every_check_that_it_finds_no_cluster(image: Image) -> None:
    for name in image.checks:
        found = image.run(name)

        assert (name, found.code, found.out) == (name, ExitCode.FAIL, "")
        assert "no cluster to talk to" in found.log


def test_says_that_the_cluster_of_its_kubeconfig_is_out_of_reach(pod: Pod) -> None:
    clusters.write_kubeconfig(pod.kubeconfig, clusters.NOWHERE)

    found = pod.run()

    assert found.code == ExitCode.FAIL
    assert pod.message.startswith("cannot tell: ")
    assert clusters.NOWHERE.removeprefix("http://") in pod.message
    assert pod.message in found.log


def test_gives_its_verdict_reason_evidence_and_log_each_in_its_place(pod: Pod) -> None:
    expected = VERDICTS[pod.image.phase]
    with clusters.recorded(pod.kubeconfig):
        found = pod.run(**ON_THIS_MACHINE)

    assert found.code == expected, found.log
    assert bool(pod.message) == (expected != ExitCode.PASS)
    assert found.out.startswith("--- ")
    assert all(line.startswith("time=") for line in found.log.splitlines())
    assert "msg=" not in found.out


@pytest.mark.parametrize(("image", "check"), SKIPPED, indirect=["image"])
def test_skips_with_a_reason_where_it_can_judge_nothing(pod: Pod, check: str) -> None:
    with clusters.cordoned(pod.kubeconfig):
        found = pod.run(check, **ON_THIS_MACHINE)

    assert found.code == ExitCode.SKIP, found.log
    assert "GPU node" in pod.message
    assert "SKIP" in found.log
    assert pod.message in found.log


def test_gives_the_same_verdict_as_a_user_that_no_image_knows(pod: Pod) -> None:
    with clusters.recorded(pod.kubeconfig):
        found = pod.run(user=f"{RANDOM_UID}:0", **ON_THIS_MACHINE)

    assert found.code == VERDICTS[pod.image.phase], found.log


def test_writes_its_reason_as_a_user_that_no_image_knows(pod: Pod) -> None:
    found = pod.run(user=f"{RANDOM_UID}:{os.getgid()}")

    assert found.code == ExitCode.FAIL
    assert pod.message.startswith("failed to load context: ")


def test_ends_in_order_when_told_to(pod: Pod) -> None:
    with clusters.silent(pod.kubeconfig) as server, pod.started(**ON_THIS_MACHINE) as container:
        server.wait_for_a_caller(BEGINS_S)
        told = time.monotonic()
        container.stop(timeout=GRACE_S)
        took = time.monotonic() - told
        found = ended(container)

    assert (found.code, pod.message) == (ExitCode.TERMINATED, "terminated before completion")
    assert took < GRACE_S  # not killed, that is


def test_ends_by_itself_before_its_budget_does(pod: Pod) -> None:
    with clusters.silent(pod.kubeconfig):
        found = pod.run(env={contract.CHECK_TIMEOUT: "4s"}, **ON_THIS_MACHINE)

    assert found.code == ExitCode.FAIL
    assert "4s budget" in pod.message
    assert pod.message in found.log

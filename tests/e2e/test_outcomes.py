"""The outcome table, row by row: checks that end by themselves, or cannot start."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper import contract
from helper.kube import Kube
from helper.resource import container_status, text
from orchestrator.events import CheckSaid, Event
from orchestrator.outcome import Status
from orchestrator.settings import RunSettings
from orchestrator.verdict import PATIENCE_S, Stage
from tests.e2e.real_cluster import built_image, temporary_namespace
from tests.e2e.real_run import Finished, RealRun, entry, pod_of
from tests.e2e.rows import Row, measure, require

IMPATIENT = {**PATIENCE_S, Stage.BLOCKED: 2.0, Stage.PULLING: 2.0}
# The others may have to wait for room beside other tests.
TOO_LARGE = {"resources": {"cpu": "1000", "memory": "64Mi"}, "patience": {"scheduling": "2s"}}

ENDED = [
    Row("passes", Status.PASSED, "", ""),
    Row("fails", Status.FAILED, "", "two pods are missing"),
    Row("fails-silently", Status.FAILED, "", "no reason given; its last lines:\nabout to end"),
    Row("raises", Status.FAILED, "", "RuntimeError: the check itself is broken"),
    Row("skips", Status.SKIPPED, "", "nothing to judge"),
    Row("skips-silently", Status.SKIPPED, "", "exited 2 without a reason"),
    Row("gives-no-verdict", Status.OTHER, "Exit:3", "exit 3, the check gave no verdict: not built"),
    Row("runs-out-of-time", Status.FAILED, "", "no end within 2s"),
    Row("has-a-broken-shell", Status.OTHER, "Exit:126", "cannot be executed"),
    Row("misses-a-program", Status.OTHER, "Exit:127", "entry point was not found"),
    Row("is-killed", Status.OTHER, "Killed", "killed (SIGKILL): nobody knows by whom"),
    Row("is-told-to-end", Status.OTHER, "Exit:143", "asked to stop (SIGTERM)"),
    Row("crashes", Status.OTHER, "Exit:139", "segmentation fault"),
    Row("takes-memory", Status.OTHER, "OOMKilled", "more memory than its limit of 64Mi"),
    Row("has-no-program", Status.OTHER, "StartError", "/app/no-such-program"),
    Row("is-root", Status.OTHER, "CreateContainerConfigError", "image will run as root"),
    Row("is-misspelt", Status.OTHER, "InvalidImageName", "No Such Image"),
    Row("is-never-pulled", Status.OTHER, "ErrImageNeverPull", "kind.local/none:v1"),
    Row("is-too-large", Status.OTHER, "Unschedulable", "Insufficient cpu"),
]
SIGNALLED = [  # called as what they get
    Row("sigkill", Status.OTHER, "Killed", "the check was killed (SIGKILL)"),
    Row("sigterm", Status.OTHER, "Exit:143", "asked to stop (SIGTERM)"),
]
UNPULLED = "127.0.0.1:1/none:v1"  # a registry that refuses connections


@pytest.fixture(scope="module")
def ended(real_kube: Kube, run_id: str, acting: str) -> Iterator[Finished]:
    """One run of checks that end, or cannot start, by themselves."""
    act, small = acting, {"cpu": "200m", "memory": "64Mi"}
    entries = [
        entry("passes", act, "leave", "0"),
        entry("fails", act, "leave", "1", "two pods are missing"),
        entry("fails-silently", act, "leave", "1"),
        entry("raises", act, "fail"),
        entry("skips", act, "leave", "2", "nothing to judge"),
        entry("skips-silently", act, "leave", "2"),
        entry("gives-no-verdict", act, "leave", "3", "not built"),
        entry("runs-out-of-time", act, "use_up_time", timeout="2s"),
        entry("has-a-broken-shell", act, "shell", "/app/act.py"),
        entry("misses-a-program", act, "shell", "no-such-program"),
        entry("is-killed", act, "leave", "137", "nobody knows by whom"),
        entry("is-told-to-end", act, "leave", "143"),
        entry("crashes", act, "crash"),
        entry("takes-memory", act, "allocate", "512", resources=small),
        entry("has-no-program", built_image(real_kube, "e2e-broken")),
        entry("is-root", built_image(real_kube, "e2e-root")),
        entry("is-misspelt", "No Such Image"),
        entry("is-never-pulled", "kind.local/none:v1"),
        entry("is-not-pulled", UNPULLED),
        entry("is-too-large", act, **TOO_LARGE),
    ]
    # The runtime of a busy machine may fail to start a container; that is not what this is about.
    entries = [{**item, "retries": 2 if item["image"] == act else 0} for item in entries]
    settings = RunSettings(max_parallel=10, patience_s=IMPATIENT)
    with temporary_namespace(real_kube, run_id) as namespace:
        yield RealRun(real_kube, namespace, entries, settings).execute()


@pytest.mark.parametrize("row", ENDED, ids=[row.check for row in ENDED])
def test_an_end_of_its_own_is_told_as_it_was(ended: Finished, row: Row) -> None:
    require(ended, row)


def test_an_image_that_cannot_be_pulled_is_named(ended: Finished) -> None:
    measure(ended, "is-not-pulled")
    outcome = ended.outcome("is-not-pulled")

    assert outcome.status is Status.OTHER
    assert outcome.raw_status in ("ErrImagePull", "ImagePullBackOff")
    assert f"(image {UNPULLED})" in outcome.message


def test_a_container_that_never_ran_has_only_been_waited_for(ended: Finished) -> None:
    never = ("has-no-program", "is-root", "is-never-pulled", "is-not-pulled", "is-too-large")
    found = [ended.outcome(check) for check in never]

    assert [outcome.split.run_s for outcome in found] == [None] * len(never)
    assert all(outcome.duration_s == outcome.split.until_running_s > 0 for outcome in found)


def test_a_signal_that_somebody_on_the_node_sends_is_told_as_one(
    real_kube: Kube, namespace: str, acting: str, own_node: Path
) -> None:
    def during(event: Event) -> None:
        if isinstance(event, CheckSaid):
            pod = pod_of(real_kube, namespace, event.check)
            identity = text(container_status(pod, contract.CONTAINER), "containerID")
            signal_container(own_node, identity.rpartition("/")[2], event.check)

    entries = [entry(row.check, acting, "wait") for row in SIGNALLED]
    finished = RealRun(real_kube, namespace, entries).execute(during)

    for row in SIGNALLED:
        require(finished, row)
    assert finished.left == []


def signal_container(own_node: Path, container: str, number: str) -> None:
    """Send a signal to the first process of a container, past Kubernetes."""
    containerd = ["ctr", "--address", str(own_node / "containerd/containerd.sock"), "-n", "k8s.io"]
    subprocess.run([*containerd, "tasks", "kill", "-s", number, container], check=True)


def test_a_run_of_all_ends_leaves_nothing_behind(ended: Finished) -> None:
    assert (ended.left, ended.result.leftovers) == ([], ())

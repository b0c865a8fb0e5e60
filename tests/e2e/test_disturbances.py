"""The outcome table, row by row: checks that somebody ends from outside."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from helper.kinds import JOBS, NODES, PODS, Resource
from helper.kube import Kube
from helper.quantity import parse_quantity
from helper.resource import Json, labels, name, text
from orchestrator.events import CheckSaid, Event
from orchestrator.outcome import Status
from orchestrator.settings import RunSettings
from tests.e2e.real_cluster import temporary_namespace
from tests.e2e.real_run import Finished, RealRun, entry, pod_of
from tests.e2e.rows import Row, require

pytestmark = pytest.mark.alone  # pods drive out others, and a node drives out all of them

LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange")
PRIORITIES = Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False)

DISTURBED = [
    Row("pod-deleted", Status.OTHER, "PodDeleted", "somebody deleted the pod"),
    Row("deaf-pod-deleted", Status.OTHER, "PodDeleted", "somebody deleted the pod"),
    Row(
        "pod-force-deleted",
        Status.OTHER,
        "PodDeleted",
        "deleted the pod while the check ran",  # on a busy node its end may be seen before
    ),
    Row("job-deleted", Status.OTHER, "JobDeleted", "somebody deleted the Job"),
    Row("evicted", Status.OTHER, "PodDeleted", "EvictionByEvictionAPI"),
    Row("over-its-storage", Status.OTHER, "Evicted", "local storage usage exceeds"),
    Row("preempted", Status.OTHER, "Preempted", "preempting to accommodate a higher priority pod"),
    Row("out-of-time", Status.OTHER, "DeadlineExceeded", "at its Job's deadline"),
]


@pytest.fixture(scope="module")
def disturbed(real_kube: Kube, run_id: str, acting: str) -> Iterator[Finished]:
    """One run of checks that would go on; each is ended from outside once it has begun."""
    actions = {"deaf-pod-deleted": "ignore", "over-its-storage": "print_much"}
    large = {"cpu": cpu_of_a_node(real_kube, 0.45), "memory": "64Mi"}
    small = {"cpu": "20m", "memory": "64Mi"}  # beside which the rival must find room
    entries = [
        entry(
            row.check,
            acting,
            actions.get(row.check, "wait"),
            resources=large if row.check == "preempted" else small,
        )
        for row in DISTURBED
    ]
    settings = RunSettings(max_parallel=len(entries))
    with temporary_namespace(real_kube, run_id) as namespace, priority(real_kube, run_id) as above:
        limit_storage(real_kube, namespace)

        def during(event: Event) -> None:
            if isinstance(event, CheckSaid):
                disturb(real_kube, namespace, event.check, above)

        yield RealRun(real_kube, namespace, entries, settings).execute(during)


def cpu_of_a_node(kube: Kube, share: float) -> str:
    """A part of the processors of the smallest node that checks run on."""
    nodes = [node for node in kube.list(NODES) if "type" not in labels(node)]
    smallest = min(parse_quantity(node["status"]["allocatable"]["cpu"]) for node in nodes)
    return f"{int(float(smallest) * share * 1000)}m"


@contextmanager
def priority(kube: Kube, name: str) -> Iterator[str]:
    """Have a priority above that of checks; its name."""
    body = {"apiVersion": PRIORITIES.api_version, "kind": PRIORITIES.kind}
    kube.create(PRIORITIES, {**body, "metadata": {"name": name}, "value": 1000})
    try:
        yield name
    finally:
        kube.delete(PRIORITIES, name)


def limit_storage(kube: Kube, namespace: str) -> None:
    """Give each container in a namespace a bound, beyond which kubelet evicts its pod."""
    limits = [{"type": "Container", "default": {"ephemeral-storage": "1Mi"}}]
    body = {"apiVersion": "v1", "kind": LIMIT_RANGES.kind, "metadata": {"name": "storage"}}
    kube.create(LIMIT_RANGES, {**body, "spec": {"limits": limits}}, namespace)


def disturb(kube: Kube, namespace: str, check: str, above: str) -> None:
    """Do to a check what its name says, unless it does it itself."""
    pod = pod_of(kube, namespace, check)
    job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
    if check == "job-deleted":
        kube.delete(JOBS, job, namespace)
    elif check == "evicted":
        evictions = Resource("", "v1", f"pods/{name(pod)}/eviction", "Eviction")
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name(pod)}}
        kube.create(evictions, body, namespace)
    elif check == "out-of-time":
        kube.patch(JOBS, job, {"spec": {"activeDeadlineSeconds": 1}}, namespace)
    elif check == "preempted":
        kube.create(PODS, rival(kube, pod, above), namespace)
    elif check != "over-its-storage":
        kube.delete(PODS, name(pod), namespace, grace_s=0 if check == "pod-force-deleted" else 1)


def rival(kube: Kube, pod: Json, above: str) -> Json:
    """A pod that counts more, and that has no place on the node beside another one."""
    node = kube.get(NODES, text(pod, "spec", "nodeName"))
    cpu = {"cpu": cpu_of_a_node(kube, 0.6)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "rival"},
        "spec": {
            "priorityClassName": above,
            "nodeSelector": {"kubernetes.io/hostname": labels(node)["kubernetes.io/hostname"]},
            "containers": [{"name": "none", "image": "none", "resources": {"requests": cpu}}],
        },
    }


@pytest.mark.parametrize("row", DISTURBED, ids=[row.check for row in DISTURBED])
def test_an_end_from_outside_is_no_verdict_and_names_its_cause(
    disturbed: Finished, row: Row
) -> None:
    require(disturbed, row)


@pytest.mark.parametrize("check", [row.check for row in DISTURBED])
def test_what_a_check_said_before_it_was_ended_is_kept(disturbed: Finished, check: str) -> None:
    assert "RESULT: it has begun" in disturbed.outcome(check).stdout


def test_a_run_that_was_disturbed_leaves_nothing_behind(disturbed: Finished) -> None:
    assert (disturbed.left, disturbed.result.leftovers) == ([], ())


def test_a_node_that_drives_out_its_pods_is_named_as_the_cause(
    real_kube: Kube, namespace: str, acting: str, own_node: Path
) -> None:
    assert own_node  # pods of others would have to go as well
    node, run = "", RealRun(real_kube, namespace, [entry("waits", acting, "wait")])

    def during(event: Event) -> None:
        nonlocal node
        if isinstance(event, CheckSaid):
            node = text(pod_of(real_kube, namespace, "waits"), "spec", "nodeName")
            taint(real_kube, node, [{"key": "aicr.run/e2e-lost", "effect": "NoExecute"}])

    try:
        finished = run.execute(during)
    finally:
        taint(real_kube, node, [])

    require(finished, Row("waits", Status.OTHER, "NodeLost", "DeletionByTaintManager"))
    assert finished.left == []


def taint(kube: Kube, node: str, taints: Sequence[Json]) -> None:
    """Give the node of ours these taints."""
    if node:
        kube.patch(NODES, node, {"spec": {"taints": list(taints)}})

"""GPUs that are about to be free, and a cluster that is about to settle, on a real API server."""

from collections.abc import Callable, Iterator

import pytest

from helper import contract
from helper.kinds import DEPLOYMENTS, JOBS, PODS
from helper.kube import Kube
from helper.nodes import GPU
from helper.resource import Json, condition_is
from orchestrator import plan, recipe
from orchestrator.catalog import Catalog
from orchestrator.events import CheckFinished, CheckProgressed, CheckStarted, Event, Notice
from orchestrator.outcome import Status
from orchestrator.run import Run
from orchestrator.settings import RunSettings
from tests.e2e.fake_node import fake_node
from tests.e2e.real_run import Finished, RealRun, entry

pytestmark = pytest.mark.alone  # who looks at all nodes sees these, too

GPUS = 99  # more than any real node has
WAITS = "waiting for GPUs"
SLOW = {"finalizers": ["e2e.aicr.run/slow"]}
NEEDS = {"needs": {"gpus": GPUS}, "locks": ["gpu"]}


@pytest.fixture
def gpu_node(real_kube: Kube, namespace: str) -> Iterator[str]:
    with fake_node(real_kube, namespace, GPUS) as node:
        yield node


def holder(node: str, run_id: str = "") -> Json:
    """A pod with all GPUs of a node, which is slow to go."""
    container = {"name": "main", "image": "none", "resources": {"limits": {GPU: str(GPUS)}}}
    found = {contract.LABEL_RUN_ID: run_id} if run_id else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "holder", "labels": found, **SLOW},
        "spec": {
            "nodeName": node,
            "containers": [container],
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
        },
    }


def let_go(kube: Kube, namespace: str) -> None:
    kube.patch(PODS, "holder", {"metadata": {"finalizers": None}}, namespace)


def run(
    kube: Kube,
    namespace: str,
    entries: list[Json],
    during: Callable[[Event], None],
    settings: RunSettings | None = None,
) -> Finished:
    found = RealRun(kube, namespace, entries, settings or RunSettings())
    try:
        return found.execute(during)
    finally:
        if kube.find(PODS, "holder", namespace):
            kube.delete(PODS, "holder", namespace, grace_s=0)
            let_go(kube, namespace)


def test_gpus_of_a_pod_that_ends_are_waited_for(
    real_kube: Kube, namespace: str, gpu_node: str, acting: str
) -> None:
    real_kube.create(PODS, holder(gpu_node), namespace)
    real_kube.delete(PODS, "holder", namespace, grace_s=0)
    stages: list[str] = []

    def during(event: Event) -> None:
        if isinstance(event, CheckProgressed):
            stages.append(event.stage)
            if event.stage == WAITS:
                assert not real_kube.list(JOBS, namespace)
                let_go(real_kube, namespace)

    done = run(real_kube, namespace, [entry("hungry", acting, "leave", "0", **NEEDS)], during)

    assert stages[0] == WAITS
    assert done.outcome("hungry").status is Status.PASSED
    assert done.left == []


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        pytest.param({"gpus": GPUS}, "held by pod", id="held"),
        pytest.param(
            {"gpus": GPUS + 1},
            "nodes with GPUs that can be judged have as many in all",
            id="too-few-nodes",
        ),
    ],
)
def test_gpus_that_will_not_be_free_are_not_waited_for(
    real_kube: Kube, namespace: str, gpu_node: str, acting: str, needs: Json, said: str
) -> None:
    real_kube.create(PODS, holder(gpu_node), namespace)
    told: list[Event] = []

    one = entry("hungry", acting, "leave", "0", needs=needs)
    done = run(real_kube, namespace, [one], told.append)

    found = done.outcome("hungry")
    assert (found.status, found.raw_status) == (Status.OTHER, "Blocked")
    assert said in found.message
    assert not [e for e in told if isinstance(e, CheckProgressed) and e.stage == WAITS]


def test_the_next_check_begins_when_the_pods_of_the_one_before_are_gone(
    real_kube: Kube, namespace: str, gpu_node: str, acting: str
) -> None:
    rights = [{"resources": ["pods"], "verbs": ["create"], "namespace": namespace}]
    first = entry("greedy", acting, "leave", "0", timeout="10m", locks=["gpu"], rbac=rights)
    order: list[str] = []
    found = RealRun(real_kube, namespace, [first, entry("hungry", acting, "leave", "0", **NEEDS)])

    def during(event: Event) -> None:
        match event:
            case CheckStarted(planned):
                order.append(f"{planned.name} starts")
                if planned.name == "greedy":  # in its place
                    real_kube.create(PODS, holder(gpu_node, found.run_id), namespace)
            case CheckFinished(outcome):
                order.append(f"{outcome.check} ends")
                if outcome.check == "greedy":
                    real_kube.delete(PODS, "holder", namespace, grace_s=0)
            case Notice(text) if "keeps lock gpu" in text:
                order.append("lock is kept")
                let_go(real_kube, namespace)

    done = found.execute(during)

    assert order == ["greedy starts", "greedy ends", "lock is kept", "hungry starts", "hungry ends"]
    assert done.outcome("hungry").status is Status.PASSED
    assert done.left == []


def test_a_cluster_is_waited_for_until_its_workloads_are_available(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    real_kube.create(DEPLOYMENTS, deployment(acting), namespace)
    component = f"{{name: mine, namespace: {namespace}}}"
    text = (
        f"kind: RecipeResult\ncomponentRefs: [{component}]\n"
        "validation: {conformance: {checks: [last]}}\n"
    )
    given = recipe.parse(text, "recipe.yaml")
    catalog = Catalog.model_validate({"validators": [entry("last", acting, "leave", "0")]})
    planned = plan.build(catalog, given.input, namespace=namespace)
    available: list[bool] = []

    with Run(planned, given, real_kube, RunSettings(wait_ready_s=120.0)) as waiting:
        waiting.deploy()
        for event in waiting.events():
            if isinstance(event, CheckStarted):
                seen = real_kube.get(DEPLOYMENTS, "slow", namespace)
                available.append(condition_is(seen, "Available"))
        waiting.wait()

    assert waiting.convergence
    assert waiting.convergence.converged
    assert waiting.convergence.waited_s > 0
    assert available == [True]


def deployment(image: str) -> Json:
    """A workload that is available only when its pod has been ready for a while."""
    container = {"name": "main", "image": image, "args": ["wait"]}
    template = {
        "metadata": {"labels": {"app": "slow"}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
    spec = {"selector": {"matchLabels": {"app": "slow"}}, "minReadySeconds": 4}
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {"name": "slow"},
        "spec": {**spec, "template": template},
    }

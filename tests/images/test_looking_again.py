"""Checks wait for what is on its way, and for nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from helper.contract import ExitCode
from orchestrator.replay import ReplayCluster
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.fakes.clock import FakeClock

Json = dict[str, Any]

OPERATOR = clusters.gpu_operator()
DRA = clusters.dra()
RECIPE = clusters.recipe(
    clusters.component(
        "gpu-operator", expectedResources=[{"kind": "Deployment", "name": "gpu-operator"}]
    )
)
DRA_RECIPE = clusters.recipe(
    clusters.component("nvidia-dra-driver-gpu", "nvidia-dra-driver"),
    gpuAllocationPolicy="device-plugin-extended-resource",
)
DEPLOYMENT = clusters.find(OPERATOR, "Deployment", "gpu-operator")
POD = clusters.find(OPERATOR, "Pod", "gpu-operator-1")
SECOND = kube.pod("second", "gpu-operator", "cpu-1", app="gpu-operator")
EXPORTER = clusters.find(OPERATOR, "DaemonSet", "nvidia-dcgm-exporter")
EXPORTER_POD = clusters.find(OPERATOR, "Pod", "nvidia-dcgm-exporter-gpu-2")
SLICE = clusters.find(DRA, "ResourceSlice", "gpu-2-compute-domain.nvidia.com")


class Later(FakeClock):
    """A clock on which something happens after a number of sleeps."""

    def __init__(self, happens: Callable[[], None], after: int = 2) -> None:
        super().__init__()
        self._happens, self._after = happens, after

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if len(self.slept) == self._after:
            self._happens()


def young(obj: Json) -> Json:
    """The object, made a minute before the clock starts."""
    made = datetime.fromtimestamp(FakeClock().wall() - 60, UTC)
    return kube.put(obj, "metadata.creationTimestamp", made.strftime("%Y-%m-%dT%H:%M:%SZ"))


def rolling_out(obj: Json) -> Json:
    found = kube.put(obj, "status.availableReplicas", 0)
    progress = kube.condition("Progressing", "True", "ReplicaSetUpdated")
    return kube.put(found, "status.conditions", [progress])


BEHIND = kube.put(kube.put(DEPLOYMENT, "metadata.generation", 2), "status.observedGeneration", 1)
WAITING = kube.put(
    kube.cluster_policy(state="notReady"),
    "status.conditions",
    [kube.condition("Error", "True", "OperandNotReady", "waiting")],
)
CASES = [
    pytest.param(
        "images.deployment",
        "operator-health",
        OPERATOR,
        RECIPE,
        [young(kube.unready(POD))],
        id="pod-starting",
    ),
    pytest.param(
        "images.conformance",
        "gpu-operator-health",
        OPERATOR,
        RECIPE,
        [rolling_out(DEPLOYMENT)],
        id="operator-rollout",
    ),
    pytest.param(
        "images.conformance",
        "gpu-operator-health",
        OPERATOR,
        RECIPE,
        [kube.missing_pods(EXPORTER), young(kube.unready(EXPORTER_POD)), WAITING],
        id="operand-starting",
    ),
    pytest.param(
        "images.conformance",
        "gpu-operator-health",
        OPERATOR,
        RECIPE,
        [WAITING],
        id="policy-behind-its-pods",
    ),
    pytest.param(
        "images.conformance",
        "platform-health",
        OPERATOR,
        RECIPE,
        [rolling_out(DEPLOYMENT)],
        id="expected-rollout",
    ),
    pytest.param(
        "images.conformance", "platform-health", OPERATOR, RECIPE, [BEHIND], id="controller-behind"
    ),
    pytest.param(
        "images.conformance",
        "dra-support",
        DRA,
        DRA_RECIPE,
        [kube.put(SLICE, "spec.pool.resourceSliceCount", 2)],
        id="pool-being-published",
    ),
]


@pytest.mark.parametrize(("package", "check", "healthy", "recipe", "changed"), CASES)
def test_what_is_on_its_way_is_waited_for(
    run_check: RunCheck,
    package: str,
    check: str,
    healthy: list[Json],
    recipe: Json,
    changed: list[Json],
) -> None:
    cluster = ReplayCluster(objects=clusters.replace(healthy, *changed))
    names = {clusters.identity(item) for item in changed}

    def settles() -> None:
        for item in healthy:
            if clusters.identity(item) in names:
                cluster.add(item)

    run = run_check(package, check, cluster=cluster, recipe=recipe, clock=Later(settles))

    assert (run.code, run.message) == (ExitCode.PASS, "")
    assert "RESULT: settled after 5s and 3 looks" in run.stdout
    assert run.facts["coverage"]["seen"] == run.facts["coverage"]["total"]


@pytest.mark.parametrize(("package", "check", "healthy", "recipe", "changed"), CASES)
def test_what_stays_on_its_way_fails_in_time(
    run_check: RunCheck,
    package: str,
    check: str,
    healthy: list[Json],
    recipe: Json,
    changed: list[Json],
) -> None:
    clock = FakeClock()
    cluster = clusters.replace(healthy, *changed)

    run = run_check(
        package,
        check,
        cluster=cluster,
        recipe=recipe,
        clock=clock,
        env={"AICR_CHECK_TIMEOUT": "2m"},
    )

    assert run.code == ExitCode.FAIL
    assert "; still so after 30s and 7 looks" in run.message.split("\n")[0]
    assert sum(clock.slept) == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("package", "check", "changed"),
    [
        pytest.param(
            "images.deployment", "operator-health", [young(kube.waiting(POD))], id="crash-loop"
        ),
        pytest.param(
            "images.deployment",
            "operator-health",
            [young(kube.waiting(POD, "ImagePullBackOff", 0))],
            id="image-missing",
        ),
        pytest.param(
            "images.deployment",
            "operator-health",
            [
                young(kube.unready(POD)),
                young(kube.waiting(SECOND)),
            ],
            id="one-of-two-is-definite",
        ),
        pytest.param(
            "images.conformance",
            "gpu-operator-health",
            [kube.missing_pods(EXPORTER), young(kube.waiting(EXPORTER_POD))],
            id="operand-crash-loop",
        ),
        pytest.param(
            "images.conformance",
            "platform-health",
            [kube.put(DEPLOYMENT, "metadata.deletionTimestamp", kube.TIME)],
            id="being-deleted",
        ),
        pytest.param(
            "images.conformance",
            "platform-health",
            [kube.put(DEPLOYMENT, "status.availableReplicas", 0)],
            id="down-without-a-rollout",
        ),
    ],
)
def test_what_will_not_come_right_by_itself_fails_at_once(
    run_check: RunCheck, package: str, check: str, changed: list[Json]
) -> None:
    clock = FakeClock()

    run = run_check(
        package, check, cluster=clusters.replace(OPERATOR, *changed), recipe=RECIPE, clock=clock
    )

    assert (run.code, clock.slept) == (ExitCode.FAIL, [])
    assert "still so" not in run.message

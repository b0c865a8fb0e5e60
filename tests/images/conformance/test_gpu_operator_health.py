from typing import Any

import pytest

from helper.check import Fail, Skip, SkipCode
from helper.contract import ExitCode
from helper.errors import CannotTell
from images.conformance.gpu_operator_health import gpu_operator_health
from orchestrator.replay import Fault
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

NAMESPACE = "gpu-operator"
CLUSTER = clusters.gpu_operator()
RECIPE = clusters.recipe(clusters.component("gpu-operator"))
POLICY = kube.cluster_policy()
OPERATOR = clusters.find(CLUSTER, "Deployment", "gpu-operator")
EXPORTER = clusters.find(CLUSTER, "DaemonSet", "nvidia-dcgm-exporter")
FIRST_POD = clusters.find(CLUSTER, "Pod", "nvidia-dcgm-exporter-gpu-1")
EXPORTER_POD = clusters.find(CLUSTER, "Pod", "nvidia-dcgm-exporter-gpu-2")
DEAD = kube.not_ready(kube.gpu_node("gpu-2"))
WAITS = [kube.condition("Error", "True", "OperandNotReady", "waiting for nvidia-dcgm-exporter")]
CONTRADICTION = [
    kube.condition("Ready", "False", "Error"),
    kube.condition("Error", "True", "ReconcileFailed", "no RuntimeClass"),
]
DEVICE_PLUGIN = "nvidia.com/gpu.deploy.device-plugin"
NODES = ("gpu-1", "gpu-2")
NOT_READY = kube.put(kube.cluster_policy(state="notReady"), "status.conditions", WAITS)


def test_passes_when_operator_policy_and_operands_are_ready(run_check: RunCheck) -> None:
    run = run_check("images.conformance", "gpu-operator-health", cluster=CLUSTER, recipe=RECIPE)

    assert (run.code, run.message) == (ExitCode.PASS, "")
    assert run.facts["coverage"]["seen"] == 2
    assert "RESULT: 6 operands ready on 2 GPU nodes" in run.stdout


def test_fails_with_the_operands_as_evidence(run_check: RunCheck) -> None:
    cluster = clusters.replace(CLUSTER, kube.missing_pods(EXPORTER), kube.waiting(EXPORTER_POD))

    run = run_check("images.conformance", "gpu-operator-health", cluster=cluster, recipe=RECIPE)

    assert run.code == ExitCode.FAIL
    assert run.message.startswith(
        "operand dcgmExporter gpu-operator/nvidia-dcgm-exporter: 1 of 2 pods ready; "
        "nvidia-dcgm-exporter-gpu-2 on gpu-2: container main: CrashLoopBackOff"
    )
    assert "--- Operands ---" in run.stdout
    assert "ClusterPolicy  cluster-policy  ready" in run.stdout


def test_skips_when_the_recipe_leaves_the_operator_out(run_check: RunCheck) -> None:
    recipe = clusters.recipe(clusters.component("nfd"))

    run = run_check("images.conformance", "gpu-operator-health", cluster=CLUSTER, recipe=recipe)

    assert (run.code, run.facts["skip"]) == (ExitCode.SKIP, "not-applicable")


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        pytest.param([], "namespace gpu-operator not found", id="no-namespace"),
        pytest.param(
            clusters.without(CLUSTER, "Deployment"),
            "no Deployment of the GPU operator in namespace gpu-operator",
            id="no-operator",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(OPERATOR, "status.availableReplicas", 0)),
            "Deployment gpu-operator/gpu-operator: 0 of 1 replicas available",
            id="operator-down",
        ),
        pytest.param(
            clusters.without(
                clusters.without(CLUSTER, "ClusterPolicy"), "CustomResourceDefinition"
            ),
            "neither clusterpolicies.nvidia.com nor gpuclusters.nvidia.com is served",
            id="no-custom-resource-definition",
        ),
        pytest.param(
            clusters.without(CLUSTER, "ClusterPolicy"),
            "no ClusterPolicy or GPUCluster in use: none exists",
            id="definition-without-object",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.drop(POLICY, "status")),
            "ClusterPolicy cluster-policy has no status.state",
            id="policy-without-status",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(POLICY, "status", "ready")),
            "ClusterPolicy cluster-policy has no status.state",
            id="status-of-a-wrong-type",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(POLICY, "status.state", ["ready"])),
            "ClusterPolicy cluster-policy has no status.state",
            id="state-of-a-wrong-type",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.cluster_policy(state="ignored")),
            "no ClusterPolicy or GPUCluster in use: ClusterPolicy cluster-policy is ignored",
            id="only-an-ignored-policy",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.drop(kube.cluster_policy("second"), "status")),
            "ClusterPolicy second has no status.state",
            id="second-policy-unseen",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.cluster_policy("second")),
            "2 objects of kind ClusterPolicy are ready at once: cluster-policy, second (want one",
            id="second-policy-ready",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(POLICY, "metadata.deletionTimestamp", kube.TIME)),
            "ClusterPolicy cluster-policy is being deleted",
            id="policy-ending",
        ),
        pytest.param(
            clusters.replace(CLUSTER, NOT_READY),
            "ClusterPolicy cluster-policy is notReady (want ready), OperandNotReady: waiting for",
            id="not-ready-though-all-pods-are",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(
                    POLICY, "status.conditions.0", kube.condition("Ready", "True", "NoGPUNodes")
                ),
            ),
            "ClusterPolicy cluster-policy is ready but the operator sees no GPU node of 2",
            id="ready-without-seeing-the-gpus",
        ),
        pytest.param(
            clusters.without(CLUSTER, "DaemonSet", "nvidia-dcgm-exporter"),
            "operand dcgmExporter gpu-operator/nvidia-dcgm-exporter: not found",
            id="operand-missing",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(POLICY, "spec.driver.enabled", True)),
            "operand driver gpu-operator/nvidia-driver-daemonset: not found",
            id="driver-missing",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.missing_pods(EXPORTER), kube.unready(EXPORTER_POD)),
            "operand dcgmExporter gpu-operator/nvidia-dcgm-exporter: 1 of 2 pods ready",
            id="operand-not-ready",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                clusters.operand("nvidia-device-plugin-daemonset", pods=0),
                *[kube.unlabelled(kube.gpu_node(name), DEVICE_PLUGIN) for name in NODES],
            ),
            "operand devicePlugin gpu-operator/nvidia-device-plugin-daemonset is not ready on 2 of "
            f"2 GPU nodes: gpu-1, gpu-2; its node selector wants {DEVICE_PLUGIN}=true, the node "
            "has no such label (want a ready pod on each); see kubectl describe daemonset",
            id="device-plugin-on-no-node",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(OPERATOR, "metadata.deletionTimestamp", kube.TIME)),
            "Deployment gpu-operator/gpu-operator: being deleted since",
            id="operator-ending",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(EXPORTER, "metadata.deletionTimestamp", kube.TIME)),
            "operand dcgmExporter gpu-operator/nvidia-dcgm-exporter: being deleted since",
            id="operand-ending",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(kube.namespace(NAMESPACE), "metadata.deletionTimestamp", kube.TIME),
            ),
            "namespace gpu-operator: phase Terminating, being deleted since",
            id="namespace-ending",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(POLICY, "status.conditions", CONTRADICTION)),
            "ClusterPolicy cluster-policy contradicts itself: status.state is ready, but condition "
            "Ready=False and Error=True (want both to say ready), ReconcileFailed: no RuntimeClass",
            id="ready-against-its-conditions",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(POLICY, "status.conditions.0.status", "Unknown")),
            "ClusterPolicy cluster-policy contradicts itself: status.state is ready, but condition "
            "Ready=Unknown",
            id="ready-but-unknown",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(
                    kube.put(POLICY, "metadata.generation", 4), "status.observedGeneration", 3
                ),
            ),
            "ClusterPolicy cluster-policy is ready, but by a status of generation 3 of 4",
            id="policy-status-stale",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(
                    kube.put(POLICY, "metadata.generation", 4),
                    "status.conditions.0.observedGeneration",
                    3,
                ),
            ),
            "ClusterPolicy cluster-policy is ready, but by a status of generation 3 of 4",
            id="condition-stale",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                DEAD,
                kube.missing_pods(EXPORTER, 2),
                kube.unready(FIRST_POD),
                kube.unready(EXPORTER_POD),
            ),
            "operand dcgmExporter gpu-operator/nvidia-dcgm-exporter: 0 of 1 pods ready",
            id="more-pods-missing-than-nodes-dead",
        ),
    ],
)
def test_fails_with_what_it_saw(judge: Judge, cluster: list[Json], message: str) -> None:
    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert isinstance(outcome.error, Fail)
    assert outcome.message.startswith(message)


def test_every_problem_is_named(judge: Judge) -> None:
    cluster = clusters.replace(
        clusters.without(CLUSTER, "DaemonSet", "nvidia-dcgm-exporter"),
        kube.put(OPERATOR, "status.availableReplicas", 0),
    )

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert outcome.message.startswith("2 problems among ")
    assert "\n- operand dcgmExporter" in outcome.message


def test_a_dead_node_fails_neither_its_operands_nor_the_policy(judge: Judge) -> None:
    cluster = clusters.replace(
        CLUSTER, DEAD, NOT_READY, kube.missing_pods(EXPORTER), kube.unready(EXPORTER_POD)
    )

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert outcome.error is None
    assert "not covered: gpu-2: NotReady: NodeStatusUnknown" in outcome.evidence
    assert "looked at 1 of 2 GPU nodes" in outcome.evidence


def test_a_dead_node_excuses_no_other_trouble_of_the_policy(judge: Judge) -> None:
    failed = [kube.condition("Error", "True", "ReconcileFailed", "cannot create RuntimeClass")]
    cluster = clusters.replace(
        CLUSTER,
        DEAD,
        kube.put(NOT_READY, "status.conditions", failed),
        kube.missing_pods(EXPORTER),
        kube.unready(EXPORTER_POD),
    )

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert "ReconcileFailed: cannot create RuntimeClass" in outcome.message


def test_a_cordoned_node_is_listed_and_excuses_no_other_node(judge: Judge) -> None:
    cluster = clusters.replace(
        CLUSTER,
        kube.cordoned(kube.gpu_node("gpu-2")),
        kube.missing_pods(EXPORTER),
        kube.waiting(FIRST_POD),
    )

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert isinstance(outcome.error, Fail)
    assert "nvidia-dcgm-exporter-gpu-1 on gpu-1" in outcome.message
    assert "not covered: gpu-2: cordoned" in outcome.evidence


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([], id="no-gpu-node"),
        pytest.param([kube.fake(kube.gpu_node("gpu-1"))], id="fake-nodes-only"),
        pytest.param([kube.cordoned(kube.gpu_node("gpu-1"))], id="all-cordoned"),
    ],
)
def test_without_a_node_to_judge_nothing_is_proven(judge: Judge, nodes: list[Json]) -> None:
    idle = [kube.condition("Ready", "True", "NoGPUNodes")]
    cluster = clusters.without(clusters.without(CLUSTER, "Node"), "DaemonSet")
    cluster = clusters.replace(cluster, kube.put(POLICY, "status.conditions", idle), *nodes)

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert isinstance(outcome.error, Skip)
    assert outcome.error.code == SkipCode.CAPACITY


def test_drivers_updated_on_delete_are_judged_by_readiness(judge: Judge) -> None:
    driver = kube.daemon_set("nvidia-driver-daemonset-5.15.0-ubuntu22.04", NAMESPACE)
    driver = kube.put(driver, "spec.updateStrategy", {"type": "OnDelete"})
    driver = kube.put(
        driver, "spec.template.spec.nodeSelector", {"nvidia.com/gpu.deploy.driver": "true"}
    )
    cluster = clusters.replace(
        CLUSTER,
        kube.put(POLICY, "spec.driver.enabled", True),
        kube.put(driver, "status.updatedNumberScheduled", 0),
    )

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert outcome.error is None
    assert "RESULT: 7 operands ready" in outcome.evidence


def test_an_operand_without_nodes_is_reported(judge: Judge) -> None:
    idle = clusters.operand("nvidia-mig-manager", pods=0)
    nodes = [
        kube.labelled(
            kube.unlabelled(kube.gpu_node(name), "nvidia.com/gpu.deploy.mig-manager"),
            {"nvidia.com/mig.capable": "false"},
        )
        for name in NODES
    ]

    outcome = judge(gpu_operator_health, clusters.replace(CLUSTER, idle, *nodes), RECIPE)

    assert outcome.error is None
    assert "scheduled on no node: nvidia-mig-manager" in outcome.evidence


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (resource, status)
        for resource in (
            "namespaces",
            "nodes",
            "deployments",
            "clusterpolicies",
            "gpuclusters",
            "daemonsets",
            "pods",
        )
        for status in (403, 404, 500)
        if (resource, status) != ("namespaces", 404)  # that one is missing, which is a verdict
    ],
)
def test_an_error_answer_is_never_a_verdict(judge: Judge, resource: str, status: int) -> None:
    cluster = clusters.replace(CLUSTER, kube.missing_pods(EXPORTER), kube.GPU_CLUSTERS)

    outcome = judge(
        gpu_operator_health, cluster, RECIPE, faults=[Fault(resource=resource, status=status)]
    )

    assert isinstance(outcome.error, CannotTell)
    assert (resource in outcome.message, str(status) in outcome.message) == (True, True)


def test_pods_are_found_by_an_expression_as_well(judge: Judge) -> None:
    labels = EXPORTER["spec"]["selector"]["matchLabels"]
    terms = [{"key": key, "operator": "In", "values": [labels[key]]} for key in labels]
    by_terms = kube.put(EXPORTER, "spec.selector", {"matchExpressions": terms})
    cluster = clusters.replace(CLUSTER, DEAD, kube.missing_pods(by_terms), FIRST_POD)

    outcome = judge(gpu_operator_health, cluster, RECIPE)

    assert "nodes without a pod" not in f"{outcome.message}{outcome.evidence}"


def test_pods_are_read_only_where_some_are_missing(judge: Judge) -> None:
    outcome = judge(gpu_operator_health, CLUSTER, RECIPE)

    assert not [path for path in outcome.requests if path.endswith("/pods")]

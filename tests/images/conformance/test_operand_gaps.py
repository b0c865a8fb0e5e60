"""Every operand on every GPU node, or a reason that somebody gave."""

from typing import Any

import pytest

from helper.check import Fail, Skip
from helper.contract import ExitCode
from images.conformance.gpu_operator_health import gpu_operator_health
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge, Outcome

Json = dict[str, Any]

CLUSTER = clusters.gpu_operator()
RECIPE = clusters.recipe(clusters.component("gpu-operator"))
PLUGIN, MIG = "nvidia-device-plugin-daemonset", "nvidia-mig-manager"
DEPLOY = "nvidia.com/gpu.deploy."
NODE = kube.gpu_node("gpu-2")
TAINT = {"key": "team", "value": "a", "effect": "NoSchedule"}
NOT_READY = kube.cluster_policy(state="notReady")


def missing(operand: str, *changed: Json) -> list[Json]:
    """The cluster, with an operand that is on gpu-1 alone, as its own status says."""
    cluster = clusters.without(CLUSTER, "Pod", f"{operand}-gpu-2")
    cluster = clusters.replace(cluster, clusters.operand(operand, pods=1))
    return clusters.replace(cluster, *changed)


def everything_missing(node: Json) -> list[Json]:
    """The cluster, with a second GPU node that no operand is on."""
    cluster = CLUSTER
    for operand in clusters.OPERANDS:
        cluster = clusters.without(cluster, "Pod", f"{operand}-gpu-2")
        cluster = clusters.replace(cluster, clusters.operand(operand, pods=1))
    return clusters.replace(cluster, node)


@pytest.mark.parametrize("operand", clusters.OPERANDS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "the node has no such label", id="not-labelled"),
        pytest.param("paused-for-mig-change", "the node has 'paused-for-mig-change'", id="paused"),
    ],
)
def test_an_operand_that_misses_one_gpu_node_fails(
    judge: Judge, operand: str, value: str | None, reason: str
) -> None:
    key = f"{DEPLOY}{clusters.OPERANDS[operand]}"
    node = kube.unlabelled(NODE, key) if value is None else kube.labelled(NODE, {key: value})

    outcome = judge(gpu_operator_health, missing(operand, node), RECIPE)

    assert isinstance(outcome.error, Fail)
    assert f"gpu-operator/{operand} is not ready on 1 of 2 GPU nodes: gpu-2;" in outcome.message
    assert f"its node selector wants {key}=true, {reason}" in outcome.message


def test_the_message_of_a_gap_says_what_to_do(run_check: RunCheck) -> None:
    cluster = missing(PLUGIN, kube.unlabelled(NODE, f"{DEPLOY}device-plugin"))

    run = run_check("images.conformance", "gpu-operator-health", cluster=cluster, recipe=RECIPE)

    assert run.code == ExitCode.FAIL
    assert run.message == (
        "operand devicePlugin gpu-operator/nvidia-device-plugin-daemonset is not ready on 1 of 2 "
        "GPU nodes: gpu-2; its node selector wants nvidia.com/gpu.deploy.device-plugin=true, the "
        "node has no such label (want a ready pod on each); see kubectl describe daemonset -n "
        "gpu-operator nvidia-device-plugin-daemonset and kubectl describe node gpu-2"
    )
    assert run.facts["coverage"]["seen"] == 2


def with_template(path: str, value: Any) -> Json:
    return kube.put(clusters.operand(PLUGIN, pods=1), f"spec.template.spec.{path}", value)


ELSEWHERE = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [ELSEWHERE]}
    }
}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param(
            [
                with_template("affinity", AFFINITY),
                kube.labelled(kube.gpu_node("gpu-1"), {"zone": "b"}),
            ],
            "its node affinity leaves the node out",
            id="affinity",
        ),
        pytest.param(
            [kube.put(NODE, "spec.taints", [TAINT])],
            "it does not tolerate taint team:NoSchedule",
            id="taint",
        ),
        pytest.param(
            [with_template("nodeSelector", {"pool": "a"})],
            "its node selector wants pool=a, the node has no such label",
            id="selector-of-somebody",
        ),
        pytest.param([], "nothing keeps it off, yet no pod of it is ready", id="no-reason"),
    ],
)
def test_a_gap_is_explained(judge: Judge, changed: list[Json], reason: str) -> None:
    outcome = judge(gpu_operator_health, missing(PLUGIN, *changed), RECIPE)

    assert isinstance(outcome.error, Fail)
    assert f": gpu-2; {reason} (want a ready pod on each)" in outcome.message


def test_a_node_that_all_operands_miss_is_one_problem(judge: Judge) -> None:
    outcome = judge(
        gpu_operator_health,
        everything_missing(kube.put(NODE, "spec.taints", [TAINT])),
        RECIPE,
    )

    assert isinstance(outcome.error, Fail)
    assert outcome.message.startswith("6 operands (gfd, toolkit, dcgmExporter, devicePlugin, ")
    assert "are not ready on 1 of 2 GPU nodes: gpu-2; it does not tolerate taint team" in (
        outcome.message
    )


@pytest.mark.parametrize(
    "node",
    [
        pytest.param(kube.unlabelled(NODE, f"{DEPLOY}device-plugin"), id="gone"),
        pytest.param(kube.cordoned(NODE), id="cordoned"),
        pytest.param(kube.not_ready(NODE), id="dead"),
        pytest.param(kube.fake(NODE), id="fake"),
    ],
)
def test_only_nodes_that_can_be_judged_must_be_served(judge: Judge, node: Json) -> None:
    outcome = judge(gpu_operator_health, missing(PLUGIN, node), RECIPE)

    is_judged = DEPLOY + "device-plugin" not in node["metadata"]["labels"]
    assert isinstance(outcome.error, Fail) is is_judged


def ok(outcome: Outcome) -> str:
    assert outcome.error is None, outcome.message
    return outcome.evidence


def test_an_operand_that_somebody_switched_off_on_a_node_is_not_missing(judge: Judge) -> None:
    off = kube.labelled(NODE, {f"{DEPLOY}device-plugin": "false"})

    assert "looked at 2 of 2 GPU nodes" in ok(
        judge(gpu_operator_health, missing(PLUGIN, off), RECIPE)
    )


def test_a_driver_of_the_host_is_no_missing_operand(judge: Judge) -> None:
    driver = kube.daemon_set("nvidia-driver-daemonset", "gpu-operator", 0)
    driver = kube.put(driver, "spec.template.spec.nodeSelector", {f"{DEPLOY}driver": "true"})
    hosts = [
        kube.labelled(kube.gpu_node(name), {f"{DEPLOY}driver": "pre-installed"})
        for name in ("gpu-1", "gpu-2")
    ]
    policy = kube.put(kube.cluster_policy(), "spec.driver.enabled", True)

    ok(judge(gpu_operator_health, clusters.replace(CLUSTER, driver, policy, *hosts), RECIPE))


def test_a_driver_that_is_scheduled_nowhere_is_missing(judge: Judge) -> None:
    driver = kube.daemon_set("nvidia-driver-daemonset", "gpu-operator", 0)
    driver = kube.put(driver, "spec.template.spec.nodeSelector", {f"{DEPLOY}driver": "yes"})
    policy = kube.put(kube.cluster_policy(), "spec.driver.enabled", True)

    outcome = judge(gpu_operator_health, clusters.replace(CLUSTER, driver, policy), RECIPE)

    assert "operand driver gpu-operator/nvidia-driver-daemonset is not ready on 2 of 2" in (
        outcome.message
    )
    assert f"wants {DEPLOY}driver=yes, the node has 'true'" in outcome.message


def test_drivers_of_several_kernels_serve_the_nodes_together(judge: Judge) -> None:
    drivers = []
    for name, kernel in (("gpu-1", "5.15"), ("gpu-2", "6.8")):
        driver = kube.daemon_set(f"nvidia-driver-daemonset-{kernel}", "gpu-operator", 1)
        drivers.append(kube.put(driver, "spec.template.spec.nodeSelector", {"kernel": kernel}))
        drivers.append(kube.labelled(kube.gpu_node(name), {"kernel": kernel}))
    policy = kube.put(kube.cluster_policy(), "spec.driver.enabled", True)

    ok(judge(gpu_operator_health, clusters.replace(CLUSTER, policy, *drivers), RECIPE))


@pytest.mark.parametrize(
    ("labels", "is_missing"),
    [
        pytest.param({"nvidia.com/mig.capable": "true"}, True, id="capable"),
        pytest.param({"nvidia.com/mig.capable": "false"}, False, id="not-capable"),
        pytest.param({"nvidia.com/gpu.product": "NVIDIA-L40S"}, False, id="product-without-mig"),
        pytest.param({}, True, id="product-with-mig"),
        pytest.param({"nvidia.com/vgpu.host-driver-version": "550"}, False, id="virtual-gpu"),
    ],
)
def test_only_gpus_that_can_be_divided_need_a_mig_manager(
    judge: Judge, labels: dict[str, str], is_missing: bool
) -> None:
    node = kube.labelled(kube.unlabelled(NODE, f"{DEPLOY}mig-manager"), labels)

    outcome = judge(gpu_operator_health, missing(MIG, node), RECIPE)

    assert isinstance(outcome.error, Fail) is is_missing


@pytest.mark.parametrize(
    ("labels", "sandbox"),
    [
        pytest.param({f"{DEPLOY}operands": "false"}, {}, id="operands-switched-off"),
        pytest.param(
            {"nvidia.com/gpu.workload.config": "vm-vgpu"}, {"enabled": True}, id="for-machines"
        ),
        pytest.param({}, {"enabled": True, "defaultWorkload": "vm-passthrough"}, id="by-default"),
    ],
)
def test_nodes_without_container_workloads_are_out_of_scope(
    judge: Judge, labels: dict[str, str], sandbox: Json
) -> None:
    policy = kube.put(kube.cluster_policy(), "spec.sandboxWorkloads", sandbox)
    containers = kube.labelled(
        kube.gpu_node("gpu-1"), {"nvidia.com/gpu.workload.config": "container"}
    )
    node = kube.labelled(NODE, labels)
    for label in kube.DEPLOYED:  # the operator takes them off such nodes
        node = kube.unlabelled(node, f"{DEPLOY}{label}")

    evidence = ok(
        judge(
            gpu_operator_health,
            clusters.replace(everything_missing(node), policy, containers),
            RECIPE,
        )
    )

    assert "looked at 1 of 1 GPU nodes" in evidence
    assert "--- GPU nodes without operands for containers ---\ngpu-2: " in evidence


def test_machines_alone_leave_nothing_to_judge(judge: Judge) -> None:
    policy = kube.put(
        kube.cluster_policy(),
        "spec.sandboxWorkloads",
        {"enabled": True, "defaultWorkload": "vm-vgpu"},
    )

    outcome = judge(gpu_operator_health, clusters.replace(CLUSTER, policy), RECIPE)

    assert isinstance(outcome.error, Skip)


def test_a_pod_in_trouble_is_told_once(judge: Judge) -> None:
    plugin = kube.missing_pods(clusters.operand(PLUGIN))
    pod = kube.waiting(clusters.find(CLUSTER, "Pod", f"{PLUGIN}-gpu-2"))

    outcome = judge(gpu_operator_health, clusters.replace(CLUSTER, plugin, pod), RECIPE)

    assert outcome.message.startswith("operand devicePlugin gpu-operator/nvidia-device-plugin-")
    assert "CrashLoopBackOff" in outcome.message
    assert "problems among" not in outcome.message

from typing import Any

import pytest

from helper.check import Fail, Skip, SkipCode, Unbuilt
from helper.contract import ExitCode
from helper.errors import CannotTell
from helper.kinds import Resource
from images.conformance.dra_support import dra_support, missing_api
from orchestrator.replay import Fault
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.fakes.clock import FakeClock
from tests.images.conftest import Judge

Json = dict[str, Any]

NAMESPACE = "nvidia-dra-driver"
CLUSTER = clusters.dra()
DRIVER = clusters.component("nvidia-dra-driver-gpu", NAMESPACE)
DEVICE_PLUGIN = {"gpuAllocationPolicy": "device-plugin-extended-resource"}
RECIPE = clusters.recipe(DRIVER, **DEVICE_PLUGIN)
CLAIMS = clusters.recipe(DRIVER, gpuAllocationPolicy="dra-resource-claim")
CHANNELS = "compute-domain-default-channel.nvidia.com"
PLUGIN = clusters.dra_plugin()
POD = clusters.find(CLUSTER, "Pod", "plugin-gpu-2")
SLICE = kube.resource_slice("gpu-2", "compute-domain.nvidia.com", 2, "channel")
GPU_SLICES = [kube.resource_slice(name) for name in ("gpu-1", "gpu-2")]
WITH_CLAIMS = clusters.replace(CLUSTER, *GPU_SLICES, kube.device_class())
WITHOUT_SLICES = clusters.without(CLUSTER, "ResourceSlice")
WITHOUT_CLASSES = clusters.without(CLUSTER, "DeviceClass")
CLASS = kube.device_class()
TAINT_RULES = kube.custom_resource_definition(
    "resource.k8s.io", "v1beta2", "devicetaintrules", "DeviceTaintRule"
)
TAINT = {"key": "gpu.nvidia.com/unhealthy", "effect": "NoExecute"}


def test_passes_with_compute_domains_and_the_device_plugin(run_check: RunCheck) -> None:
    run = run_check("images.conformance", "dra-support", cluster=CLUSTER, recipe=RECIPE)

    assert (run.code, run.message) == (ExitCode.PASS, "")
    assert run.facts["coverage"]["seen"] == 2
    assert "not applicable: policy is device-plugin-extended-resource" in run.stdout
    assert "on 2 nodes\nnone of them is a GPU\n" in run.stdout
    assert (
        "RESULT: 4 devices of compute-domain.nvidia.com on 2 nodes; proof: observed" in run.stdout
    )


def test_fails_with_the_slices_as_evidence(run_check: RunCheck) -> None:
    broken = [
        kube.put(item, "spec.pool.resourceSliceCount", 2)
        for item in CLUSTER
        if item["kind"] == "ResourceSlice"
    ]

    run = run_check(
        "images.conformance",
        "dra-support",
        cluster=clusters.replace(CLUSTER, *broken),
        recipe=RECIPE,
        clock=FakeClock(),
    )

    assert run.code == ExitCode.FAIL
    assert run.message.startswith("2 NVIDIA ResourceSlices but no usable device: gpu-1: pool gpu-1")
    assert "incomplete: 1 of 2 slices of generation 1" in run.message
    assert "incomplete: 1 of 2 slices" in run.stdout


def test_a_claim_policy_ends_as_not_implemented_once_all_else_is_sound(run_check: RunCheck) -> None:
    run = run_check("images.conformance", "dra-support", cluster=WITH_CLAIMS, recipe=CLAIMS)

    assert run.code == ExitCode.OTHER
    assert run.message.startswith("not implemented in this version: a test pod that claims a GPU")


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(clusters.recipe(clusters.component("nfd")), id="left-out"),
        pytest.param(
            clusters.recipe(clusters.component("nvidia-dra-driver-gpu", enabled=False)),
            id="disabled",
        ),
    ],
)
def test_skips_out_of_scope_even_if_installed(judge: Judge, recipe: Json) -> None:
    outcome = judge(dra_support, CLUSTER, recipe)

    assert isinstance(outcome.error, Skip)
    assert outcome.error.code == SkipCode.NOT_APPLICABLE


def test_skips_without_recipe_and_driver(judge: Judge) -> None:
    outcome = judge(dra_support, [kube.node("cpu-1")])

    assert isinstance(outcome.error, Skip)
    assert outcome.error.code == SkipCode.PRECONDITION


def test_finds_the_driver_by_its_label_without_a_recipe(judge: Judge) -> None:
    outcome = judge(dra_support, clusters.dra(namespace="somewhere"))

    assert outcome.error is None
    assert "--- DRA driver namespace ---\nsomewhere" in outcome.evidence


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        pytest.param([], "namespace nvidia-dra-driver not found", id="no-namespace"),
        pytest.param(
            [kube.namespace(NAMESPACE)],
            "no kubelet plugin of the NVIDIA DRA driver in namespace nvidia-dra-driver",
            id="nothing-installed",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER, kube.put(PLUGIN, "metadata.name", "nvidia-dra-driver-gpu-kubelet-plugin")
            ),
            "2 kubelet plugins of the NVIDIA DRA driver",
            id="two-releases",
        ),
        pytest.param(
            clusters.without(CLUSTER, "Deployment"),
            "no compute-domain controller in namespace nvidia-dra-driver",
            id="controller-missing",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER, kube.put(clusters.dra_controller(), "status.availableReplicas", 0)
            ),
            "Deployment nvidia-dra-driver/dra-driver-nvidia-gpu-controller: 0 of 1 replicas",
            id="controller-down",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.missing_pods(PLUGIN), kube.waiting(POD)),
            "DaemonSet nvidia-dra-driver/dra-driver-nvidia-gpu-kubelet-plugin: 1 of 2 pods ready; "
            "plugin-gpu-2 on gpu-2: container main: CrashLoopBackOff",
            id="plugin-crash-loop",
        ),
        pytest.param(
            WITHOUT_SLICES,
            "no ResourceSlice of a *.nvidia.com driver (want one a GPU node, of 2)",
            id="no-slices",
        ),
        pytest.param(
            clusters.replace(WITHOUT_SLICES, kube.resource_slice("gpu-1", "dra.example.com")),
            "no ResourceSlice of a *.nvidia.com driver",
            id="foreign-slices-only",
        ),
        pytest.param(
            clusters.replace(WITHOUT_SLICES, kube.resource_slice("gpu-9")),
            "1 NVIDIA ResourceSlices but no usable device",
            id="slices-of-a-node-that-is-gone",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(SLICE, "spec.devices.0.taints", [TAINT])),
            "",
            id="one-device-tainted",
        ),
        pytest.param(
            clusters.replace(
                WITHOUT_SLICES,
                kube.put(kube.resource_slice("gpu-1", devices=1), "spec.devices.0.taints", [TAINT]),
            ),
            "1 NVIDIA ResourceSlices but no usable device",
            id="all-devices-tainted",
        ),
        pytest.param(
            clusters.replace(
                WITHOUT_SLICES,
                kube.put(
                    clusters.dra_plugin(0), "spec.template.spec.nodeSelector", {"pool": "other"}
                ),
            ),
            "no ResourceSlice of a *.nvidia.com driver (want one a GPU node, of 2); see the "
            "kubelet plugin's logs; gpu-1: the kubelet plugin's node selector or affinity leaves",
            id="plugin-on-no-node",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER, *[kube.gpu_node(name, gpus=0) for name in ("gpu-1", "gpu-2")]
            ),
            "policy device-plugin-extended-resource, but no node that can be judged has",
            id="device-plugin-down",
        ),
        pytest.param(
            WITHOUT_CLASSES,
            "no DeviceClass selects devices of compute-domain.nvidia.com, so that nobody can claim "
            "one (want one for each driver and type; DeviceClasses here: none)",
            id="no-device-class",
        ),
        pytest.param(
            [*WITHOUT_CLASSES, CLASS],
            "no DeviceClass selects devices of compute-domain.nvidia.com, so that nobody can claim "
            "one (want one for each driver and type; DeviceClasses here: gpu.nvidia.com)",
            id="class-of-another-driver",
        ),
        pytest.param(
            clusters.replace(CLUSTER, *GPU_SLICES),
            "no DeviceClass selects devices of gpu.nvidia.com",
            id="one-of-two-drivers-without-a-class",
        ),
        pytest.param(
            [
                *WITHOUT_CLASSES,
                kube.put(
                    clusters.find(CLUSTER, "DeviceClass", CHANNELS),
                    "metadata.deletionTimestamp",
                    kube.TIME,
                ),
            ],
            "no DeviceClass selects devices of compute-domain.nvidia.com",
            id="class-ending",
        ),
        pytest.param(
            [*WITHOUT_CLASSES, kube.put(CLASS, "spec", {})], "", id="class-for-all-devices"
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(PLUGIN, "metadata.deletionTimestamp", kube.TIME)),
            "DaemonSet nvidia-dra-driver/dra-driver-nvidia-gpu-kubelet-plugin: being deleted since",
            id="plugin-ending",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(clusters.dra_controller(), "metadata.deletionTimestamp", kube.TIME),
            ),
            "Deployment nvidia-dra-driver/dra-driver-nvidia-gpu-controller: being deleted since",
            id="controller-ending",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(kube.namespace(NAMESPACE), "metadata.deletionTimestamp", kube.TIME),
            ),
            "namespace nvidia-dra-driver: phase Terminating, being deleted since",
            id="namespace-ending",
        ),
    ],
)
def test_fails_with_what_it_saw(judge: Judge, cluster: list[Json], message: str) -> None:
    outcome = judge(dra_support, cluster, RECIPE)

    assert outcome.message.startswith(message)
    assert isinstance(outcome.error, Fail) is bool(message)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        pytest.param(CLUSTER, "claims cannot get a whole GPU: no node offers", id="no-gpu-slices"),
        pytest.param(
            clusters.without(WITH_CLAIMS, "DeviceClass", "gpu.nvidia.com"),
            "half installed",
            id="no-device-class",
        ),
    ],
)
def test_a_claim_policy_needs_usable_claims(
    judge: Judge, cluster: list[Json], message: str
) -> None:
    outcome = judge(dra_support, cluster, CLAIMS)

    assert isinstance(outcome.error, Fail)
    assert message in outcome.message


def test_an_old_api_server_is_told_from_a_broken_driver(judge: Judge) -> None:
    outcome = judge(
        dra_support, CLUSTER, RECIPE, faults=[Fault(resource="resourceslices", status=404)]
    )

    assert isinstance(outcome.error, CannotTell)


def test_dual_advertisement_is_a_warning_under_the_device_plugin_policy(judge: Judge) -> None:
    outcome = judge(dra_support, WITH_CLAIMS, RECIPE)

    assert outcome.error is None
    assert "RESULT: warning: 2 nodes offer their GPUs twice" in outcome.evidence


def test_an_unspecified_policy_follows_what_is_usable(judge: Judge) -> None:
    recipe = clusters.recipe(DRIVER)

    assert judge(dra_support, CLUSTER, recipe).error is None
    assert isinstance(judge(dra_support, WITH_CLAIMS, recipe).error, Unbuilt)


def test_at_depth_fast_what_is_offered_is_observed_and_no_pod_is_wanted(judge: Judge) -> None:
    outcome = judge(dra_support, WITH_CLAIMS, clusters.recipe(DRIVER), env={"AICR_DEPTH": "fast"})

    assert outcome.error is None
    assert "no pod is made at depth fast" in outcome.evidence
    assert 'FACT: {"proof": "observed"}' in outcome.evidence


def test_without_compute_domains_no_controller_is_needed(judge: Judge) -> None:
    gpus_only = kube.put(
        PLUGIN, "spec.template.spec.containers", [{"name": "gpus", "image": "dra:1"}]
    )
    cluster = clusters.replace(clusters.without(WITH_CLAIMS, "Deployment"), gpus_only)

    assert judge(dra_support, cluster, RECIPE).error is None


def test_a_renamed_chart_is_recognised_by_its_containers(judge: Judge) -> None:
    renamed = kube.put(PLUGIN, "metadata.labels", {"app.kubernetes.io/name": "gpu-claims"})
    renamed = kube.put(renamed, "spec.selector.matchLabels", {"app": "gpu-claims"})
    cluster = clusters.replace(
        CLUSTER, kube.put(renamed, "spec.template.metadata.labels", {"app": "gpu-claims"})
    )

    assert judge(dra_support, cluster, RECIPE).error is None


def test_a_driver_that_the_gpu_operator_manages_is_in_scope(judge: Judge) -> None:
    operator = clusters.component("gpu-operator", overrides={"gpuCluster": {"enabled": True}})
    plugin = kube.daemon_set("nvidia-dra-driver-kubelet-plugin", "gpu-operator")
    plugin["metadata"]["labels"] = {
        "app.kubernetes.io/name": "nvidia-dra-driver",
        "app.kubernetes.io/component": "nvidia-dra-driver-kubelet-plugin",
    }
    cluster = [
        kube.namespace("gpu-operator"),
        kube.gpu_node("gpu-1"),
        kube.gpu_node("gpu-2"),
        plugin,
        *GPU_SLICES,
        CLASS,
    ]

    outcome = judge(dra_support, cluster, clusters.recipe(operator, **DEVICE_PLUGIN))

    assert outcome.error is None
    assert "16 devices of gpu.nvidia.com on 2 nodes" in outcome.evidence


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (resource, status)
        for resource in (
            "namespaces",
            "nodes",
            "daemonsets",
            "deployments",
            "pods",
            "resourceslices",
            "deviceclasses",
            "devicetaintrules",
        )
        for status in (403, 404, 500)
        if (resource, status) != ("namespaces", 404)  # that one is missing, which is a verdict
    ],
)
def test_an_error_answer_is_never_a_verdict(judge: Judge, resource: str, status: int) -> None:
    cluster = [*CLUSTER, TAINT_RULES]
    outcome = judge(dra_support, cluster, RECIPE, faults=[Fault(resource=resource, status=status)])

    assert isinstance(outcome.error, CannotTell)
    assert (resource in outcome.message, str(status) in outcome.message) == (True, True)


def test_says_which_api_is_served_instead() -> None:
    alpha = Resource("resource.k8s.io", "v1alpha3", "resourceslices", "ResourceSlice")

    assert "found: resource.k8s.io/v1alpha3" in missing_api(alpha, ["v1alpha3"])
    assert "found: nothing" in missing_api(None, [])


def test_device_taint_rules_are_named_as_not_evaluated(judge: Judge) -> None:
    rule = {
        "apiVersion": "resource.k8s.io/v1beta2",
        "kind": "DeviceTaintRule",
        "metadata": {"name": "drain"},
    }

    outcome = judge(dra_support, [*CLUSTER, TAINT_RULES, rule], RECIPE)

    assert outcome.error is None
    assert "1 DeviceTaintRules, not evaluated" in outcome.evidence

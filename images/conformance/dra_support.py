"""DRA support: NVIDIA devices are offered through resource.k8s.io, and the driver is healthy.

Requirement   CNCF AI Conformance, dra_support (MUST)
Reads         the driver's Namespace, and in it DaemonSets, Deployments, and the kubelet plugin's
              pods; nodes; ResourceSlices, DeviceClasses, and DeviceTaintRules where served;
              without a recipe also DaemonSets of all namespaces with the driver's label
Creates       nothing yet: a policy that hands out GPUs by claim ends as not implemented
At fast       no pod claims a GPU: what is offered is observed, not used
Fails when    the API is not served in a version that we read; the driver's controller or kubelet
              plugin is not ready; a GPU node that can be judged offers no device, or only of old
              or incomplete pools; no DeviceClass selects the devices of a driver or type; the
              recipe's allocation policy is not what the cluster does
Skips when    the recipe leaves out or disables the driver; without a recipe, when there is no
              driver; when no GPU node can be judged
What to do    see the kubelet plugin's log on the nodes that the message names, then
              kubectl get resourceslices; a policy that differs is mended in the recipe or in the
              values of the device plugin and the DRA driver
"""

from collections.abc import Sequence
from dataclasses import replace

from helper.check import Fail, Skip, SkipCode, Unbuilt, check
from helper.context import Context
from helper.depth import Depth, Proof
from helper.findings import failure
from helper.health import deletion
from helper.kinds import DAEMON_SETS, NODES, Resource
from helper.models import Policy, ValidationInput
from helper.nodes import Node, parse_node
from helper.resource import Json, name, namespace, part
from helper.scope import require_namespace
from images.conformance import _dra_driver as driver
from images.conformance._allocation import Mode, class_problem, inspect, verify
from images.conformance._offer import Offer, read_offer, require_devices

COMPONENTS = ("nvidia-dra-driver-gpu", "dra-driver-nvidia-gpu")
DEFAULT_NAMESPACE = "nvidia-dra-driver"
OPERATOR, OPERATOR_NAMESPACE = "gpu-operator", "gpu-operator"
GROUP = "resource.k8s.io"
VERSIONS = ("v1", "v1beta2", "v1beta1")  # v1 is on by default from Kubernetes 1.34


@check(requirement="dra_support")
def dra_support(ctx: Context) -> None:
    """NVIDIA devices are validly offered through DRA, and the driver is healthy."""
    where = driver_namespace(ctx)
    ctx.evidence.text("DRA driver namespace", where)
    api = require_api(ctx)
    require_namespace(ctx, where, "the NVIDIA DRA driver")
    nodes = [parse_node(item) for item in ctx.kube.list(NODES)]
    found = driver.read_driver(ctx, where, nodes)
    if problems := driver.problems(found, nodes, ctx.deadline.clock.wall()):
        raise failure(problems, len(found.plugins) + len(found.controllers), "workloads")
    offer = read_offer(ctx, api, nodes, found.plugins[0])
    require_devices(offer)

    classes = read_classes(ctx, api)
    mode = read_mode(ctx, nodes, offer, classes)
    policy = ctx.recipe.gpu_allocation_policy
    if problem := verify(policy, mode) or class_problem(offer.kinds, classes):
        raise Fail(problem)
    if mode.dual_nodes:
        ctx.evidence.result(f"warning: {len(mode.dual_nodes)} nodes offer their GPUs twice")
    why_no_pod = f"not applicable: policy is {policy}"
    if policy != Policy.DEVICE_PLUGIN and mode.claims_usable:
        if ctx.depth is Depth.FULL:
            raise Unbuilt(
                "a test pod that claims a GPU; driver, devices and allocation mode are sound"
            )
        why_no_pod = "not tried: no pod is made at depth fast"
    ctx.evidence.text("Behavioral GPU allocation", why_no_pod)
    ctx.evidence.result(f"{offer.summary}; proof: observed")
    ctx.evidence.proof(Proof.OBSERVED)


def driver_namespace(ctx: Context) -> str:
    """Where the driver is: as the recipe says, or where its label is found without one."""
    if place := recipe_namespace(ctx.recipe):
        return place
    if not ctx.recipe.is_empty:
        raise Skip(f"recipe leaves out or disables {COMPONENTS[0]}: DRA is out of scope")
    found = sorted({namespace(item) for item in ctx.kube.list(DAEMON_SETS, labels=driver.SELECTOR)})
    if not found:
        reason = "no recipe is mounted and no NVIDIA DRA driver is installed: nothing to judge"
        raise Skip(reason, SkipCode.PRECONDITION)
    return found[0]


def recipe_namespace(recipe: ValidationInput) -> str:
    """The namespace of the driver's own component, or of an operator that manages it."""
    if component := recipe.enabled(*COMPONENTS):
        return component.namespace or DEFAULT_NAMESPACE
    operator = recipe.enabled(OPERATOR)
    if operator and part(operator.overrides, "gpuCluster").get("enabled") is True:
        return operator.namespace or OPERATOR_NAMESPACE
    return ""


def require_api(ctx: Context) -> Resource:
    """Find the ResourceSlice API in a version that we can read."""
    served = ctx.kube.served(GROUP)
    api = ctx.kube.resource(GROUP, "resourceslices")
    body = f"served versions: {', '.join(served) or 'none'}; used: {api.version if api else 'none'}"
    ctx.evidence.text("DRA API", body, shell=f"kubectl api-resources --api-group={GROUP}")
    if api is None or api.version not in VERSIONS:
        raise Fail(missing_api(api, served))
    return api


def missing_api(api: Resource | None, served: Sequence[str]) -> str:
    """Say what is served instead of an API that we can read."""
    found = f"{GROUP}/{api.version}" if api else ", ".join(served) or "nothing"
    return (
        f"{GROUP} serves ResourceSlices in none of {', '.join(VERSIONS)} (found: {found}); "
        "use Kubernetes 1.34 or later, or turn the DRA API on"
    )


def read_classes(ctx: Context, api: Resource) -> list[Json]:
    """The DeviceClasses that stay."""
    found = ctx.kube.list(replace(api, plural="deviceclasses", kind="DeviceClass"))
    rows = [{"device class": name(item), "going": deletion(item)} for item in found]
    ctx.evidence.table("DeviceClasses", rows, shell="kubectl get deviceclasses")
    return [item for item in found if not deletion(item)]


def read_mode(ctx: Context, nodes: Sequence[Node], offer: Offer, classes: Sequence[Json]) -> Mode:
    """How GPUs are handed out here, recorded before it is compared with the policy."""
    mode = inspect(nodes, offer.slices, classes)
    ctx.evidence.text("GPU allocation policy", str(ctx.recipe.gpu_allocation_policy))
    rules = ctx.kube.resource(GROUP, "devicetaintrules")
    caveat = f"{len(ctx.kube.list(rules)) if rules else 0} DeviceTaintRules, not evaluated"
    ctx.evidence.text("GPU allocation mode", "\n".join([*mode.lines(), caveat]))
    return mode

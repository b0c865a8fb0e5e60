"""Who holds a node's GPUs: through the device plugin, or through claims."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from helper.errors import CannotTell
from helper.kinds import PODS
from helper.kube import Kube
from helper.nodes import is_gpu_resource
from helper.pod_states import OVER
from helper.quantity import parse_quantity
from helper.resource import Json, items, name, namespace, part, text

GROUP = "resource.k8s.io"
GPU_DRIVER = "gpu.nvidia.com"


@dataclass(frozen=True)
class Claims:
    """GPUs that are allocated to ResourceClaims."""

    by_node: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # claim: devices


def read_claims(kube: Kube) -> Claims:
    """GPU claims of the whole cluster; none where the API is not served.

    Raises CannotTell when a claim holds GPUs of a pool that no node publishes.
    """
    claims_api = kube.resource(GROUP, "resourceclaims")
    slices_api = kube.resource(GROUP, "resourceslices")
    if claims_api is None or slices_api is None:
        return Claims()
    claims = [item for item in kube.list(claims_api) if _devices(item)]
    return claims_by_node(claims, kube.list(slices_api)) if claims else Claims()


def claims_by_node(claims: Iterable[Json], slices: Iterable[Json]) -> Claims:
    """Attribute each allocated GPU to the node that publishes its pool."""
    pools = {
        text(item, "spec", "pool", "name"): text(item, "spec", "nodeName")
        for item in slices
        if text(item, "spec", "driver") == GPU_DRIVER
    }
    found: dict[str, dict[str, int]] = {}
    for claim in claims:
        title = f"claim {namespace(claim)}/{name(claim)}"
        for device in _devices(claim):
            pool = text(device, "pool")
            if not pools.get(pool):
                raise CannotTell(f"which GPUs are free: {title} holds one of unknown pool {pool}")
            held = found.setdefault(pools[pool], {})
            held[title] = held.get(title, 0) + 1
    return Claims(found)


def read_holders(kube: Kube, node: str, claims: Claims) -> dict[str, int]:
    """Pods and claims that hold GPUs of a node, with how many."""
    pods = kube.list(PODS, fields=f"spec.nodeName={node}")
    return holders(pods, claims.by_node.get(node, {}))


def holders(pods: Sequence[Json], claims: Mapping[str, int]) -> dict[str, int]:
    """Merge both ledgers; a pod whose extended resource is backed by a claim counts once.

    Pods that are being deleted hold their GPUs until they are gone.
    """
    found = {}
    for pod in pods:
        if text(pod, "status", "phase") in OVER:
            continue
        backed_by = text(pod, "status", "extendedResourceClaimStatus", "resourceClaimName")
        if backed_by and f"claim {namespace(pod)}/{backed_by}" in claims:
            continue
        if count := gpu_request(pod):
            found[f"pod {namespace(pod)}/{name(pod)}"] = count
    return {**found, **claims}


def gpu_request(pod: Json) -> int:
    """GPUs that the scheduler reserves for a pod.

    Init containers run one after another, restartable ones (sidecars) stay beside the others:
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
    """
    spec = part(pod, "spec")
    sidecars = peak = 0
    for container in items(spec, "initContainers"):
        if text(container, "restartPolicy") == "Always":
            sidecars += _gpus(container)
            peak = max(peak, sidecars)
        else:
            peak = max(peak, sidecars + _gpus(container))
    together = sidecars + sum(_gpus(container) for container in items(spec, "containers"))
    return max(together, peak) + _count(part(spec, "overhead"))


def _gpus(container: Json) -> int:
    """Requests fall back to limits, resource by resource."""
    resources = part(container, "resources")
    return _count({**part(resources, "limits"), **part(resources, "requests")})


def _count(amounts: Json) -> int:
    total = 0
    for resource, amount in amounts.items():
        if is_gpu_resource(resource):
            try:
                total += int(parse_quantity(amount))
            except ValueError:
                total += 1  # unreadable, but not nothing
    return total


def _devices(claim: Json) -> list[Json]:
    """Allocated GPUs; monitoring with admin access takes none away."""
    return [
        item
        for item in items(claim, "status", "allocation", "devices", "results")
        if text(item, "driver") == GPU_DRIVER and item.get("adminAccess") is not True
    ]

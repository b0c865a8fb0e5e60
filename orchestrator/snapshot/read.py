"""Reads a cluster for the light snapshot: four lists and two single objects, nothing written.

A part that may not be read, or gives no answer, is left out and named; the others are read.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from helper.errors import Expired, KubeError, NotFound, Unreachable
from helper.kinds import NAMESPACES, NODES, PODS, Resource
from helper.kube import PAGE_SIZE, Kube
from helper.resource import Json, items, part, text
from orchestrator.snapshot.facts import Facts, Gap, parse

T = TypeVar("T")

CLUSTER_POLICIES = Resource("nvidia.com", "v1", "clusterpolicies", "ClusterPolicy", False)
RESOURCE_SLICES = tuple(
    Resource("resource.k8s.io", version, "resourceslices", "ResourceSlice", False)
    for version in ("v1", "v1beta2", "v1beta1")  # v1 from Kubernetes 1.34
)
GPU_DRIVER = "gpu.nvidia.com"
BRIEF_S = 2.0
SERVER_KEYS = ("gitVersion", "platform", "goVersion")
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def read(kube: Kube) -> Facts:
    """Look at everything once; what could not be read stands in `gaps`."""
    gaps: list[Gap] = []
    asked = kube

    def attempt(path: str, probe: Callable[[Kube], T]) -> T | None:
        nonlocal asked
        try:
            return probe(asked)
        except KubeError as error:
            if isinstance(error, Unreachable):  # it has been waited for; that is enough
                asked = kube.patient(BRIEF_S)
            gaps.append(Gap(path, f"not read: {error}"))
            return None

    server = attempt("K8s.server", _server)
    uid = attempt("K8s.cluster", _cluster_uid)
    listed = attempt("NodeTopology", lambda kube: kube.list(NODES))
    parsed = None if listed is None else [parse(obj) for obj in listed]
    slices = attempt("GPU", _nodes_with_slices)
    fake = frozenset(item.name for item in parsed or () if item.node.is_fake)
    images = attempt("K8s.image", lambda kube: _images(kube, fake))
    policies = attempt("K8s.policy", _policies)
    return Facts(
        server=server,
        cluster_uid=uid or "",
        nodes=None if parsed is None else tuple(item for item in parsed if not item.node.is_fake),
        nodes_with_slices=slices,
        images=images,
        policies=tuple(policies or ()),
        gaps=tuple(gaps),
    )


def _server(kube: Kube) -> dict[str, str]:
    answer = kube.document("/version")
    return {key: text(answer, key) for key in SERVER_KEYS if text(answer, key)}


def _cluster_uid(kube: Kube) -> str:
    return text(kube.get(NAMESPACES, "kube-system"), "metadata", "uid")


def _policies(kube: Kube) -> list[Json]:
    try:
        return kube.list(CLUSTER_POLICIES)
    except NotFound:
        return []  # no GPU operator here, or a newer one without this kind


def _nodes_with_slices(kube: Kube) -> frozenset[str]:
    """The nodes on which the DRA driver for GPUs offers something."""
    for resource in RESOURCE_SLICES:
        try:
            specs = [part(obj, "spec") for obj in kube.list(resource)]
        except NotFound:
            continue
        names = (text(spec, "nodeName") for spec in specs if spec.get("driver") == GPU_DRIVER)
        return frozenset(filter(None, names))
    return frozenset()


def _images(kube: Kube, fake: frozenset[str]) -> frozenset[str]:
    """The images of all pods; what is said to run on a fake node does not."""
    return frozenset(
        image
        for pod in _pods(kube)
        if text(pod, "spec", "nodeName") not in fake
        for kind in CONTAINERS
        for container in items(pod, "spec", kind)
        if (image := text(container, "image"))
    )


def _pods(kube: Kube) -> Iterator[Json]:
    """All pods, a page at a time: together they would fill the memory in a large cluster."""
    query = {"limit": str(PAGE_SIZE)}
    while True:
        try:
            page = kube.document(PODS.path(), query)
        except Expired:
            if "continue" not in query:
                raise
            query = {}  # from the start and at once; who counts nothing does not mind repeats
            continue
        yield from items(page, "items")
        token = text(page, "metadata", "continue")
        if not token:
            return
        query["continue"] = token

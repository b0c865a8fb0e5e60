"""Kubernetes objects as an API server gives them, healthy by default.

Each factory takes what tests vary; everything else is set afterwards with `put`.
"""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]
Labels = dict[str, str]

TIME = "2026-01-01T00:00:00Z"
DEPLOYED = (  # operands that the GPU operator asks for on each node with GPUs
    "container-toolkit",
    "dcgm",
    "dcgm-exporter",
    "device-plugin",
    "driver",
    "gpu-feature-discovery",
    "mig-manager",
    "node-status-exporter",
    "operator-validator",
)


def put(obj: Json, path: str, value: Any) -> Json:
    """A copy with one field set: `put(node, "spec.unschedulable", True)`."""
    copy = deepcopy(obj)
    *steps, last = path.split(".")
    at = copy
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if isinstance(at, list):
        at[int(last)] = value
    else:
        at[last] = value
    return copy


def drop(obj: Json, path: str) -> Json:
    """A copy without one field."""
    copy = deepcopy(obj)
    *steps, last = path.split(".")
    at = copy
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at[step]
    del at[last]
    return copy


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def namespace(name: str, phase: str = "Active") -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": phase},
    }


def node(name: str, **labels: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"},
            "conditions": [condition("Ready", "True", "KubeletReady")],
        },
    }


def gpu_node(name: str, gpus: int = 8, product: str = "NVIDIA-H100-80GB-HBM3") -> Json:
    labels = {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": product,
        "feature.node.kubernetes.io/pci-10de.present": "true",
        "node.kubernetes.io/instance-type": "p5.48xlarge",
        **{f"nvidia.com/gpu.deploy.{operand}": "true" for operand in DEPLOYED},
    }
    found = node(name, **labels)
    found["status"]["allocatable"] |= {"nvidia.com/gpu": str(gpus), "vpc.amazonaws.com/efa": "32"}
    return found


def labelled(obj: Json, labels: Labels) -> Json:
    """The object with more labels, or with other values of those that it has."""
    return put(obj, "metadata.labels", {**obj["metadata"]["labels"], **labels})


def unlabelled(obj: Json, key: str) -> Json:
    """The object without one label."""
    kept = {name: value for name, value in obj["metadata"]["labels"].items() if name != key}
    return put(obj, "metadata.labels", kept)


def not_ready(obj: Json) -> Json:
    """The node, after its kubelet has fallen silent."""
    silent = condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting status.")
    return put(obj, "status.conditions", [silent])


def cordoned(obj: Json) -> Json:
    return put(obj, "spec.unschedulable", True)


def fake(obj: Json) -> Json:
    return put(obj, "metadata.annotations", {"kwok.x-k8s.io/node": "fake"})


def pod(name: str, namespace: str, node: str = "node-1", **labels: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "example/main:1"}]},
        "status": {
            "phase": "Running",
            "conditions": [condition("PodScheduled"), condition("Ready")],
            "containerStatuses": [
                {
                    "name": "main",
                    "ready": True,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": TIME}},
                }
            ],
        },
    }


def waiting(obj: Json, reason: str = "CrashLoopBackOff", restarts: int = 7) -> Json:
    """The pod, with a container that does not get to run."""
    obj = put(obj, "status.conditions.1", condition("Ready", "False", "ContainersNotReady"))
    state = {"waiting": {"reason": reason, "message": f"{reason} of main"}}
    status = {"name": "main", "ready": False, "restartCount": restarts, "state": state}
    return put(obj, "status.containerStatuses", [status])


def unready(obj: Json) -> Json:
    """The pod, running but failing its readiness probe."""
    obj = put(obj, "status.containerStatuses.0.ready", False)
    reason = condition("Ready", "False", "ContainersNotReady", "containers not ready: [main]")
    return put(obj, "status.conditions.1", reason)


def leaving(obj: Json) -> Json:
    return put(unready(obj), "metadata.deletionTimestamp", TIME)


def workload(kind: str, name: str, namespace: str, labels: Labels | None = None) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": 1,
            "labels": dict(labels or {"app": name}),
            "uid": f"uid-{kind.lower()}-{name}",
        },
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "example/main:1"}]},
            },
        },
        "status": {"observedGeneration": 1},
    }


def deployment(name: str, namespace: str, replicas: int = 1, labels: Labels | None = None) -> Json:
    found = workload("Deployment", name, namespace, labels)
    found["spec"]["replicas"] = replicas
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    found["status"] |= dict.fromkeys(counts, replicas)
    found["status"]["conditions"] = [condition("Available"), condition("Progressing")]
    return found


def stateful_set(name: str, namespace: str, replicas: int = 1) -> Json:
    found = workload("StatefulSet", name, namespace)
    found["spec"] |= {"replicas": replicas, "serviceName": name}
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    found["status"] |= dict.fromkeys(counts, replicas)
    return found


def daemon_set(name: str, namespace: str, pods: int = 2, labels: Labels | None = None) -> Json:
    found = workload("DaemonSet", name, namespace, labels)
    found["spec"]["updateStrategy"] = {"type": "RollingUpdate"}
    counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    found["status"] |= {**dict.fromkeys(counts, pods), "numberMisscheduled": 0}
    return found


def missing_pods(obj: Json, count: int = 1) -> Json:
    """The DaemonSet, with so many of its pods not ready."""
    ready = obj["status"]["numberReady"] - count
    obj = put(obj, "status.numberReady", ready)
    return put(obj, "status.numberAvailable", ready)


def custom_resource_definition(group: str, version: str, plural: str, kind: str) -> Json:
    """A cluster-scoped one, as far as the API server needs it to serve the kind."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
        },
        "status": {"conditions": [condition("Established"), condition("NamesAccepted")]},
    }


CLUSTER_POLICIES = custom_resource_definition(
    "nvidia.com", "v1", "clusterpolicies", "ClusterPolicy"
)
GPU_CLUSTERS = custom_resource_definition("nvidia.com", "v1alpha1", "gpuclusters", "GPUCluster")
GKE_NETWORKS = custom_resource_definition("networking.gke.io", "v1", "networks", "Network")


def cluster_policy(name: str = "cluster-policy", state: str = "ready") -> Json:
    return {
        "apiVersion": "nvidia.com/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": name},
        "spec": {"driver": {"enabled": False}, "dcgm": {"enabled": False}},
        "status": {
            "state": state,
            "namespace": "gpu-operator",
            "conditions": [condition("Ready", "True", "Reconciled"), condition("Error", "False")],
        },
    }


def gpu_cluster(name: str = "gpu-cluster", state: str = "ready") -> Json:
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "GPUCluster",
        "metadata": {"name": name},
        "spec": {"draDriver": {"computeDomains": {"enabled": True}}},
        "status": {"state": state, "namespace": "gpu-operator"},
    }


def device(name: str = "gpu-0", kind: str = "gpu") -> Json:
    return {"name": name, "attributes": {"type": {"string": kind}, "uuid": {"string": name}}}


def resource_slice(
    node: str, driver: str = "gpu.nvidia.com", devices: int = 8, kind: str = "gpu"
) -> Json:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{node}-{driver}"},
        "spec": {
            "driver": driver,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [device(f"{kind}-{index}", kind) for index in range(devices)],
        },
    }


def device_class(
    name: str = "gpu.nvidia.com", extended_resource: str = "", driver: str = "gpu.nvidia.com"
) -> Json:
    spec: Json = {"selectors": [{"cel": {"expression": f"device.driver == '{driver}'"}}]}
    if extended_resource:
        spec["extendedResourceName"] = extended_resource
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": spec,
    }


def resource_claim(name: str, namespace: str, pool: str, device: str = "gpu-0") -> Json:
    result = {"request": "gpu", "driver": "gpu.nvidia.com", "pool": pool, "device": device}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "devices": {
                "requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]
            }
        },
        "status": {"allocation": {"devices": {"results": [result]}}},
    }

"""Whole clusters and their recipes, healthy by default; tests replace what they are about."""

from typing import Any

from tests.fakes import objects as kube

Json = dict[str, Any]

COMPUTE_DOMAINS = "compute-domain.nvidia.com"
OPERANDS = {  # and the node label that asks for each
    "nvidia-container-toolkit-daemonset": "container-toolkit",
    "nvidia-device-plugin-daemonset": "device-plugin",
    "nvidia-dcgm-exporter": "dcgm-exporter",
    "gpu-feature-discovery": "gpu-feature-discovery",
    "nvidia-mig-manager": "mig-manager",
    "nvidia-operator-validator": "operator-validator",
}


def operand(name: str, namespace: str = "gpu-operator", pods: int = 2) -> Json:
    """An operand's DaemonSet, for the nodes whose label asks for it."""
    selector = {f"nvidia.com/gpu.deploy.{OPERANDS[name]}": "true"}
    found = kube.daemon_set(name, namespace, pods)
    return kube.put(found, "spec.template.spec.nodeSelector", selector)


def gpu_operator(nodes: int = 2, namespace: str = "gpu-operator") -> list[Json]:
    """A cluster whose GPU operator runs all operands on all GPU nodes."""
    names = [f"gpu-{index}" for index in range(1, nodes + 1)]
    operator = kube.deployment(
        "gpu-operator", namespace, labels={"app.kubernetes.io/name": "gpu-operator"}
    )
    return [
        kube.namespace(namespace),
        kube.node("cpu-1"),
        *[kube.gpu_node(name) for name in names],
        kube.CLUSTER_POLICIES,
        kube.cluster_policy(),
        operator,
        kube.pod("gpu-operator-1", namespace, "cpu-1", app="gpu-operator"),
        *[operand(name, namespace, nodes) for name in OPERANDS],
        *[
            kube.pod(f"{daemon_set}-{name}", namespace, name, app=daemon_set)
            for daemon_set in OPERANDS
            for name in names
        ],
    ]


def dra_plugin(nodes: int = 2, namespace: str = "nvidia-dra-driver") -> Json:
    """The kubelet plugin's DaemonSet, as the chart makes it."""
    chart = "dra-driver-nvidia-gpu"
    found = kube.daemon_set(
        f"{chart}-kubelet-plugin", namespace, nodes, labels={"app.kubernetes.io/name": chart}
    )
    found["spec"]["selector"]["matchLabels"] = {f"{chart}-component": "kubelet-plugin"}
    containers = [{"name": name, "image": "dra:1"} for name in ("compute-domains", "gpus")]
    found["spec"]["template"] = {
        "metadata": {"labels": {f"{chart}-component": "kubelet-plugin"}},
        "spec": {"containers": containers},
    }
    return found


def dra_controller(namespace: str = "nvidia-dra-driver") -> Json:
    """The compute-domain controller's Deployment, as the chart makes it."""
    chart = "dra-driver-nvidia-gpu"
    found = kube.deployment(
        f"{chart}-controller", namespace, labels={"app.kubernetes.io/name": chart}
    )
    found["spec"]["selector"]["matchLabels"] = {f"{chart}-component": "controller"}
    found["spec"]["template"] = {
        "metadata": {"labels": {f"{chart}-component": "controller"}},
        "spec": {"containers": [{"name": "compute-domain", "image": "dra:1"}]},
    }
    return found


def dra(nodes: int = 2, namespace: str = "nvidia-dra-driver") -> list[Json]:
    """A cluster with DRA for compute domains and the device plugin for GPUs."""
    names = [f"gpu-{index}" for index in range(1, nodes + 1)]
    labels = {"dra-driver-nvidia-gpu-component": "kubelet-plugin"}
    return [
        kube.namespace(namespace),
        *[kube.gpu_node(name) for name in names],
        dra_plugin(nodes, namespace),
        dra_controller(namespace),
        *[kube.pod(f"plugin-{name}", namespace, name, **labels) for name in names],
        *[kube.resource_slice(name, COMPUTE_DOMAINS, 2, "channel") for name in names],
        kube.device_class("compute-domain-default-channel.nvidia.com", driver=COMPUTE_DOMAINS),
    ]


def recipe(*components: Json, **fields: Any) -> Json:
    """A validation input with these components."""
    return {"componentRefs": list(components), **fields}


def component(name: str, namespace: str = "", *, enabled: bool = True, **fields: Any) -> Json:
    """One componentRef."""
    overrides = {"enabled": enabled, **fields.pop("overrides", {})}
    return {"name": name, "namespace": namespace or name, "overrides": overrides, **fields}


def replace(cluster: list[Json], *changed: Json) -> list[Json]:
    """The cluster, with objects of the same kind, namespace and name replaced or added."""
    identities = {identity(item) for item in changed}
    return [*[item for item in cluster if identity(item) not in identities], *changed]


def without(cluster: list[Json], kind: str, name: str = "") -> list[Json]:
    """The cluster, without the objects of a kind, or one of them."""
    return [
        item
        for item in cluster
        if item["kind"] != kind or (name and item["metadata"]["name"] != name)
    ]


def find(cluster: list[Json], kind: str, name: str) -> Json:
    """One object of the cluster."""
    return next(
        item for item in cluster if (item["kind"], item["metadata"]["name"]) == (kind, name)
    )


def identity(item: Json) -> tuple[str, str, str]:
    """What makes two objects the same."""
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]

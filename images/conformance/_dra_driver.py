"""The NVIDIA DRA driver's own workloads, recognised by labels and containers, never by name.

Charts and operator rename their objects from release to release; what stays is the pod template:
`<chart>-component` as selector, and the containers `gpus`, `compute-domains`, `compute-domain`
(dra-driver-nvidia-gpu, deployments/helm; gpu-operator, manifests/state-dra-driver).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from helper import pod_states
from helper.context import Context
from helper.daemon_sets import daemon_set
from helper.findings import Problem, excerpt
from helper.health import Health
from helper.kinds import DAEMON_SETS, DEPLOYMENTS, PODS
from helper.nodes import Node
from helper.pod_states import PodState, parse_pod
from helper.resource import Json, items, labels, name, part, text
from helper.scheduling import selector_text
from helper.workloads import deployment

CHARTS = frozenset(
    {
        "nvidia-dra-driver-gpu",  # NVIDIA's chart, to 25.x
        "dra-driver-nvidia-gpu",  # its successor under kubernetes-sigs, from 0.4
        "nvidia-dra-driver",  # managed by the GPU operator, from 26.7
    }
)
CHART_LABEL = "app.kubernetes.io/name"
SELECTOR = f"{CHART_LABEL} in ({','.join(sorted(CHARTS))})"
PLUGIN_CONTAINERS = frozenset({"gpus", "compute-domains"})
COMPUTE_DOMAINS = "compute-domains"
CONTROLLER_CONTAINER = "compute-domain"
PODS_SHOWN = 40  # evidence is read by people; pods in trouble come first


@dataclass(frozen=True)
class Driver:
    """What the driver's namespace holds."""

    namespace: str
    plugins: Sequence[Json]
    plugin_pods: Sequence[PodState]
    controllers: Sequence[Json]
    other_sets: Sequence[str]  # names of DaemonSets that are not the driver's


def read_driver(ctx: Context, namespace: str, nodes: Sequence[Node]) -> Driver:
    """The driver's workloads and the kubelet plugin's pods, recorded as evidence."""
    sets = ctx.kube.list(DAEMON_SETS, namespace)
    plugins = kubelet_plugins(sets)
    found = Driver(
        namespace=namespace,
        plugins=plugins,
        plugin_pods=[pod for item in plugins for pod in _read_pods(ctx, namespace, item)],
        controllers=controllers(ctx.kube.list(DEPLOYMENTS, namespace)),
        other_sets=[name(item) for item in sets if item not in plugins],
    )
    rows = [
        {"workload": title, "observed": health.observed, "image": image(item)}
        for (title, health), item in zip(
            healths(found, nodes), [*found.plugins, *found.controllers], strict=True
        )
    ]
    shell = f"kubectl get daemonsets,deployments -n {namespace}"
    ctx.evidence.table("DRA driver workloads", rows, shell=shell)
    pods = sorted(found.plugin_pods, key=lambda pod: (not pod.trouble, pod.name))
    title = excerpt("DRA driver pods", PODS_SHOWN, len(pods))
    shown = pod_states.rows(pods[:PODS_SHOWN])
    ctx.evidence.table(title, shown, shell=f"kubectl get pods -n {namespace} -o wide")
    return found


def healths(driver: Driver, nodes: Sequence[Node], now: float = 0.0) -> list[tuple[str, Health]]:
    """Each workload of the driver, by title, and how it does."""
    where = driver.namespace
    return [
        (f"DaemonSet {where}/{name(item)}", daemon_set(item, nodes, driver.plugin_pods, now))
        for item in driver.plugins
    ] + [(f"Deployment {where}/{name(item)}", deployment(item, now)) for item in driver.controllers]


def problems(driver: Driver, nodes: Sequence[Node], now: float = 0.0) -> list[Problem]:
    """What is wrong with the driver's workloads."""
    where = f"namespace {driver.namespace}"
    if not driver.plugins:
        others = ", ".join(driver.other_sets) or "none"
        wanted = f"want one with {SELECTOR}; DaemonSets there: {others}"
        problem = f"no kubelet plugin of the NVIDIA DRA driver in {where} ({wanted})"
        return [Problem(f"{problem}; install the driver, or correct its namespace in the recipe")]
    if len(driver.plugins) > 1:
        names = ", ".join(name(item) for item in driver.plugins)
        problem = f"{len(driver.plugins)} kubelet plugins of the NVIDIA DRA driver in {where}"
        words = f"{problem}: {names} (want one); remove what an older release left behind"
        return [Problem(words)]
    found = [
        Problem(
            f"{title}: {health.observed} (want all ready where nodes can be judged); "
            f"see kubectl describe pods -n {driver.namespace}",
            health.may_settle,
        )
        for title, health in healths(driver, nodes, now)
        if not health.ready
    ]
    if has_compute_domains(driver.plugins[0]) and not driver.controllers:
        words = (
            f"no compute-domain controller in {where} (want a Deployment, since the kubelet "
            f"plugin serves compute domains); see kubectl get deployments -n {driver.namespace}"
        )
        found.append(Problem(words))
    return found


def kubelet_plugins(daemon_sets: Iterable[Json]) -> list[Json]:
    """The DaemonSets that run the driver on nodes; one in a sound cluster."""
    return [
        item
        for item in daemon_sets
        if _component(item) == "kubelet-plugin"
        or (labels(item).get(CHART_LABEL) in CHARTS and _component(item) == "")
        or bool(containers(item) & PLUGIN_CONTAINERS)
    ]


def controllers(deployments: Iterable[Json]) -> list[Json]:
    """The Deployments that manage compute domains."""
    return [
        item
        for item in deployments
        if CONTROLLER_CONTAINER in containers(item)
        or (labels(item).get(CHART_LABEL) in CHARTS and _component(item) in ("controller", ""))
    ]


def has_compute_domains(kubelet_plugin: Json) -> bool:
    """Whether the driver serves compute domains; only then it needs a controller."""
    return COMPUTE_DOMAINS in containers(kubelet_plugin)


def containers(workload: Json) -> set[str]:
    """Names of the containers in a workload's pods."""
    path = ("spec", "template", "spec", "containers")
    return {text(item, "name") for item in items(workload, *path)}


def image(workload: Json) -> str:
    """The image of a workload's first container, which tells the driver's version."""
    found = items(workload, "spec", "template", "spec", "containers")
    return text(found[0], "image") if found else ""


def _read_pods(ctx: Context, namespace: str, plugin: Json) -> list[PodState]:
    wanted = selector_text(plugin)
    if not wanted:
        return []
    return [parse_pod(item) for item in ctx.kube.list(PODS, namespace, labels=wanted)]


def _component(workload: Json) -> str:
    """The role that the chart's selector or the operator's label gives a workload."""
    selector = part(workload, "spec", "selector", "matchLabels")
    found = next((str(value) for key, value in selector.items() if key.endswith("-component")), "")
    role = found or labels(workload).get("app.kubernetes.io/component", "")
    return next((known for known in ("kubelet-plugin", "controller") if role.endswith(known)), role)

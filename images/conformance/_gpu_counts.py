"""Whether a node offers all GPUs that it has, as the device plugin and its labels tell.

Labels: k8s-device-plugin, docs/gpu-feature-discovery. `gpu.count` counts what `nvidia.com/gpu`
stands for before sharing: whole GPUs, or MIG instances under strategy `single`. Under `mixed` each
MIG profile has a count of its own, and what the whole GPUs among them are is not told.
"""

from collections.abc import Iterable

from helper.findings import Problem, some
from helper.nodes import GPU, MIG_PREFIX, VENDOR, Node, is_gpu_resource
from helper.products import REPLICAS_LABEL

MIG_STRATEGY, MIG_CONFIG = "nvidia.com/mig.strategy", "nvidia.com/mig.config"
SHARED_SUFFIX = ".shared"  # of a renamed resource that is shared in time


def count_problems(nodes: Iterable[Node], where: str) -> list[Problem]:
    """Nodes that offer fewer GPUs than they have, or could not be divided as asked."""
    return [problem for node in nodes if (problem := _problem(node, where))]


def _problem(node: Node, where: str) -> Problem | None:
    log = f"the device plugin's log on that node (kubectl get pods -n {where} -o wide)"
    state = node.labels.get(f"{MIG_CONFIG}.state", "success")
    if state == "failed":
        wanted = node.labels.get(MIG_CONFIG, "unknown")
        words = f"its GPUs could not be divided as label {MIG_CONFIG}={wanted} asks (state failed"
        see = f"see the MIG manager's log on that node (kubectl get pods -n {where} -o wide)"
        return Problem(f"node {node.name}: {words}, want success); {see}")
    changing = state != "success"  # pending, rebooting
    if unhealthy := _unhealthy(node):
        words = f"node {node.name}: {some(unhealthy)} allocatable (want all)"
        why = f"the rest is unhealthy to the device plugin: look for Xid errors in {log}"
        return Problem(f"{words}; {why} and in dmesg", may_settle=changing)
    if excess := _excess(node):
        words = f"node {node.name}: {some(excess)} allocatable (want no more than there are)"
        return Problem(f"{words}; kubelet's status contradicts itself, see {log}", changing)
    if missing := _missing(node):
        words = f"node {node.name} offers {some(missing)} by its labels (want all)"
        why = "GPUs fell off the bus, or the device plugin has not registered them"
        return Problem(f"{words}: {why}; see nvidia-smi and {log}", may_settle=changing)
    return None


def _unhealthy(node: Node) -> list[str]:
    """Resources of which the node has more than it gives out."""
    return [
        f"{node.devices.get(name, 0)} of {node.capacity[name]} {name}"
        for name in sorted(_gpu_resources(node) & node.capacity.keys())
        if node.devices.get(name, 0) < node.capacity[name]
    ]


def _excess(node: Node) -> list[str]:
    """Resources of which the node gives out more than it has."""
    return [
        f"{node.devices[name]} of {node.capacity[name]} {name}"
        for name in sorted(_gpu_resources(node) & node.devices.keys() & node.capacity.keys())
        if node.devices[name] > node.capacity[name]
    ]


def _missing(node: Node) -> list[str]:
    """Resources of which the node's labels know more than its kubelet."""
    has, names = node.capacity or node.devices, _gpu_resources(node)
    if node.labels.get(MIG_STRATEGY) == "mixed" and any(has.get(name) for name in names):
        counted = [key.removesuffix(".count") for key in node.labels if key.endswith(".count")]
        wanted = {name: _expected(node, name) for name in counted if name.startswith(MIG_PREFIX)}
        offered = {name: has.get(name, 0) + has.get(name + SHARED_SUFFIX, 0) for name in wanted}
    else:
        # A device plugin that offers nothing at all is none, whatever the labels promise.
        wanted = {GPU: max(1, _expected(node, GPU))}
        offered = {GPU: sum(has.get(name, 0) for name in names)}
    return [
        f"{offered[name]} of {count} {name}"
        for name, count in sorted(wanted.items())
        if offered[name] < count
    ]


def _gpu_resources(node: Node) -> set[str]:
    """The names under which a node offers GPUs.

    Only GPUs that are shared can have a name of somebody's choice, and such a name is believed
    only where its number is right: network cards are `nvidia.com/...` too.
    """
    has = node.capacity or node.devices
    known = {name for name, count in has.items() if is_gpu_resource(name) and count}
    if known or _told(node, REPLICAS_LABEL) <= 1:
        return known
    expected = _expected(node, GPU)
    return {name for name, count in has.items() if name.startswith(VENDOR) and count == expected}


def _expected(node: Node, resource: str) -> int:
    """How many of a resource the labels promise, replicas included; 0 when they tell none."""
    return _told(node, f"{resource}.count") * max(1, _told(node, f"{resource}.replicas"))


def _told(node: Node, label: str) -> int:
    value = node.labels.get(label, "")
    return int(value) if value.isdecimal() else 0

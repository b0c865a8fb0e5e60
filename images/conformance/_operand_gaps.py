"""Which GPU nodes an operand of the GPU operator is for, and why it does not serve one of them.

Sources: gpu-operator, controllers/state_manager.go (`gpuStateLabels`, `hasMIGCapableGPU`);
k8s-driver-manager (value `pre-installed`).
"""

from collections.abc import Iterable, Sequence

from helper.findings import Problem, some
from helper.nodes import Node
from helper.products import PRODUCT_LABEL
from helper.resource import Json, part, text
from helper.scheduling import obstacle
from images.conformance._gpu_operator import MIG_MANAGER
from images.conformance._operands import Operated

DEPLOY = "nvidia.com/gpu.deploy."
SWITCHED_OFF = frozenset({"false", "pre-installed"})  # by somebody; because the host has a driver
WORKLOAD = "nvidia.com/gpu.workload.config"
CONTAINER = "container"
MIG_CAPABLE = "nvidia.com/mig.capable"
NO_REASON = "nothing keeps it off, yet no pod of it is ready"
PAUSED = "has 'paused-for-"  # while the driver or the division of GPUs changes
MIG_PRODUCTS = ("H100", "A100", "A30")  # where no label tells


def out_of_scope(node: Node, policies: Iterable[Json]) -> str:
    """Why the operator runs no container workloads on a GPU node; empty when it does."""
    if node.labels.get(f"{DEPLOY}operands") == "false":
        return f"label {DEPLOY}operands=false"
    for policy in policies:
        sandbox = part(policy, "spec", "sandboxWorkloads")
        default = text(sandbox, "defaultWorkload") or CONTAINER
        workload = node.labels.get(WORKLOAD, default)
        if sandbox.get("enabled") is True and workload != CONTAINER:
            return f"for virtual machines ({workload})"
    return ""


def gap_problems(operated: Sequence[Operated], nodes: Sequence[Node], where: str) -> list[Problem]:
    """GPU nodes that an operand should serve and does not; equal gaps are one problem."""
    gaps: dict[tuple[tuple[str, str], ...], list[Operated]] = {}
    for setting in dict.fromkeys(item.asked_by for item in operated if item.operand):
        sets = [item for item in operated if item.asked_by == setting and item.exists]
        if found := gaps_of(sets, nodes):
            gaps.setdefault(tuple(found.items()), []).append(sets[0])
    return [_problem(found, sets, len(nodes), where) for found, sets in gaps.items()]


def gaps_of(sets: Sequence[Operated], nodes: Iterable[Node]) -> dict[str, str]:
    """The nodes that none of an operand's DaemonSets serves, and why.

    Nodes on which a DaemonSet has a pod in trouble are left to the verdict on that DaemonSet.
    """
    ready = {name for item in sets for name in item.ready_on}
    told = {name for item in sets if not item.health.ready for name in item.wanted_on}
    return {
        node.name: _why(sets, node)
        for node in nodes
        if sets and node.name not in ready | told and is_meant_for(sets, node)
    }


def is_meant_for(sets: Sequence[Operated], node: Node) -> bool:
    """Whether the operator deploys an operand on a node that runs containers."""
    keys = {key for item in sets for key in _deploy_keys(item)}
    if any(node.labels.get(key) in SWITCHED_OFF for key in keys):
        return False
    if sets[0].asked_by == MIG_MANAGER and not any(key in node.labels for key in keys):
        return _is_mig_capable(node)
    return True


def _deploy_keys(item: Operated) -> set[str]:
    selector = part(item.daemon_set, "spec", "template", "spec", "nodeSelector")
    own = {f"{DEPLOY}{item.operand.label}"} if item.operand and item.operand.label else set()
    return own | {key for key in selector if key.startswith(DEPLOY)}


def _is_mig_capable(node: Node) -> bool:
    if node.labels.get("nvidia.com/vgpu.host-driver-version"):
        return False
    if MIG_CAPABLE in node.labels:
        return node.labels[MIG_CAPABLE] == "true"
    product = node.labels.get(PRODUCT_LABEL, "").upper()
    return any(item in product for item in MIG_PRODUCTS)


def _why(sets: Sequence[Operated], node: Node) -> str:
    """What keeps all of an operand's DaemonSets off a node, told of the first."""
    obstacles = [obstacle(item.daemon_set, node) for item in sets]
    return obstacles[0] if all(obstacles) else NO_REASON


def _problem(
    found: tuple[tuple[str, str], ...], sets: Sequence[Operated], total: int, where: str
) -> Problem:
    who = f"operand {sets[0].asked_by} {where}/{sets[0].name} is"
    if len(sets) > 1:
        who = f"{len(sets)} operands ({', '.join(item.asked_by for item in sets)}) are"
    names = some([name for name, _ in found])
    return Problem(
        f"{who} not ready on {len(found)} of {total} GPU nodes: {names}; {found[0][1]} (want a "
        f"ready pod on each); see kubectl describe daemonset -n {where} {sets[0].name} and "
        f"kubectl describe node {found[0][0]}",
        may_settle=all(why == NO_REASON or PAUSED in why for _, why in found),
    )

"""The GPU operator's operands: the DaemonSets it runs on GPU nodes, and those it should run."""

from collections.abc import Sequence
from dataclasses import dataclass

from helper import nodes as node_facts
from helper.context import Context
from helper.daemon_sets import daemon_set, misses_pods
from helper.health import Health
from helper.kinds import DAEMON_SETS, PODS
from helper.kube import Kube
from helper.nodes import Node
from helper.pod_states import parse_pod
from helper.resource import Json, name, namespace, part
from helper.scheduling import targets
from images.conformance import _gpu_operator as operator
from images.conformance._gpu_operator import Operand


@dataclass(frozen=True)
class Operated:
    """A DaemonSet that the operator runs, or should run, and how it does."""

    name: str
    asked_by: str  # setting of the custom resource; empty for what is there without being required
    exists: bool
    health: Health
    misses_pods: bool = False
    wanted_on: frozenset[str] = frozenset()  # nodes that it should run on


def read_operated(
    ctx: Context, where: str, policies: Sequence[Json], nodes: Sequence[Node]
) -> list[Operated]:
    """The DaemonSets that the operator runs, and those that are missing."""
    active = [item for item in policies if not operator.parse_policy(item).is_ignored]
    wanted = [operand for item in active for operand in operator.expected_operands(item)]
    sets = ctx.kube.list(DAEMON_SETS, where)
    found = [
        Operated(
            name=name(item),
            asked_by=_asked_by(item, wanted),
            exists=True,
            health=_judge(ctx.kube, item, nodes),
            misses_pods=misses_pods(item),
            wanted_on=frozenset(node.name for node in nodes if targets(item, node)),
        )
        for item in sets
        if operator.is_operand(item, wanted)
    ]
    absent = Health(ready=False, observed="not found")
    found += [
        Operated(operand.names[0], operand.setting, exists=False, health=absent)
        for operand in wanted
        if not any(operator.implements(item, operand) for item in sets)
    ]
    rows = [
        {"daemon set": item.name, "asked by": item.asked_by, "observed": item.health.observed}
        for item in found
    ]
    ctx.evidence.table("Operands", rows, shell=f"kubectl get daemonsets -n {where}")
    return found


def cover(ctx: Context, nodes: Sequence[Node], operated: Sequence[Operated]) -> list[Node]:
    """State which GPU nodes were judged, and give them; nodes that opt out are out of scope."""
    found = [node for node in node_facts.gpu_nodes(nodes) if not operator.opts_out(node)]
    reached = {name for item in operated for name in item.wanted_on}
    left_out = node_facts.left_out(found)
    if reached:  # an operator that reaches no node at all is a finding, not a gap
        for node in node_facts.judged(found):
            if node.name not in reached:
                left_out[node.name] = "no operand is scheduled here (labels or taints)"
    ctx.evidence.coverage(len(found) - len(left_out), len(found), "GPU nodes", left_out)
    return [node for node in found if node.name not in left_out]


def operand_problems(operated: Sequence[Operated], where: str, usable: Sequence[Node]) -> list[str]:
    """What is wrong with the operands; without GPU nodes the operator creates none."""
    problems = [
        f"operand {item.asked_by or 'DaemonSet'} {where}/{item.name}: {item.health.observed} "
        f"(want a ready pod on each of its nodes); see kubectl get pods -n {where} -o wide"
        for item in operated
        if not item.health.ready and (item.exists or usable)
    ]
    if usable and operated and all(item.health.is_empty for item in operated):
        names = ", ".join(node.name for node in usable[:5])
        problems.append(
            f"no operand is scheduled on any of {len(usable)} GPU nodes ({names}); "
            "check their labels nvidia.com/gpu.deploy.* and taints against the DaemonSets"
        )
    return problems


def is_well(operated: Sequence[Operated]) -> bool:
    """Whether every operand is ready where it can be judged."""
    return all(item.health.ready for item in operated)


def _judge(kube: Kube, item: Json, nodes: Sequence[Node]) -> Health:
    """Judge one DaemonSet; its pods are read only when some are missing."""
    selector = part(item, "spec", "selector", "matchLabels")
    if not misses_pods(item) or not selector:
        return daemon_set(item, nodes)
    wanted = ",".join(f"{key}={value}" for key, value in selector.items())
    pods = kube.list(PODS, namespace(item), labels=wanted)
    return daemon_set(item, nodes, [parse_pod(pod) for pod in pods])


def _asked_by(item: Json, wanted: Sequence[Operand]) -> str:
    found = (operand.setting for operand in wanted if operator.implements(item, operand))
    return next(found, "")

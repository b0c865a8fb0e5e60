"""The GPU operator's operands: the DaemonSets it runs on GPU nodes, and those it should run."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from helper.context import Context
from helper.daemon_sets import DESIRED, daemon_set, misses_pods, own_pods
from helper.findings import Problem
from helper.health import Health, count
from helper.kinds import DAEMON_SETS, PODS
from helper.nodes import Node
from helper.pod_states import PodState, parse_pod
from helper.resource import Json, name, namespace
from helper.scheduling import selector_text, targets
from images.conformance import _gpu_operator as operator
from images.conformance._gpu_operator import Operand


@dataclass(frozen=True)
class Operated:
    """A DaemonSet that the operator runs, or should run, and how it does."""

    name: str
    operand: Operand | None  # None for what is there without being required
    health: Health
    daemon_set: Json = field(default_factory=dict, repr=False)  # empty when it is missing
    wanted_on: frozenset[str] = frozenset()  # nodes that it should run on by its own template
    ready_on: frozenset[str] = frozenset()  # nodes where it has a ready pod

    @property
    def exists(self) -> bool:
        """Whether the operator has made it."""
        return bool(self.daemon_set)

    @property
    def asked_by(self) -> str:
        """The setting of the custom resource that asks for it."""
        return self.operand.setting if self.operand else ""

    @property
    def misses_pods(self) -> bool:
        """Whether it has fewer ready pods than it wants."""
        return misses_pods(self.daemon_set)


def read_operated(
    ctx: Context, where: str, policies: Sequence[Json], nodes: Sequence[Node]
) -> list[Operated]:
    """The DaemonSets that the operator runs, and those that are missing."""
    active = [item for item in policies if not operator.parse_policy(item).is_ignored]
    wanted = [operand for item in active for operand in operator.expected_operands(item)]
    sets = ctx.kube.list(DAEMON_SETS, where)
    found = [
        _judge(ctx, item, _asked_by(item, wanted), nodes)
        for item in sets
        if operator.is_operand(item, wanted)
    ]
    absent = Health(ready=False, observed="not found")
    found += [
        Operated(operand.names[0], operand, absent)
        for operand in wanted
        if not any(operator.implements(item, operand) for item in sets)
    ]
    rows = [
        {"daemon set": item.name, "asked by": item.asked_by, "observed": item.health.observed}
        for item in found
    ]
    ctx.evidence.table("Operands", rows, shell=f"kubectl get daemonsets -n {where}")
    return found


def operand_problems(
    operated: Sequence[Operated], where: str, usable: Sequence[Node]
) -> list[Problem]:
    """What is wrong with the operands; without GPU nodes the operator creates none."""
    return [
        Problem(
            f"operand {item.asked_by or 'DaemonSet'} {where}/{item.name}: {item.health.observed} "
            f"(want a ready pod on each of its nodes); see kubectl get pods -n {where} -o wide",
            item.health.may_settle,
        )
        for item in operated
        if not item.health.ready and (item.exists or usable)
    ]


def is_well(operated: Sequence[Operated]) -> bool:
    """Whether every operand is ready where it can be judged."""
    return all(item.health.ready for item in operated)


def _judge(ctx: Context, item: Json, operand: Operand | None, nodes: Sequence[Node]) -> Operated:
    """Judge one DaemonSet.

    Its pods are read only when some are missing, or when its status counts other nodes than its
    template names: then the pods alone tell where it is.
    """
    wanted_on = frozenset(node.name for node in nodes if targets(item, node))
    ready_on, pods, now = wanted_on, None, ctx.deadline.clock.wall()
    if misses_pods(item) or count(item, DESIRED) != len(wanted_on):
        pods = _read_pods(ctx, item)
        ready_on = frozenset(pod.node for pod in own_pods(item, pods) if pod.is_ready)
    health = daemon_set(item, nodes, pods, now)
    return Operated(name(item), operand, health, item, wanted_on, ready_on)


def _read_pods(ctx: Context, item: Json) -> list[PodState]:
    wanted = selector_text(item)
    if not wanted:
        return []
    return [parse_pod(pod) for pod in ctx.kube.list(PODS, namespace(item), labels=wanted)]


def _asked_by(item: Json, wanted: Sequence[Operand]) -> Operand | None:
    return next((operand for operand in wanted if operator.implements(item, operand)), None)

"""GPU operator: it runs, its custom resource is ready, and so is every operand this asks for.

Reads         the operator's Namespace, and in it Deployments, DaemonSets, and the pods of
              DaemonSets that miss some or are not where they should be; ClusterPolicies and
              GPUClusters; nodes
Creates       nothing
Fails when    the operator's Deployment or a custom resource is missing or not ready; an operand
              that it asks for is missing, or has no ready pod on a node that it is for; a node
              offers fewer GPUs than it has, or was not divided as asked
Skips when    the recipe leaves out or disables the GPU operator; without a recipe, when there is
              no operator; when no GPU node can be judged
What to do    kubectl get pods -o wide in the operator's namespace: the first operand in the order
              driver, toolkit, device plugin that is not ready holds up the others; for missing GPUs
              look for Xid errors in dmesg of that node
"""

from collections.abc import Sequence

from helper import nodes as node_facts
from helper.check import Fail, Skip, SkipCode, check
from helper.context import Context
from helper.depth import Proof
from helper.findings import Problem, failure
from helper.kinds import DEPLOYMENTS, NODES
from helper.nodes import Node, parse_node
from helper.resource import Json, labels, name
from helper.scope import component_namespace, require_namespace
from helper.workloads import deployment
from images.conformance import _gpu_operator as operator
from images.conformance._gpu_counts import count_problems
from images.conformance._operand_gaps import gap_problems, gaps_of, out_of_scope
from images.conformance._operands import Operated, is_well, operand_problems, read_operated

COMPONENTS = ("gpu-operator", "gpu-operator-ocp")
DEFAULT_NAMESPACE = "gpu-operator"
GROUP = "nvidia.com"
PLURALS = ("clusterpolicies", "gpuclusters")  # the second from operator 26.7
OPERATOR = "gpu-operator"  # name label in the chart, object name in the OLM bundle
CONTROLLER = "nvidia-dra-driver-controller"


@check()
def gpu_operator_health(ctx: Context) -> None:
    """The GPU operator, its custom resource and its operands are ready."""
    where = component_namespace(ctx.recipe, COMPONENTS, DEFAULT_NAMESPACE)
    require_namespace(ctx, where, "the GPU operator")
    nodes = read_nodes(ctx)
    deployments = read_deployments(ctx, where)
    policies = read_policies(ctx)
    operated = read_operated(ctx, where, policies, nodes)
    usable = cover(ctx, nodes, policies)

    problems = [
        *operator_problems(deployments, policies, where, ctx.deadline.clock.wall()),
        *policy_problems(policies, operated, len(usable)),
        *operand_problems(operated, where, usable),
        *gap_problems(operated, usable, where),
        *count_problems(with_device_plugin(operated, usable), where),
    ]
    node_facts.record_each(ctx.evidence, usable, defects_of(operated, usable, where), {})
    if problems:
        raise failure(problems, len(deployments) + len(policies) + len(operated), "objects")
    if not usable:
        reason = "the GPU operator is ready, but no GPU node can be judged, and so no operand"
        raise Skip(reason, SkipCode.CAPACITY)
    idle = [item.name for item in operated if item.health.is_empty]
    note = f"; scheduled on no node: {', '.join(idle)}" if idle else ""
    ctx.evidence.result(
        f"{len(operated) - len(idle)} operands ready on {len(usable)} GPU nodes{note}"
    )
    ctx.evidence.proof(Proof.OBSERVED)


def cover(ctx: Context, nodes: Sequence[Node], policies: Sequence[Json]) -> list[Node]:
    """State which GPU nodes can be judged, and give them; others may be out of scope."""
    found = node_facts.gpu_nodes(nodes)
    outside = {node.name: why for node in found if (why := out_of_scope(node, policies))}
    if outside:
        lines = [f"{name}: {why}" for name, why in outside.items()]
        ctx.evidence.text("GPU nodes without operands for containers", "\n".join(lines))
    inside = [node for node in found if node.name not in outside]
    left_out = node_facts.left_out(inside)
    ctx.evidence.coverage(len(inside) - len(left_out), len(inside), "GPU nodes", left_out)
    node_facts.record_each(
        ctx.evidence, [node for node in inside if node.name in left_out], {}, left_out
    )
    return node_facts.judged(inside)


def defects_of(operated: Sequence[Operated], nodes: Sequence[Node], where: str) -> dict[str, str]:
    """The first thing that is wrong with each of the nodes, in the order of the check's message."""
    found: dict[str, str] = {}
    for item in operated:
        if not item.health.ready:
            waiting = item.wanted_on - item.ready_on
            found |= dict.fromkeys(waiting - found.keys(), f"no ready pod of {item.name}")
    for setting in dict.fromkeys(item.asked_by for item in operated if item.operand):
        sets = [item for item in operated if item.asked_by == setting and item.exists]
        gaps = gaps_of(sets, nodes)
        found |= {name: f"{setting}: {why}" for name, why in gaps.items() if name not in found}
    for node in with_device_plugin(operated, nodes):
        for problem in count_problems([node], where):
            words = str(problem).removeprefix(f"node {node.name}: ")
            found.setdefault(node.name, words)
    return found


def with_device_plugin(operated: Sequence[Operated], nodes: Sequence[Node]) -> list[Node]:
    """The nodes whose GPUs a ready device plugin should offer."""
    plugins = [item for item in operated if item.asked_by == operator.DEVICE_PLUGIN]
    ready_on = {name for item in plugins for name in item.ready_on}
    return [node for node in nodes if node.name in ready_on]


def read_nodes(ctx: Context) -> list[Node]:
    """All nodes; those with GPUs are evidence."""
    nodes = [parse_node(item) for item in ctx.kube.list(NODES)]
    node_facts.record(ctx.evidence, node_facts.gpu_nodes(nodes))
    return nodes


def read_deployments(ctx: Context, where: str) -> list[Json]:
    """All Deployments in the operator's namespace."""
    found = ctx.kube.list(DEPLOYMENTS, where)
    rows = [{"deployment": name(item), "observed": deployment(item).observed} for item in found]
    ctx.evidence.table("Deployments", rows, shell=f"kubectl get deployments -n {where}")
    return found


def read_policies(ctx: Context) -> list[Json]:
    """ClusterPolicies and GPUClusters; Fail when the cluster knows neither."""
    served = [resource for plural in PLURALS if (resource := ctx.kube.resource(GROUP, plural))]
    if not served:
        raise Fail(
            f"neither {' nor '.join(f'{plural}.{GROUP}' for plural in PLURALS)} is served (want "
            "the GPU operator's custom resource definitions); install the operator with its CRDs"
        )
    found = [item for resource in served for item in ctx.kube.list(resource)]
    shell = f"kubectl get {','.join(resource.title for resource in served)}"
    ctx.evidence.table("Custom resources", map(operator.parse_policy, found), shell=shell)
    return found


def operator_problems(
    deployments: Sequence[Json], policies: Sequence[Json], where: str, now: float
) -> list[Problem]:
    """What is wrong with the Deployments: the operator's own, and its DRA controller's."""
    own = [
        item
        for item in deployments
        if labels(item).get("app.kubernetes.io/name") == OPERATOR or name(item) == OPERATOR
    ]
    needed = {"the GPU operator": own}
    if any(operator.wants_controller(item) for item in policies):
        needed["the compute-domain controller"] = [
            item for item in deployments if name(item) == CONTROLLER
        ]
    problems = []
    for role, found in needed.items():
        if not found:
            see = f"kubectl get deployments -n {where}"
            words = f"no Deployment of {role} in namespace {where} (want one); see {see}"
            problems.append(Problem(words))
        for item in found:
            health = deployment(item, now)
            if not health.ready:
                words = (
                    f"Deployment {where}/{name(item)}: {health.observed} (want all replicas "
                    f"available); see kubectl describe deployment -n {where} {name(item)}"
                )
                problems.append(Problem(words, health.may_settle))
    return problems


def policy_problems(
    policies: Sequence[Json], operated: Sequence[Operated], usable: int
) -> list[Problem]:
    """What is wrong with the custom resources.

    The operator calls itself notReady as soon as one pod is missing. That is no finding where the
    pods of all nodes that can be judged are ready.
    """
    parsed = [operator.parse_policy(item) for item in policies]
    active = [policy for policy in parsed if not policy.is_ignored]
    if not active:
        seen = ", ".join(f"{policy.title} is ignored" for policy in parsed) or "none exists"
        wanted = "want one that is ready; the operator runs nothing without it"
        return [Problem(f"no ClusterPolicy or GPUCluster in use: {seen} ({wanted})")]
    if rivals := operator.rivals(active):
        return [Problem(rivals)]
    excused = is_well(operated) and any(item.misses_pods for item in operated)
    problems = {policy: operator.state_problem(policy, usable) for policy in active}
    return [
        Problem(words, operator.may_settle(policy))
        for policy, words in problems.items()
        if words and not (excused and operator.only_waits_for_pods(policy))
    ]

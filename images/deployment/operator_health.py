"""GPU operator: its own pods run and are ready.

Reads         the operator's Namespace, its pods (label app=gpu-operator), and their nodes
Creates       nothing
Fails when    the namespace or every operator pod is missing; a pod is not ready, on a node that is
              well; after a wait for pods that are on their way
Skips when    the recipe leaves out or disables the GPU operator; without a recipe, when there is
              no operator
What to do    kubectl describe pod of the one that the message names; its last lines of log and its
              events say why it does not start
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from helper import pod_states
from helper.check import check
from helper.context import Context
from helper.depth import Proof
from helper.findings import Problem, failure
from helper.kinds import NODES, PODS
from helper.kube import Kube
from helper.nodes import parse_node
from helper.pod_states import PodState, parse_pod
from helper.scope import component_namespace, require_namespace

COMPONENTS = ("gpu-operator", "gpu-operator-ocp")
DEFAULT_NAMESPACE = "gpu-operator"
GONE = "node is gone"
SELECTOR = "app=gpu-operator"  # the chart's and the OLM bundle's pod label, whatever the release
MANY_RESTARTS = 5  # reported, not judged: a pod that is ready now may have had a rough start


@check()
def operator_health(ctx: Context) -> None:
    """GPU operator pods are running and ready."""
    namespace = component_namespace(ctx.recipe, COMPONENTS, DEFAULT_NAMESPACE)
    require_namespace(ctx, namespace, "the GPU operator")
    pods = [parse_pod(item) for item in ctx.kube.list(PODS, namespace, labels=SELECTOR)]
    ctx.evidence.table(
        f"GPU operator pods in {namespace}",
        pod_states.rows(pods),
        shell=f"kubectl get pods -n {namespace} -l {SELECTOR} -o wide",
    )
    left_out = read_left_out(ctx.kube, pods)
    pods = believed(pods, left_out)
    current = [pod for pod in pods if not pod.is_over and not pod.is_leaving]
    skipped = {pod.name: f"on {pod.node}: {left_out[pod.node]}" for pod in off(current, left_out)}
    ctx.evidence.coverage(len(current) - len(skipped), len(current), "GPU operator pods", skipped)
    last = [pod for pod in pods if pod.is_leaving or pod.phase == "Failed"]
    if problems := find_problems(current, left_out, namespace, last, ctx.deadline.clock.wall()):
        raise failure(problems, len(current), "GPU operator pods")
    for pod in current:
        if pod.restarts >= MANY_RESTARTS:
            ctx.evidence.result(f"{pod.name} is ready after {pod.restarts} restarts")
    ready = sum(pod.is_ready for pod in current)
    ctx.evidence.result(f"{ready} of {len(current)} GPU operator pods ready in {namespace}")
    ctx.evidence.proof(Proof.OBSERVED)


def read_left_out(kube: Kube, pods: Iterable[PodState]) -> dict[str, str]:
    """Of the nodes that hold the operator's pods, those that cannot be judged."""
    left_out = {}
    for name in sorted({pod.node for pod in pods if pod.node and not pod.is_over}):
        node = kube.find(NODES, name)
        if reason := parse_node(node).left_out if node else GONE:
            left_out[name] = reason
    return left_out


def off(pods: Iterable[PodState], left_out: Mapping[str, str]) -> list[PodState]:
    """The pods that are not judged, because their node cannot be."""
    return [pod for pod in pods if not pod.is_ready and pod.node in left_out]


def believed(pods: Iterable[PodState], left_out: Mapping[str, str]) -> list[PodState]:
    """The pods as they are: of one whose node is gone, nobody tells any more that it is ready."""
    return [replace(pod, is_ready=False) if left_out.get(pod.node) == GONE else pod for pod in pods]


def find_problems(
    current: Sequence[PodState],
    left_out: Mapping[str, str],
    namespace: str,
    last: Sequence[PodState] = (),
    now: float = 0.0,
) -> list[Problem]:
    """What is wrong with the operator's pods; those that end or are over do not count.

    A pod that is going soon has a successor, unless nothing makes one.
    """
    where = f"in namespace {namespace} with label {SELECTOR}"
    if not current:
        see = f"kubectl get deployments,events -n {namespace}"
        seen = f"; {last[0].name} is {last[0].trouble or last[0].phase}" if last else ""
        words = f"no GPU operator pod {where}{seen} (want at least one that is ready); see {see}"
        return [Problem(words, may_settle=any(pod.may_settle(now) for pod in last))]
    problems = [
        Problem(
            f"pod {pod.name} is not ready: {pod.trouble} (want {pod.ready.split('/')[1]} ready "
            f"containers, {pod.restarts} restarts so far); see kubectl describe pod -n "
            f"{namespace} {pod.name}",
            pod.may_settle(now),
        )
        for pod in current
        if not pod.is_ready and pod.node not in left_out
    ]
    if problems or any(pod.is_ready for pod in current):
        return problems
    nodes = ", ".join(f"{name} ({reason})" for name, reason in sorted(left_out.items()))
    words = f"no GPU operator pod {where} is ready: all are on nodes that cannot be judged"
    return [Problem(f"{words}: {nodes}; bring the node back, or delete its pods so that they move")]

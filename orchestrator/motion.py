"""Whether nodes and workloads have settled, are on their way, or show no sign of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from helper.daemon_sets import daemon_set, own_pods
from helper.health import deletion, is_recent, is_young, moment
from helper.models import ComponentRef
from helper.nodes import Node, gpu_nodes, parse_node
from helper.pod_states import PodState, parse_pod
from helper.resource import Json, condition, labels, name, namespace, number, part, text
from helper.workloads import health_of
from orchestrator.convergence import Unsettled

KINDS = ("Deployment", "DaemonSet", "StatefulSet")

Place = tuple[str, str, str]  # kind, namespace and name of a workload


def of_node(obj: Json, now: float) -> Unsettled | None:
    """Judge a node: one that was not Ready for long is not on its way, and no wait is for it."""
    node = parse_node(obj)
    ready = condition(obj, "Ready")
    changed = moment(text(ready, "lastTransitionTime")) if ready else None
    if node.is_fake or not node.left_out.startswith("NotReady"):
        return None
    if not (is_young(obj, now) or is_recent(changed, now)):
        return None
    return Unsettled(f"node {node.name}", node.left_out, moves=True)


def of_gpus(nodes: Iterable[Node], with_slices: frozenset[str]) -> Iterable[Unsettled]:
    """Judge GPU nodes: each offers what it has.

    Nothing tells whether a device plugin is on its way; its DaemonSet does.
    """
    for node in gpu_nodes(nodes, with_slices):
        if node.left_out:
            continue
        if not node.gpus and node.name not in with_slices:
            yield Unsettled(f"node {node.name}", "has GPUs and offers none", moves=False)
        elif node.lacks_gpus:
            yield Unsettled(f"node {node.name}", f"offers {node.gpus_shown} GPUs", moves=False)


def of_workload(
    obj: Json, nodes: Sequence[Node], pods: Iterable[Json], now: float
) -> Unsettled | None:
    """Judge a workload by its own status and by those of its pods that are not ready."""
    kind, subject = text(obj, "kind"), title(place(obj))
    if kind != "DaemonSet" and number(obj, "spec", "replicas") == 0:
        return None
    if ending := deletion(obj):
        return Unsettled(subject, ending, moves=False)
    health = health_of(kind, obj, nodes, now)
    if health.ready:
        return None
    own, words = _own(obj, pods), health.observed
    if kind == "DaemonSet":
        traced = daemon_set(obj, nodes, own, now)
        if traced.ready:
            return None
        words = traced.observed
    troubled = [pod for pod in own if not (pod.is_ready or pod.is_over)]
    troubled.sort(key=lambda pod: (not pod.is_stuck, pod.may_settle(now), pod.name))
    if troubled and troubled[0].name not in words:
        words += f"; {troubled[0].name}: {troubled[0].trouble}"
    on_its_way = health.may_settle or any(pod.may_settle(now) for pod in troubled)
    return Unsettled(subject, words, moves=on_its_way and not any(p.is_stuck for p in troubled))


def absent(
    components: Iterable[ComponentRef], groups: Collection[tuple[str, str]], there: Iterable[Json]
) -> Sequence[Place]:
    """The workloads that the recipe expects, of kinds and namespaces that were looked at."""
    known = set(map(place, there))
    return [item for item in expected(components) if item[:2] in groups and item not in known]


def expected(components: Iterable[ComponentRef]) -> Sequence[Place]:
    """The workloads that the recipe names, with the namespaces in which they must be."""
    found = {
        (item.kind, item.namespace or ref.namespace, item.name)
        for ref in components
        if ref.enabled
        for item in ref.expected_resources
        if item.kind in KINDS and (item.namespace or ref.namespace)
    }
    return sorted(found)


def namespaces(components: Sequence[ComponentRef]) -> Sequence[str]:
    """Where the recipe's components and their workloads are."""
    own = {ref.namespace for ref in components if ref.enabled}
    return sorted(own | {where for _, where, _ in expected(components)} - {""})


def title(found: Place) -> str:
    """A workload as people write it."""
    kind, where, what = found
    return f"{kind} {where}/{what}"


def place(obj: Json) -> Place:
    """Kind, namespace and name of a workload."""
    return text(obj, "kind"), namespace(obj), name(obj)


def _own(obj: Json, pods: Iterable[Json]) -> list[PodState]:
    """The pods of a workload among those of its namespace."""
    wanted = part(obj, "spec", "selector", "matchLabels")
    found = [parse_pod(pod) for pod in pods if wanted and _fits(wanted, labels(pod))]
    return own_pods(obj, found) if text(obj, "kind") == "DaemonSet" else found


def _fits(wanted: Mapping[str, object], has: Mapping[str, str]) -> bool:
    return all(has.get(key) == str(value) for key, value in wanted.items())

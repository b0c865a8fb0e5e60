"""Whether a DaemonSet does its work on the nodes that can be judged."""

from collections.abc import Iterable
from dataclasses import replace

from helper import nodes as node_facts
from helper.health import Health, count, is_young, unusable, updates_on_delete
from helper.nodes import Node
from helper.pod_states import PodState
from helper.resource import Json, name
from helper.scheduling import targets

DESIRED = "desiredNumberScheduled"


def daemon_set(
    obj: Json,
    nodes: Iterable[Node] = (),
    pods: Iterable[PodState] | None = None,
    now: float = 0.0,
) -> Health:
    """Judge a DaemonSet on the nodes that can be judged.

    Pods on nodes that are left out never count against it. With `pods` each missing pod is traced
    to its node; without, as many pods may be missing as nodes are left out, since the pod of a
    dead node is never ready.
    """
    wanted, ready = count(obj, DESIRED), count(obj, "numberReady")
    if verdict := unusable(obj):
        return verdict
    if wanted == 0:
        return Health(ready=True, observed="0 pods wanted: no node matches", is_empty=True)
    nodes = list(nodes)
    excused = [node for node in nodes if node.left_out and targets(obj, node)]
    observed = f"{ready} of {wanted} pods ready"
    if ready < wanted and pods is not None:
        return _with_pods(wanted, nodes, own_pods(obj, pods), excused, now)
    updated = wanted if updates_on_delete(obj) else count(obj, "updatedNumberScheduled")
    if updated < wanted:
        observed += f", {updated} of the current revision"
    shortfall = wanted - min(ready, updated)
    left_out = node_facts.left_out(excused)
    if shortfall > 0:  # fake nodes too may be what hides a missing pod
        left_out = {node.name: node.left_out for node in excused}
    is_ready = shortfall <= len(excused)
    on_its_way = updated < wanted or is_young(obj, now)
    return Health(is_ready, observed, left_out, may_settle=not is_ready and on_its_way)


def own_pods(obj: Json, pods: Iterable[PodState]) -> list[PodState]:
    """The pods of a DaemonSet among those that its selector finds."""
    owners = ("", f"DaemonSet/{name(obj)}")
    return [item for item in pods if item.owner in owners and item.phase != "Succeeded"]


def misses_pods(obj: Json) -> bool:
    """Whether a DaemonSet has fewer ready pods than it wants."""
    return count(obj, "numberReady") < count(obj, DESIRED)


def _with_pods(
    wanted: int,
    nodes: Iterable[Node],
    pods: Iterable[PodState],
    excused: Iterable[Node],
    now: float,
) -> Health:
    """Judge by the pods of the nodes that can be judged."""
    known = {node.name: node for node in nodes}
    gone = Node("", left_out="node is gone")
    skipped = {node.name: node for node in excused}
    ready_on, reached, troubled = set(), set(), []
    for pod_state in pods:
        where = pod_state.node
        reached.add(where or pod_state.name)
        node = known.get(where, gone) if where else None
        if node and node.left_out:
            skipped[where] = replace(node, name=where)
        elif pod_state.is_ready:
            ready_on.add(where)
        else:
            troubled.append(pod_state)
    # A pod that is leaving is no trouble where its successor is ready.
    troubled = [item for item in troubled if item.node not in ready_on or not item.node]
    missing = wanted - len(reached | set(skipped))
    observed = f"{len(ready_on)} of {max(wanted - len(skipped), len(ready_on))} pods ready"
    if troubled:
        worst = min(troubled, key=lambda item: item.may_settle(now))
        at = f" on {worst.node}" if worst.node else ""
        observed += f"; {worst.name}{at}: {worst.trouble or worst.phase}"
    elif missing > 0:
        observed += f"; nodes without a pod: {missing}"
    left_out = node_facts.left_out(skipped.values())
    is_ready = not troubled and missing <= 0
    # A pod that the controller has yet to create comes at once or not at all.
    on_its_way = all(item.may_settle(now) for item in troubled)
    return Health(is_ready, observed, left_out, may_settle=not is_ready and on_its_way)

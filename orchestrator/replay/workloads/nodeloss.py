"""A node that falls silent: what the cluster says of it, and what becomes of its pods."""

from functools import partial

from helper import kinds
from orchestrator.replay import deletion
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.faults import Fault
from orchestrator.replay.faultspec import NodeLost
from orchestrator.replay.objects import Json, is_deleting, name_of, namespace_of, now, uid_of
from orchestrator.replay.store import Edit, Missing
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.events import Note
from orchestrator.replay.workloads.node import Node
from orchestrator.replay.workloads.podconditions import condition

_SILENT = "Kubelet stopped posting node status."
_UNREACHABLE = "node.kubernetes.io/unreachable"
_NODE_CONTROLLER, _TAINT_MANAGER = "node-controller", "taint-eviction-controller"
_CONDITIONS = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")


def strike(node: Node, name: str, fault: NodeLost) -> None:
    """Let a node be lost; its kubelet does nothing from now on."""
    for pod in _pods_on(node, name):
        _silence(node, pod, name)
    if fault.removed:
        kind = node.state.kinds.of(kinds.NODES)
        deletion.delete_quietly(node.state, kind, "", name, DeleteOptions())
        for pod in _pods_on(node, name):
            _collect(node, pod)
        return
    _edit_node(node, name, _unreachable)
    for pod in _pods_on(node, name):
        _edit(node, pod, _unready)
        note = Note("NodeNotReady", "Node is not ready", warning=True)
        node.events.write(pod, _NODE_CONTROLLER, note)
    node.loop.later(fault.deleted_after, partial(_evict_all, node, name))


def _pods_on(node: Node, name: str) -> list[Json]:
    pods = node.state.store.objects(kinds.PODS)
    return [pod for pod in pods if (pod.get("spec") or {}).get("nodeName") == name]


def _silence(node: Node, pod: Json, name: str) -> None:
    """Let a log be refused: the API server asks the node for it."""
    address = f"{node.address(name)}:10250"
    place = f"{namespace_of(pod)}/{name_of(pod)}"
    problem = f"dial tcp {address}: connect: no route to host"
    node.state.faults.append(
        Fault(
            resource="pods/log",
            namespace=namespace_of(pod),
            name=name_of(pod),
            message=f'Get "https://{address}/containerLogs/{place}": {problem}',
        )
    )


def _collect(node: Node, pod: Json) -> None:
    """Remove a pod without a node, as the pod garbage collector does."""
    message = "PodGC: node no longer exists"
    _edit(node, pod, partial(podstatus.disrupted, reason="DeletionByPodGC", message=message))
    _edit(node, pod, _failed)
    kind, options = node.state.kinds.of(kinds.PODS), DeleteOptions(grace_s=0, uid=uid_of(pod))
    deletion.delete_quietly(node.state, kind, namespace_of(pod), name_of(pod), options)


def _evict_all(node: Node, name: str) -> None:
    """Tell the pods of an unreachable node to go; nobody there hears it."""
    for pod in _pods_on(node, name):
        if is_deleting(pod) or _stays(pod):
            continue
        message = "Taint manager: deleting due to NoExecute taint"
        reason = "DeletionByTaintManager"
        _edit(node, pod, partial(podstatus.disrupted, reason=reason, message=message))
        words = f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}"
        node.events.write(pod, _TAINT_MANAGER, Note("TaintManagerEviction", words))
        kind, options = node.state.kinds.of(kinds.PODS), DeleteOptions(uid=uid_of(pod))
        deletion.delete_quietly(node.state, kind, namespace_of(pod), name_of(pod), options)


def _stays(pod: Json) -> bool:
    """Whether a pod tolerates an unreachable node for ever, as those of DaemonSets do."""
    for toleration in pod["spec"].get("tolerations") or []:
        everything = not toleration.get("key") and toleration.get("operator") == "Exists"
        meant = toleration.get("key") == _UNREACHABLE or everything
        if meant and toleration.get("tolerationSeconds") is None:
            return True
    return False


def _unreachable(obj: Json) -> Json:
    conditions = obj["status"].get("conditions") or []
    kept = [c for c in conditions if c.get("type") not in _CONDITIONS]
    lost = [condition(kind, "Unknown", "NodeStatusUnknown", _SILENT) for kind in _CONDITIONS]
    obj["status"]["conditions"] = [*kept, *lost]
    taints = [
        {"key": _UNREACHABLE, "effect": effect, "timeAdded": now()}
        for effect in ("NoSchedule", "NoExecute")
    ]
    spec = obj.setdefault("spec", {})
    spec["taints"] = [*(spec.get("taints") or []), *taints]
    return obj


def _unready(pod: Json) -> Json:
    for found in pod["status"].get("conditions") or []:
        if found.get("type") == "Ready":
            found.update(status="False", lastTransitionTime=now())
    return pod


def _failed(pod: Json) -> Json:
    pod["status"]["phase"] = "Failed"
    return pod


def _edit(node: Node, pod: Json, edit: Edit) -> None:
    try:
        node.state.store.update(kinds.PODS, namespace_of(pod), name_of(pod), edit)
    except Missing:
        return


def _edit_node(node: Node, name: str, edit: Edit) -> None:
    try:
        node.state.store.update(kinds.NODES, "", name, edit)
    except Missing:
        return

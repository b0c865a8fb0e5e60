"""The DaemonSet controller: a pod on each node that its template allows."""

from functools import partial

from helper import kinds
from orchestrator.replay.objects import (
    Json,
    clone,
    is_deleting,
    labels_of,
    meta,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.store import Change
from orchestrator.replay.workloads import nodefit, podkeeper
from orchestrator.replay.workloads.events import EventWriter, Note
from orchestrator.replay.workloads.loop import Loop, Once
from orchestrator.replay.workloads.podkeeper import PodKeeper

_SYNC_S = 0.01
_CREATE_AGAIN_S = 0.2  # after a pod was refused
_HASH = "controller-revision-hash"
# What every daemon pod tolerates (pkg/controller/daemon/util).
_TOLERATED = (
    ("NoExecute", "not-ready"),
    ("NoExecute", "unreachable"),
    ("NoSchedule", "disk-pressure"),
    ("NoSchedule", "memory-pressure"),
    ("NoSchedule", "pid-pressure"),
    ("NoSchedule", "unschedulable"),
)


class DaemonSetController:
    """Runs the DaemonSets that were created here; an update replaces all pods at once."""

    def __init__(self, state: State, loop: Loop, events: EventWriter) -> None:
        self._store = state.store
        self._keeper = PodKeeper(state, events, "daemonset-controller")
        self._known: dict[str, tuple[str, str]] = {}  # place by uid
        self._once = Once(loop, self._sync)

    def set_changed(self, change: Change) -> None:
        """Take note of a new or altered set."""
        uid, place = uid_of(change.new), (change.key.namespace, change.key.name)
        if change.type == "ADDED" and change.live:
            self._known[uid] = place
        if change.type == "DELETED":
            self._known.pop(uid, None)
        elif uid in self._known:
            self._once.later(_SYNC_S, *place)

    def pod_changed(self, change: Change) -> None:
        """Look at the set whose pod has changed."""
        for owner in owners_of(change.new):
            if owner.get("uid") in self._known:
                self._once.later(_SYNC_S, change.key.namespace, owner["name"])

    def node_changed(self) -> None:
        """Look at all sets: a node may have come, gone, or become another."""
        for place in self._known.values():
            self._once.later(_SYNC_S, *place)

    def _sync(self, namespace: str, name: str) -> None:
        owner = self._store.find(kinds.DAEMON_SETS, namespace, name)
        if owner is None or is_deleting(owner) or uid_of(owner) not in self._known:
            return
        wanted = [node for node in self._store.objects(kinds.NODES) if _may_run(owner, node)]
        names = {name_of(node) for node in wanted}
        version = podkeeper.hash_of(owner["spec"]["template"])
        kept: set[str] = set()
        for pod in self._keeper.pods_of(owner):
            if is_deleting(pod):
                kept.add(_node_of(pod))  # its successor comes when it is gone
            elif self._is_useless(owner, pod, names - kept, version):
                self._keeper.delete(owner, pod)
                kept.add(_node_of(pod))
            else:
                kept.add(_node_of(pod))
        for node in wanted:
            if name_of(node) in kept:
                continue
            if not self._keeper.create(owner, _pod_for(owner, name_of(node), version)):
                self._once.later(_CREATE_AGAIN_S, namespace, name)
                break
        pods = [pod for pod in self._keeper.pods_of(owner) if podkeeper.is_active(pod)]
        self._keeper.write(owner, partial(_counted, pods=pods, wanted=names, version=version))

    def _is_useless(self, owner: Json, pod: Json, wanted: set[str], version: str) -> bool:
        """Whether a pod has failed, is one too many, out of place, or of an old template."""
        if pod["status"].get("phase") == "Failed":
            where = f"{namespace_of(pod)}/{name_of(pod)} on node {_node_of(pod)}"
            words = f"Found failed daemon pod {where}, will try to kill it"
            self._keeper.note(owner, Note("FailedDaemonPod", words, warning=True))
            return True
        old = labels_of(pod).get(_HASH) != version
        rolls = owner["spec"]["updateStrategy"]["type"] != "OnDelete"
        return _node_of(pod) not in wanted or (old and rolls)


def _may_run(owner: Json, node: Json) -> bool:
    return nodefit.objection(_spec_of(owner), node) is None


def _spec_of(owner: Json) -> Json:
    """Give the template's spec with the tolerations that daemon pods have."""
    spec: Json = clone(owner["spec"]["template"]["spec"])
    tolerations = spec.setdefault("tolerations", [])
    for effect, name in _TOLERATED:
        key = f"node.kubernetes.io/{name}"
        tolerations.append({"effect": effect, "key": key, "operator": "Exists"})
    return spec


def _pod_for(owner: Json, node: str, version: str) -> Json:
    """Compose the pod for one node: the scheduler places it, by the node's name."""
    labels = {_HASH: version, "pod-template-generation": str(meta(owner)["generation"])}
    pod = podkeeper.composed(owner, labels)
    spec = pod["spec"] = _spec_of(owner)
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    by_name = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    # This replaces what the template demands: the node was chosen by it.
    affinity[nodefit.REQUIRED] = {"nodeSelectorTerms": [by_name]}
    return pod


def _node_of(pod: Json) -> str:
    """Give the node that a daemon pod is on or meant for."""
    for term in nodefit.node_terms(pod["spec"]) or []:
        for field in term.get("matchFields") or []:
            return str(field["values"][0])
    return str(pod["spec"].get("nodeName") or "")


def _counted(owner: Json, pods: list[Json], wanted: set[str], version: str) -> Json:
    right = [pod for pod in pods if _node_of(pod) in wanted]
    ready = sum(map(podkeeper.is_ready, right))
    status = {
        "currentNumberScheduled": len(right),
        "desiredNumberScheduled": len(wanted),
        "numberMisscheduled": len(pods) - len(right),
        "numberReady": ready,
        "observedGeneration": meta(owner)["generation"],
        "updatedNumberScheduled": sum(labels_of(pod).get(_HASH) == version for pod in right),
    }
    counts = {"numberAvailable": ready, "numberUnavailable": len(wanted) - ready}
    owner["status"] = status | {key: count for key, count in counts.items() if count}
    return owner

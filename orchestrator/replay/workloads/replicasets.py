"""The ReplicaSet controller: keeps as many pods as a set wants."""

from functools import partial

from helper import kinds
from orchestrator.replay.objects import Json, is_deleting, meta, owners_of, uid_of
from orchestrator.replay.state import State
from orchestrator.replay.store import Change
from orchestrator.replay.workloads import podkeeper
from orchestrator.replay.workloads.events import EventWriter
from orchestrator.replay.workloads.loop import Loop, Once
from orchestrator.replay.workloads.podkeeper import PodKeeper

_SYNC_S = 0.01
_CREATE_AGAIN_S = 0.2  # after a pod was refused


class ReplicaSetController:
    """Runs the ReplicaSets that were created here."""

    def __init__(self, state: State, loop: Loop, events: EventWriter) -> None:
        self._store = state.store
        self._keeper = PodKeeper(state, events, "replicaset-controller")
        self._known: set[str] = set()  # uids
        self._once = Once(loop, self._sync)

    def set_changed(self, change: Change) -> None:
        """Take note of a new or altered set."""
        if change.type == "ADDED" and change.live:
            self._known.add(uid_of(change.new))
        if change.type == "DELETED":
            self._known.discard(uid_of(change.new))
        elif uid_of(change.new) in self._known:
            self._once.later(_SYNC_S, change.key.namespace, change.key.name)

    def pod_changed(self, change: Change) -> None:
        """Look at the set whose pod has changed."""
        for owner in owners_of(change.new):
            if owner.get("uid") in self._known:
                self._once.later(_SYNC_S, change.key.namespace, owner["name"])

    def _sync(self, namespace: str, name: str) -> None:
        owner = self._store.find(kinds.REPLICA_SETS, namespace, name)
        if owner is None or is_deleting(owner) or uid_of(owner) not in self._known:
            return
        active = [pod for pod in self._keeper.pods_of(owner) if podkeeper.is_active(pod)]
        surplus = len(active) - owner["spec"]["replicas"]
        for _ in range(-surplus):
            if not self._keeper.create(owner, podkeeper.composed(owner)):
                self._once.later(_CREATE_AGAIN_S, namespace, name)
                break
        if surplus > 0:  # those that are not ready go first
            for pod in sorted(active, key=podkeeper.is_ready)[:surplus]:
                self._keeper.delete(owner, pod)
        self._keeper.write(owner, partial(_counted, pods=self._keeper.pods_of(owner)))


def _counted(owner: Json, pods: list[Json]) -> Json:
    active = [pod for pod in pods if podkeeper.is_active(pod)]
    ready = sum(map(podkeeper.is_ready, active))
    status: Json = {
        "observedGeneration": meta(owner)["generation"],
        "replicas": len(active),
        "terminatingReplicas": sum(is_deleting(pod) for pod in pods),
    }
    counts = {
        "fullyLabeledReplicas": len(active),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    owner["status"] = status | {key: count for key, count in counts.items() if count}
    return owner

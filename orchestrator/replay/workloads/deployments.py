"""The Deployment controller: a ReplicaSet for each template, and the conditions of a rollout."""

import time
from functools import partial

from helper import kinds
from orchestrator.replay import creation
from orchestrator.replay.objects import (
    Json,
    annotations_of,
    clone,
    is_deleting,
    labels_of,
    meta,
    name_of,
    namespace_of,
    now,
    owners_of,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.statuses import ApiError
from orchestrator.replay.store import Change
from orchestrator.replay.workloads import podkeeper
from orchestrator.replay.workloads.events import EventWriter, Note
from orchestrator.replay.workloads.loop import Loop, Once
from orchestrator.replay.workloads.podkeeper import PodKeeper

_SYNC_S = 0.01
_REVISION = "deployment.kubernetes.io/revision"
_COUNTS = ("replicas", "readyReplicas", "availableReplicas", "terminatingReplicas")


class DeploymentController:
    """Runs the Deployments that were created here; a rollout replaces all pods at once."""

    def __init__(self, state: State, loop: Loop, events: EventWriter) -> None:
        self._state = state
        self._loop = loop
        self._keeper = PodKeeper(state, events, "deployment-controller")
        self._begun: dict[str, tuple[str, float]] = {}  # by uid: the newest set, since when
        self._once = Once(loop, self._sync)

    def deployment_changed(self, change: Change) -> None:
        """Take note of a new or altered Deployment."""
        uid = uid_of(change.new)
        if change.type == "ADDED" and change.live:
            self._begun[uid] = ("", time.monotonic())
        if change.type == "DELETED":
            self._begun.pop(uid, None)
        elif uid in self._begun:
            self._once.later(_SYNC_S, change.key.namespace, change.key.name)

    def set_changed(self, change: Change) -> None:
        """Look at the Deployment whose ReplicaSet has changed."""
        for owner in owners_of(change.new):
            if owner.get("uid") in self._begun:
                self._once.later(_SYNC_S, change.key.namespace, owner["name"])

    def _sync(self, namespace: str, name: str) -> None:
        owner = self._state.store.find(kinds.DEPLOYMENTS, namespace, name)
        if owner is None or is_deleting(owner) or uid_of(owner) not in self._begun:
            return
        sets = self._sets_of(owner)
        wanted = _set_for(owner, revision=len(sets) + 1)
        newest = next((item for item in sets if name_of(item) == name_of(wanted)), None)
        if newest is None:
            newest = self._create(owner, wanted)
        if newest is None:
            return
        self._scale(owner, newest, owner["spec"]["replicas"])
        for item in sets:
            if uid_of(item) != uid_of(newest):
                self._scale(owner, item, 0)
        late = self._is_late(owner, newest)
        edit = partial(_rolled, sets=self._sets_of(owner), newest=name_of(newest), late=late)
        self._keeper.write(owner, edit)

    def _sets_of(self, owner: Json) -> list[Json]:
        found = self._state.store.objects(kinds.REPLICA_SETS, namespace_of(owner))
        return [item for item in found if podkeeper.is_owned(item, owner)]

    def _create(self, owner: Json, wanted: Json) -> Json | None:
        kind = self._state.kinds.of(kinds.REPLICA_SETS)
        try:
            made = creation.create(self._state, kind, wanted)
        except ApiError as error:  # as in a namespace that goes
            note = Note("ReplicaSetCreateError", f"Failed to create new replica set: {error}", True)
            self._keeper.note(owner, note)
            return None
        self._tell_scaled(owner, made, 0, made["spec"]["replicas"])
        return made

    def _scale(self, owner: Json, item: Json, replicas: int) -> None:
        before = item["spec"]["replicas"]
        if before == replicas:
            return

        def edit(current: Json) -> Json:
            current["spec"]["replicas"] = replicas
            meta(current)["generation"] += 1
            return current

        self._keeper.write(item, edit)
        self._tell_scaled(owner, item, before, replicas)

    def _tell_scaled(self, owner: Json, item: Json, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        words = f"Scaled {way} replica set {name_of(item)} from {before} to {after}"
        self._keeper.note(owner, Note("ScalingReplicaSet", words))

    def _is_late(self, owner: Json, newest: Json) -> bool:
        """Whether a rollout has taken longer than it may; looks again when it will have."""
        known, since = self._begun[uid_of(owner)]
        if known != name_of(newest):
            since = time.monotonic()
            self._begun[uid_of(owner)] = (name_of(newest), since)
            limit_s = owner["spec"]["progressDeadlineSeconds"]
            place = (namespace_of(owner), name_of(owner))
            self._loop.later(limit_s, partial(self._once.later, 0, *place))
        return bool(time.monotonic() - since >= owner["spec"]["progressDeadlineSeconds"])


def _set_for(owner: Json, revision: int) -> Json:
    """Compose the ReplicaSet for the present template of a Deployment."""
    spec = clone(owner["spec"])
    own = {"pod-template-hash": podkeeper.hash_of(spec["template"])}
    labels = {**labels_of(spec["template"]), **own}
    spec["template"]["metadata"]["labels"] = labels
    selector = spec["selector"]
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **own}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(owner)}-{own['pod-template-hash']}",
            "namespace": namespace_of(owner),
            "labels": labels,
            "annotations": {_REVISION: str(revision)},
            "ownerReferences": [podkeeper.reference(owner)],
        },
        "spec": {
            "replicas": spec["replicas"],
            "selector": selector,
            "template": spec["template"],
        },
    }


def _rolled(owner: Json, sets: list[Json], newest: str, *, late: bool) -> Json:
    """Give a Deployment with the counts of its sets and what they mean."""
    current = next(item for item in sets if name_of(item) == newest)
    counts = {key: sum(item["status"].get(key, 0) for item in sets) for key in _COUNTS}
    counts["updatedReplicas"] = current["status"].get("replicas", 0)
    wanted, available = owner["spec"]["replicas"], counts["availableReplicas"]
    if unavailable := max(wanted - available, 0):
        counts["unavailableReplicas"] = unavailable
    status = {key: count for key, count in counts.items() if count}
    old = (owner.get("status") or {}).get("conditions") or []
    conditions = [
        _available(met=available >= wanted - wanted // 4),
        _progressing(current, done=available == counts["replicas"] == wanted, late=late),
    ]
    owner["status"] = {
        **status,
        "terminatingReplicas": counts["terminatingReplicas"],
        "observedGeneration": meta(owner)["generation"],
        "conditions": [_since(condition, old) for condition in conditions],
    }
    revision = annotations_of(current).get(_REVISION, "1")
    meta(owner)["annotations"] = {**annotations_of(owner), _REVISION: revision}
    return owner


def _available(*, met: bool) -> Json:
    if met:
        words = "Deployment has minimum availability."
        return _condition("Available", "True", "MinimumReplicasAvailable", words)
    words = "Deployment does not have minimum availability."
    return _condition("Available", "False", "MinimumReplicasUnavailable", words)


def _progressing(current: Json, *, done: bool, late: bool) -> Json:
    title = f'ReplicaSet "{name_of(current)}"'
    if done:
        words = f"{title} has successfully progressed."
        return _condition("Progressing", "True", "NewReplicaSetAvailable", words)
    if late:
        words = f"{title} has timed out progressing."
        return _condition("Progressing", "False", "ProgressDeadlineExceeded", words)
    return _condition("Progressing", "True", "ReplicaSetUpdated", f"{title} is progressing.")


def _condition(kind: str, status: str, reason: str, message: str) -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _since(condition: Json, old: list[Json]) -> Json:
    """Add times: what did not change keeps its own."""
    known = next((c for c in old if c["type"] == condition["type"]), {})
    if all(known.get(key) == value for key, value in condition.items()):
        return known
    same = known.get("status") == condition["status"]
    changed = known["lastTransitionTime"] if same else now()
    return {**condition, "lastUpdateTime": now(), "lastTransitionTime": changed}

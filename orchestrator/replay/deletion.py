"""How an object leaves a cluster: at once, after its dependents, or when its process ended."""

from dataclasses import dataclass

from helper import kinds
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json, clone, is_deleting, meta, now, owners_of, uid_of
from orchestrator.replay.state import State
from orchestrator.replay.statuses import conflict, not_found
from orchestrator.replay.store import Missing

FOREGROUND = "foregroundDeletion"
_CRD_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_DEFAULT_GRACE_S = 30


@dataclass(frozen=True)
class DeleteOptions:
    """What the caller of a delete may say."""

    propagation: str = ""
    grace_s: int | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False


@dataclass(frozen=True)
class Deleted:
    """The object after a delete; `gone` when it left at once."""

    obj: Json
    gone: bool


def delete(
    state: State, kind: Served, namespace: str, name: str, options: DeleteOptions
) -> Deleted:
    """Delete an object, or begin to; raises ApiError 404 or 409."""
    store, resource = state.store, kind.resource
    with store.changed:
        obj = store.find(resource, namespace, name)
        if obj is None:
            raise not_found(resource, name)
        _check_preconditions(kind, obj, name, options)
        if options.dry_run:
            return Deleted(obj, gone=True)
        marked = clone(obj)
        _mark(kind, marked, options)
        if (options.propagation or _default_propagation(kind)) == "Orphan":
            _orphan(state, uid_of(obj))
        metadata = meta(marked)
        waits = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
        if not waits and resource != kinds.NAMESPACES:
            return Deleted(store.remove(resource, namespace, name), gone=True)
        new = store.update(resource, namespace, name, lambda _: marked)
        return Deleted(new, gone=False)


def delete_quietly(
    state: State, kind: Served, namespace: str, name: str, options: DeleteOptions
) -> None:
    """Delete an object that may be gone already; for controllers."""
    with state.store.changed:
        if state.store.find(kind.resource, namespace, name) is not None:
            delete(state, kind, namespace, name, options)


def drop_finalizer(state: State, kind: Served, namespace: str, name: str, finalizer: str) -> None:
    """Take a finalizer off an object, which may let it go."""

    def edit(obj: Json) -> Json:
        finalizers = [f for f in meta(obj).get("finalizers") or [] if f != finalizer]
        meta(obj)["finalizers"] = finalizers
        if not finalizers:
            del meta(obj)["finalizers"]
        return obj

    try:
        state.store.update(kind.resource, namespace, name, edit)
    except Missing:
        return


def _check_preconditions(kind: Served, obj: Json, name: str, options: DeleteOptions) -> None:
    if options.uid and options.uid != uid_of(obj):
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({uid_of(obj)}). The object might have been deleted and then recreated"
        )
        raise conflict(kind.resource, name, why, kind=kind.resource.kind)
    version = meta(obj)["resourceVersion"]
    if options.version and options.version != version:
        why = (
            f"the ResourceVersion in the precondition ({options.version}) does not match the "
            f"ResourceVersion in record ({version}). The object might have been modified"
        )
        raise conflict(kind.resource, name, why, kind=kind.resource.kind)


def _mark(kind: Served, obj: Json, options: DeleteOptions) -> None:
    metadata = meta(obj)
    finalizers = list(metadata.get("finalizers") or [])
    if options.propagation == "Foreground" and FOREGROUND not in finalizers:
        finalizers.append(FOREGROUND)
    if kind.resource == kinds.CRDS and _CRD_CLEANUP not in finalizers:
        finalizers.append(_CRD_CLEANUP)
    if finalizers:
        metadata["finalizers"] = finalizers
    grace_s = _grace(kind, obj, options)
    first = not is_deleting(obj)
    if first or grace_s < int(metadata.get("deletionGracePeriodSeconds") or 0):
        metadata["deletionTimestamp"] = now(grace_s)
        metadata["deletionGracePeriodSeconds"] = grace_s
        if first and "generation" in metadata:
            metadata["generation"] += 1
    if kind.resource == kinds.NAMESPACES:
        del metadata["deletionGracePeriodSeconds"]
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}


def _grace(kind: Served, obj: Json, options: DeleteOptions) -> int:
    """Seconds that a process gets to end; only pods that may have one wait."""
    if kind.resource != kinds.PODS:
        return 0
    spec, phase = obj.get("spec") or {}, (obj.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    if options.grace_s is not None:
        return options.grace_s
    return int(spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE_S))


def _default_propagation(kind: Served) -> str:
    # Jobs orphan their pods unless told otherwise (registry/batch/job/strategy.go).
    return "Orphan" if kind.resource == kinds.JOBS else "Background"


def _orphan(state: State, uid: str) -> None:
    """Let the dependents forget their owner before it goes."""
    for key, obj in state.store.everything():
        kind = state.kinds.any_version(key.group, key.plural)
        if kind is None or all(owner.get("uid") != uid for owner in owners_of(obj)):
            continue

        def edit(dependent: Json) -> Json:
            left = [owner for owner in owners_of(dependent) if owner.get("uid") != uid]
            meta(dependent)["ownerReferences"] = left
            if not left:
                del meta(dependent)["ownerReferences"]
            return dependent

        state.store.update(kind.resource, key.namespace, key.name, edit)

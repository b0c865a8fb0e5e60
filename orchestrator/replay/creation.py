"""How a new object comes into a cluster, whoever creates it."""

from helper import kinds
from helper.kinds import Resource
from orchestrator.replay import (
    admission,
    bootstrap,
    defaults,
    ownership,
    templates,
    unemulated,
    validation,
)
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import (
    Json,
    clone,
    generated_name,
    is_deleting,
    meta,
    name_of,
    namespace_of,
    new_uid,
    now,
    stable_uid,
    uid_of,
)
from orchestrator.replay.schema import fill_defaults
from orchestrator.replay.state import State
from orchestrator.replay.statuses import Cause, already_exists, forbidden, invalid, not_found

RECORDED_AT = "2026-01-01T00:00:00Z"  # creation time of recorded objects that do not say theirs
# Kinds whose status a create may set; of all others it starts empty.
_KEEPS_STATUS = frozenset({"Node", "APIService", "PersistentVolume", "ResourceClaim"})


def create(
    state: State,
    kind: Served,
    body: Json,
    *,
    manager: str = "",
    applied_by: str = "",
    dry_run: bool = False,
) -> Json:
    """Check, complete and store a new object; raises ApiError.

    `manager` owns its fields, or `applied_by` when it comes by server-side apply.
    """
    obj = clone(body)
    if kind.custom and kind.schema:
        fill_defaults(obj, kind.schema)
    prefix = str(meta(obj).get("generateName") or "")
    generated = bool(prefix) and not name_of(obj)
    if generated:
        meta(obj)["name"] = generated_name(prefix)
    _check_namespace(state, kind.resource, obj, title="" if generated else name_of(obj))
    validation.check_new(kind, obj)
    if kind.resource == kinds.PODS:
        _check_account(state, obj)
    if kind.resource.kind in templates.CLAIMS:
        _check_claim(state, kind.resource, obj)
    place = (kind.resource, namespace_of(obj))
    while generated and state.store.find(*place, name_of(obj)) is not None:
        meta(obj)["name"] = generated_name(prefix)
    _complete(kind, obj)
    if applied_by:
        obj = ownership.owned(obj, body, applied_by)
    elif manager:
        obj = ownership.tracked(None, obj, manager)
    with state.store.changed:  # what a quota leaves is given once
        admission.check(state.store, kind.resource, obj)
        unemulated.refuse(kind, obj)
        if state.store.find(*place, name_of(obj)) is not None:
            raise already_exists(kind.resource, name_of(obj))
        if dry_run:
            return obj
        stored = state.store.insert(kind.resource, obj)
    return _settled(state, stored)


def fill_recorded(kind: Served, obj: Json) -> Json:
    """Complete an object of the recording with what its file leaves out, the same each time."""
    metadata = obj.setdefault("metadata", {})
    resource = kind.resource
    if resource.namespaced:
        metadata.setdefault("namespace", "default")
    else:
        metadata.pop("namespace", None)
    place = (namespace_of(obj), name_of(obj))
    metadata.setdefault("uid", stable_uid(resource.group, resource.kind, *place))
    metadata["creationTimestamp"] = metadata.get("creationTimestamp") or RECORDED_AT
    if kind.counts_generations:
        metadata.setdefault("generation", 1)
    if resource == kinds.NAMESPACES:
        default = bootstrap.namespace(name_of(obj))
        metadata["labels"] = {**default["metadata"]["labels"], **(metadata.get("labels") or {})}
        obj.setdefault("spec", default["spec"])
        obj.setdefault("status", default["status"])
    if resource == kinds.CRDS and not (obj.get("status") or {}).get("conditions"):
        defaults.establish(obj)
    return obj


def add_namespace_contents(state: State, namespace: str) -> None:
    """Put the default account and the CA bundle into a new namespace."""
    for obj in bootstrap.contents_of(namespace):
        resource = kinds.BUILTIN[obj["apiVersion"], obj["kind"]]
        if state.store.find(resource, namespace, name_of(obj)) is None:
            meta(obj).update(uid=new_uid(), creationTimestamp=now())
            state.store.insert(resource, obj)


def _settled(state: State, stored: Json) -> Json:
    """Let follow what a controller does at once; the caller sees the object as created."""
    if stored["kind"] == "Namespace":
        add_namespace_contents(state, name_of(stored))
    if stored["kind"] == "CustomResourceDefinition":
        state.store.update(kinds.CRDS, "", name_of(stored), defaults.establish)
    return stored


def _check_namespace(state: State, resource: Resource, obj: Json, title: str) -> None:
    if not resource.namespaced:
        return
    name = namespace_of(obj)
    namespace = state.store.find(kinds.NAMESPACES, "", name)
    if namespace is None:
        raise not_found(kinds.NAMESPACES, name)
    if is_deleting(namespace):
        cause = Cause(
            "metadata.namespace", f"namespace {name} is being terminated", "NamespaceTerminating"
        )
        why = f"unable to create new content in namespace {name} because it is being terminated"
        raise forbidden(resource, title, why, [cause])


def _check_account(state: State, pod: Json) -> None:
    namespace = namespace_of(pod)
    account = pod["spec"].get("serviceAccountName") or "default"
    if state.store.find(kinds.SERVICE_ACCOUNTS, namespace, account) is None:
        # Admission runs before the name is generated, so that the message shows the prefix.
        shown = meta(pod).get("generateName") or name_of(pod)
        why = (
            f"error looking up service account {namespace}/{account}: "
            f'serviceaccount "{account}" not found'
        )
        raise forbidden(kinds.PODS, shown, why)


def _check_claim(state: State, resource: Resource, claim: Json) -> None:
    home = state.store.find(kinds.NAMESPACES, "", namespace_of(claim)) or {}
    if causes := list(templates.claim_causes(claim, home)):
        raise invalid(resource, name_of(claim), causes)


def _complete(kind: Served, obj: Json) -> None:
    metadata = meta(obj)
    for field in ("selfLink", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"):
        metadata.pop(field, None)
    metadata["uid"] = new_uid()
    metadata["creationTimestamp"] = now()
    if kind.counts_generations:
        metadata["generation"] = 1
    if kind.has_status and kind.resource.kind not in _KEEPS_STATUS:
        obj.pop("status", None)
        if not kind.custom:
            obj["status"] = {}
    _fill(kind, obj)


def _fill(kind: Served, obj: Json) -> None:
    """Fill in what an object of a kind leaves out."""
    metadata = meta(obj)
    match kind.resource.kind:
        case "Namespace":
            default = bootstrap.namespace(name_of(obj))
            metadata["labels"] = {**default["metadata"]["labels"], **(metadata.get("labels") or {})}
            obj.update(spec=default["spec"], status=default["status"])
        case "Secret":
            defaults.fill_secret(obj)
        case "Job":
            defaults.fill_job(obj)
        case "Pod":
            defaults.fill_pod(obj)
        case "CustomResourceDefinition":
            defaults.fill_definition(obj)
        case workload if workload in templates.WORKLOADS:
            templates.fill_workload(obj)
        case claim if claim in templates.CLAIMS:
            templates.fill_claim(obj)


def is_same(obj: Json | None, uid: str) -> bool:
    """Whether an object is there and is the one meant, not a successor of the same name."""
    return obj is not None and uid_of(obj) == uid

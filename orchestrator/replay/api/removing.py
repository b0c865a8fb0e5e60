"""Delete, of one object and of a collection."""

import json

from orchestrator.replay import deletion
from orchestrator.replay.api.answer import Answer
from orchestrator.replay.api.call import Call
from orchestrator.replay.api.reading import selection, shown
from orchestrator.replay.api.request import Request
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.objects import Json, name_of, namespace_of, uid_of
from orchestrator.replay.statuses import bad_request, success

# Kinds that answer a delete with the object itself (ReturnDeletedObject in their storage).
_ANSWER_OBJECT = frozenset(
    {
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "ResourceQuota",
        "Service",
        "ServiceAccount",
    }
)


def delete(call: Call) -> Answer:
    """Answer a DELETE of one object."""
    target = call.target
    options = _options(call.request)
    done = deletion.delete(call.state, call.kind, target.namespace, target.name, options)
    if done.gone and call.resource.kind not in _ANSWER_OBJECT:
        return Answer(200, success(call.resource, target.name, uid_of(done.obj)))
    return Answer(200, shown(call, done.obj))


def delete_collection(call: Call) -> Answer:
    """Answer a DELETE of a collection: the objects that it took."""
    options = _options(call.request)
    chosen = selection(call)
    found = [o for o in call.store.objects(call.resource, call.target.namespace) if chosen(o)]
    for obj in found:
        deletion.delete_quietly(call.state, call.kind, namespace_of(obj), name_of(obj), options)
    body: Json = {
        "kind": call.kind.list_kind,
        "apiVersion": call.resource.api_version,
        "metadata": {"resourceVersion": str(call.store.version)},
        "items": found,
    }
    return Answer(200, body)


def _options(request: Request) -> DeleteOptions:
    """Read DeleteOptions from body and query; the query fills what the body leaves out."""
    try:
        body = json.loads(request.body) if request.body.strip() else {}
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("the body of a delete is not a DeleteOptions object")
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", request.query.get("gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or request.query.get("propagationPolicy", "")
    orphan = body.get("orphanDependents")
    if not propagation and orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    return DeleteOptions(
        propagation=propagation,
        grace_s=None if grace is None else int(grace),
        uid=preconditions.get("uid") or "",
        version=preconditions.get("resourceVersion") or "",
        dry_run=request.is_dry_run or bool(body.get("dryRun")),
    )

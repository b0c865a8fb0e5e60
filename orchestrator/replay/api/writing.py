"""Create, update and patch."""

import json
from collections.abc import Sequence

from helper import kinds
from helper.kinds import Resource
from orchestrator.replay import admission, creation, defaults, ownership, patching, validation
from orchestrator.replay.api import bodies, grants
from orchestrator.replay.api.answer import Answer
from orchestrator.replay.api.call import Call
from orchestrator.replay.api.reading import shown
from orchestrator.replay.objects import Json, clone, meta, name_of
from orchestrator.replay.schema import fill_defaults
from orchestrator.replay.statuses import (
    Cause,
    bad_request,
    conflict,
    invalid,
    not_found,
    unsupported_media,
)
from orchestrator.replay.store import Edit, Missing

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)
_PATCH_OPTIONS = Resource("meta.k8s.io", "v1", "", "PatchOptions")
_MERGES = {patching.MERGE: patching.merge_patch, patching.STRATEGIC: patching.strategic_merge}
# What a write through the main resource can never change.
_KEPT = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "namespace",
    "resourceVersion",
    "uid",
)


def create(call: Call) -> Answer:
    """Answer a POST to a collection."""
    body = bodies.sent(call)
    grants.check(call, body.obj, None)
    obj = creation.create(
        call.state,
        call.kind,
        body.obj,
        manager=call.request.manager,
        dry_run=call.request.is_dry_run,
    )
    told = admission.warnings(call.store, call.resource, obj)
    return Answer(201, shown(call, obj), warnings=[*told, *body.warnings])


def update(call: Call) -> Answer:
    """Answer a PUT: the object is replaced by the body."""
    body = bodies.sent(call)
    if name_of(body.obj) != call.target.name:
        raise bad_request(
            f"the name of the object ({name_of(body.obj)}) does not match the name on the URL "
            f"({call.target.name})"
        )
    return _write(call, lambda _: body.obj, body.warnings)


def patch(call: Call) -> Answer:
    """Answer a PATCH of any of the four kinds."""
    media = call.request.content_type
    if media == patching.APPLY:
        return _apply(call)
    accepted = [patching.JSON_PATCH, patching.MERGE, patching.APPLY]
    accepted += [] if call.kind.custom else [patching.STRATEGIC]
    if media not in accepted:
        raise unsupported_media()
    try:
        content = json.loads(call.request.body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if media == patching.JSON_PATCH:
        return _patch(call, lambda old: patching.json_patch(old, content))
    if not isinstance(content, dict):
        raise bad_request("error decoding patch: cannot unmarshal array into an object")
    merge = _MERGES[media]
    return _patch(call, lambda old: merge(old, content))


def _apply(call: Call) -> Answer:
    """Answer a server-side apply, which creates what is not there."""
    manager = call.request.query.get("fieldManager")
    if not manager:
        required = Cause(
            "fieldManager", "Required value: is required for apply patch", "FieldValueRequired"
        )
        raise invalid(_PATCH_OPTIONS, "", [required])
    body = bodies.applied(call)
    if call.find() is not None:
        force = call.flag("force")
        return _write(
            call, lambda old: ownership.applied(old, body, manager, force=force), track=False
        )
    if call.target.subresource:
        raise not_found(call.resource, call.target.name)
    grants.check_create(call)
    grants.check(call, body, None)
    dry_run = call.request.is_dry_run
    obj = creation.create(call.state, call.kind, body, applied_by=manager, dry_run=dry_run)
    return Answer(201, shown(call, obj))


def _patch(call: Call, change: Edit) -> Answer:
    """Change an object by a patch, which may bring fields that its kind does not have."""
    warnings: list[str] = []

    def edit(old: Json) -> Json:
        body = bodies.patched(call, old, change(old))
        warnings[:] = body.warnings
        return body.obj

    return _write(call, edit, warnings)


def _write(call: Call, change: Edit, warnings: Sequence[str] = (), *, track: bool = True) -> Answer:
    """Change an object and answer what it has become."""
    told: list[str] = []

    def edit(old: Json) -> Json:
        new = change(clone(old))
        _check_identity(call, old, new)
        new = _merged(call, old, new)
        if call.resource == kinds.NAMESPACES:
            told.extend(admission.namespace_warnings(call.store, old, new))
        validation.check(call.kind, new)
        grants.check(call, new, old)
        if track:
            new = ownership.tracked(old, new, call.request.manager)
        if call.kind.counts_generations and new.get("spec") != old.get("spec"):
            meta(new)["generation"] = meta(old).get("generation", 1) + 1
        return new

    current = call.find()
    if current is None:
        raise not_found(call.resource, call.target.name)
    if call.request.is_dry_run:
        return Answer(200, shown(call, edit(clone(current))), warnings=[*told, *warnings])
    place = (call.resource, call.target.namespace, call.target.name)
    try:
        new = call.store.update(*place, edit)
    except Missing as error:  # it went in between
        raise not_found(call.resource, call.target.name) from error
    return Answer(200, shown(call, new), warnings=[*told, *warnings])


def _check_identity(call: Call, old: Json, new: Json) -> None:
    """Refuse a write that expected another state or another object."""
    metadata = new.setdefault("metadata", {})
    version = metadata.get("resourceVersion")
    if version and version != meta(old)["resourceVersion"]:
        raise conflict(call.resource, name_of(old), MODIFIED)
    uid, known = metadata.get("uid"), meta(old)["uid"]
    if uid and uid != known:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {known}"
        raise conflict(call.resource, name_of(old), why)
    if metadata.get("name") != name_of(old):
        raise bad_request("the name of an object cannot be changed")


def _merged(call: Call, old: Json, new: Json) -> Json:
    """Give the new object with only those parts changed that this path may change."""
    if call.target.subresource == "status":
        kept = {**old, "status": new.get("status")}
        return {key: value for key, value in kept.items() if value is not None}
    merged = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"]}
    metadata = dict(meta(new))
    for field in _KEPT:
        metadata.pop(field, None)
        if field in meta(old):
            metadata[field] = meta(old)[field]
    merged["metadata"] = metadata
    if call.resource == kinds.SECRETS:
        defaults.fill_secret(merged)
    if call.kind.custom and call.kind.schema:
        fill_defaults(merged, call.kind.schema)
    if call.kind.has_status:
        merged.pop("status", None)
        if "status" in old:
            merged["status"] = old["status"]
    return merged

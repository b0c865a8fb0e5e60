"""The scale subresource: the replicas of a workload, whatever its kind."""

import json

from helper.kinds import Resource
from orchestrator.replay import patching
from orchestrator.replay.api.answer import Answer
from orchestrator.replay.api.call import Call
from orchestrator.replay.api.cells import selector
from orchestrator.replay.api.writing import MODIFIED
from orchestrator.replay.jsonpath import find
from orchestrator.replay.objects import Json, clone, meta, name_of
from orchestrator.replay.statuses import (
    Cause,
    bad_request,
    conflict,
    invalid,
    not_found,
    unsupported_media,
)

_BUILT_IN = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
_SCALE = Resource("autoscaling", "v1", "scales", "Scale")


def read(call: Call) -> Answer:
    """Answer a GET."""
    return Answer(200, _scale_of(call, _existing(call)))


def write(call: Call) -> Answer:
    """Answer a PUT or PATCH; raises ApiError 400, 404, 409, 415 or 422."""
    old = _existing(call)
    wanted = _wanted(call, _scale_of(call, old))
    version = meta(wanted).get("resourceVersion")
    if version and version != meta(old)["resourceVersion"]:
        raise conflict(call.resource, name_of(old), MODIFIED)
    replicas = (wanted.get("spec") or {}).get("replicas") or 0
    if replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(_SCALE, name_of(old), [Cause("spec.replicas", why)])

    def edit(obj: Json) -> Json:
        before = clone(obj)
        _set(obj, _paths(call)["specReplicasPath"], replicas)
        if call.kind.counts_generations and obj.get("spec") != before.get("spec"):
            meta(obj)["generation"] = meta(obj).get("generation", 1) + 1
        return obj

    if call.request.is_dry_run:
        return Answer(200, _scale_of(call, edit(clone(old))))
    target = call.target
    new = call.store.update(call.resource, target.namespace, target.name, edit)
    return Answer(200, _scale_of(call, new))


def _existing(call: Call) -> Json:
    obj = call.find()
    if obj is None:
        raise not_found(call.resource, call.target.name)
    return obj


def _wanted(call: Call, scale: Json) -> Json:
    try:
        content = json.loads(call.request.body)
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    if call.request.method == "PUT":
        wanted = content
    elif call.request.content_type == patching.JSON_PATCH:
        wanted = patching.json_patch(scale, content)
    elif call.request.content_type in (patching.MERGE, patching.STRATEGIC):
        wanted = patching.merge_patch(scale, content)
    else:
        raise unsupported_media()
    if not isinstance(wanted, dict):
        raise bad_request("the object provided is not a Scale")
    return wanted


def _paths(call: Call) -> Json:
    return call.kind.scale or _BUILT_IN


def _scale_of(call: Call, obj: Json) -> Json:
    paths = _paths(call)
    replicas = next(iter(find(paths["specReplicasPath"], obj)), 0)
    status: Json = {"replicas": next(iter(find(paths["statusReplicasPath"], obj)), 0)}
    if not call.kind.custom:
        status["selector"] = selector((obj.get("spec") or {}).get("selector"))
    elif labels := find(paths.get("labelSelectorPath") or ".none", obj):
        status["selector"] = labels[0]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta(obj)[key] for key in _SHOWN if key in meta(obj)},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _set(obj: Json, path: str, value: int) -> None:
    *parents, last = path.strip(".").split(".")
    for step in parents:
        obj = obj.setdefault(step, {})
    obj[last] = value

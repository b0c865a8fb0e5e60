"""Get and list."""

import base64
import json

from orchestrator.replay import selectors
from orchestrator.replay.api.answer import Answer
from orchestrator.replay.api.call import Call
from orchestrator.replay.mirror import is_mirror
from orchestrator.replay.mirror import selector as mirrored
from orchestrator.replay.objects import Json, labels_of, name_of, namespace_of
from orchestrator.replay.statuses import (
    bad_request,
    expired,
    not_found,
    too_large_version,
)
from orchestrator.replay.store import Store

_PAGE_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def get(call: Call) -> Answer:
    """Answer one object."""
    obj = call.find()
    if obj is None:
        raise not_found(call.resource, call.target.name)
    return Answer(200, shown(call, obj))


def shown(call: Call, obj: Json) -> Json:
    """Give an object in the version and the form that the caller asked for."""
    return call.form.shown(obj)


def selection(call: Call) -> selectors.ObjectTest:
    """Give the test that a list or watch puts every object to; raises ApiError 400."""
    query, name = call.request.query, call.target.name
    labels = selectors.parse_labels(query.get("labelSelector", ""))
    fields = query.get("fieldSelector", "")
    if is_mirror(call.resource):
        fields = mirrored(fields)
    by_field = selectors.parse_fields(fields, call.resource.kind, custom=call.kind.custom)
    return lambda obj: (
        labels(labels_of(obj)) and by_field(obj) and (not name or name_of(obj) == name)
    )


def list_objects(call: Call) -> Answer:
    """Answer a collection, a page of it if the caller asks for one."""
    query = call.request.query
    chosen = selection(call)
    version, start = _position(call)
    with call.store.changed:
        _check_version(call.store, version, start)
        objects = call.store.list_at(call.place, call.target.namespace, version)
    found = [obj for obj in objects if chosen(obj)]
    left = [obj for obj in found if not start or _sort_key(obj) > start]
    limit = max(0, integer(query.get("limit", "")))
    page = left[:limit] if limit else left
    metadata: Json = {"resourceVersion": str(version)}
    if len(page) < len(left):
        metadata["continue"] = _next_page(version, _sort_key(page[-1]))
        if not (query.get("labelSelector") or query.get("fieldSelector")):
            metadata["remainingItemCount"] = len(left) - len(page)
    elif call.kind.custom:
        metadata["continue"] = ""  # as a real server does for custom resources
    return Answer(200, call.form.listed(page, metadata))


def _position(call: Call) -> tuple[int, tuple[str, ...]]:
    """Give the version to list at, and after which object to begin."""
    query = call.request.query
    if query.get("continue"):
        return _read_page(query["continue"])
    version = version_number(query.get("resourceVersion", ""))
    if query.get("resourceVersionMatch") == "Exact":
        return version, ()
    newest = call.store.version
    if version > newest:
        raise too_large_version(version, newest)
    return newest, ()


def _check_version(store: Store, version: int, start: tuple[str, ...]) -> None:
    if version > store.version:
        raise too_large_version(version, store.version)
    if version >= store.floor:
        return
    if start:
        raise expired(_PAGE_TOO_OLD, _next_page(store.version, start))
    raise expired("The resourceVersion for the provided list is too old.")


def version_number(text: str) -> int:
    """Understand a resourceVersion parameter; raises ApiError 400."""
    if text and not text.isdecimal():
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text or 0)


def integer(text: str) -> int:
    """Understand a number in a query; raises ApiError 400."""
    try:
        return int(text or 0)
    except ValueError as error:
        message = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise bad_request(message) from error


def _sort_key(obj: Json) -> tuple[str, ...]:
    return (namespace_of(obj), name_of(obj))


def _next_page(version: int, start: tuple[str, ...]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_page(token: str) -> tuple[int, tuple[str, ...]]:
    try:
        padded = token + "=" * (-len(token) % 4)
        content = json.loads(base64.urlsafe_b64decode(padded))
        return int(content["rv"]), tuple(content["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error

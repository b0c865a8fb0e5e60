"""The API server's refusals: Status bodies with the messages of a real server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from helper.kinds import Resource
from orchestrator.replay.objects import Json


class ApiError(Exception):
    """A request ends with this status and body."""

    def __init__(self, status: int, body: Json | str, retry_after_s: int | None = None) -> None:
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s
        super().__init__(body if isinstance(body, str) else str(body.get("message", "")))


@dataclass(frozen=True)
class Cause:
    """One field that made an object invalid."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


def status_body(code: int, reason: str, message: str, details: Json | None = None) -> Json:
    """Compose a Failure status."""
    body: Json = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    if details is not None:
        body["details"] = details
    return body


def details_of(resource: Resource, name: str = "", *, kind: str = "") -> Json:
    """Compose the `details` block: the plural stands under `kind`, as on a real server."""
    parts = {"name": name, "group": resource.group, "kind": kind or resource.plural}
    return {key: value for key, value in parts.items() if value}


def success(resource: Resource, name: str, uid: str) -> Json:
    """Compose the answer to a delete that removed the object at once."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {**details_of(resource, name), "uid": uid},
    }


def not_found(resource: Resource, name: str) -> ApiError:
    """404 for an object."""
    message = f'{resource.title} "{name}" not found'
    return ApiError(404, status_body(404, "NotFound", message, details_of(resource, name)))


def path_not_found() -> ApiError:
    """404 for a path that the server does not have: plain text, no Status."""
    return ApiError(404, "404 page not found\n")


def resource_not_found() -> ApiError:
    """404 for an unknown version, resource or subresource of a group that is served."""
    message = "the server could not find the requested resource"
    return ApiError(404, status_body(404, "NotFound", message, {}))


def already_exists(resource: Resource, name: str) -> ApiError:
    """409 for a create."""
    message = f'{resource.title} "{name}" already exists'
    return ApiError(409, status_body(409, "AlreadyExists", message, details_of(resource, name)))


def conflict(resource: Resource, name: str, why: str, *, kind: str = "") -> ApiError:
    """409 for a write that expected something else."""
    title = kind or resource.title
    message = f'Operation cannot be fulfilled on {title} "{name}": {why}'
    details = details_of(resource, name, kind=kind)
    return ApiError(409, status_body(409, "Conflict", message, details))


def apply_conflict(causes: Sequence[Cause]) -> ApiError:
    """409 for a server-side apply to fields of another manager."""
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    if len(causes) == 1:
        text = f"{causes[0].message}: {causes[0].field}"
    else:
        text = "".join(f"\n{cause.message}: {cause.field}" for cause in causes).lstrip("\n")
    details = {"causes": [_cause(cause) for cause in causes]}
    message = f"Apply failed with {count}: {text}"
    return ApiError(409, status_body(409, "Conflict", message, details))


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiError:
    """403 with the reason after the object's title."""
    title = f'{resource.title} "{name}"' if name else resource.title
    details = details_of(resource, name)
    if causes:
        details["causes"] = [_cause(cause) for cause in causes]
    return ApiError(403, status_body(403, "Forbidden", f"{title} is forbidden: {why}", details))


def unauthorized() -> ApiError:
    """401 for a missing or unknown token."""
    return ApiError(401, status_body(401, "Unauthorized", "Unauthorized"))


def bad_request(message: str) -> ApiError:
    """400 for a request that cannot be understood."""
    return ApiError(400, status_body(400, "BadRequest", message))


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 for an object whose fields break the rules."""
    title = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    errors = [f"{cause.field}: {cause.message}" for cause in causes]
    text = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
    details = details_of(resource, name, kind=resource.kind)
    details["causes"] = [_cause(cause) for cause in causes]
    message = f'{title} "{name}" is invalid: {text}'
    return ApiError(422, status_body(422, "Invalid", message, details))


def expired(message: str, fresh_token: str = "") -> ApiError:
    """410 for a version that is no longer known."""
    body = status_body(410, "Expired", message)
    if fresh_token:
        body["metadata"] = {"continue": fresh_token}
    return ApiError(410, body)


def too_large_version(asked: int, current: int) -> ApiError:
    """504 for a version from the future."""
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return ApiError(504, status_body(504, "Timeout", message, details), retry_after_s=1)


def unreadable_version(text: str) -> ApiError:
    """500 for a watch from a version that is none; a real server gives no reason either."""
    problem = f'strconv.ParseUint: parsing "{text}": invalid syntax'
    body = status_body(500, "", f'resourceVersion: Invalid value: "{text}": {problem}')
    del body["reason"]
    return ApiError(500, body)


def unavailable(message: str) -> ApiError:
    """503 for a backend that does not answer."""
    return ApiError(503, status_body(503, "ServiceUnavailable", message))


def method_not_allowed() -> ApiError:
    """405 for a verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, status_body(405, "MethodNotAllowed", message, {}))


def unsupported_media() -> ApiError:
    """415 for a patch in a format that the kind does not take."""
    message = "415: Unsupported Media Type"
    return ApiError(415, status_body(415, "UnsupportedMediaType", message, {}))


def unusable_patch() -> ApiError:
    """422 for a JSON patch that does not fit the object."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, status_body(422, "Invalid", message, {}))


def not_acceptable() -> ApiError:
    """406 for an answer in a form that nobody can give."""
    message = "only the following media types are accepted: application/json"
    return ApiError(406, status_body(406, "NotAcceptable", message))


def invalid_patch(patched: Json, why: str) -> ApiError:
    """422 for a patch that brings fields which its kind does not have."""
    text = f"Invalid value: {json.dumps(json.dumps(patched))}: {why}"
    cause = {"reason": "FieldValueInvalid", "message": text, "field": "patch"}
    message = f' "" is invalid: patch: {text}'  # a real server names neither kind nor object
    return ApiError(422, status_body(422, "Invalid", message, {"causes": [cause]}))


def invalid_option(kind: str, field: str, shown: str, supported: Sequence[str]) -> ApiError:
    """422 for a query parameter with a value that it cannot have."""
    choice = ", ".join(f'"{value}"' for value in supported)
    message = f"Unsupported value: {shown}: supported values: {choice}"
    return invalid(
        Resource("meta.k8s.io", "v1", "", kind),
        "",
        [Cause(field, message, "FieldValueNotSupported")],
    )


def untyped(resource: Resource, namespace: str, name: str, paths: Sequence[str]) -> ApiError:
    """500 for an apply of fields that the kind does not have."""
    undeclared = "\n".join(f".{path}: field not declared in schema" for path in paths)
    what = f"{namespace}/{name}; {resource.group}/{resource.version}, Kind={resource.kind}"
    message = f"failed to create typed patch object ({what}): {undeclared}"
    body = status_body(500, "", message)
    del body["reason"]
    return ApiError(500, body)


def not_emulated(request: str, why: str = "") -> ApiError:
    """501 for what the replay cluster leaves out on purpose."""
    message = f"the replay cluster does not emulate {request}" + (f": {why}" if why else "")
    return ApiError(501, status_body(501, "NotImplemented", message))


def internal(error: BaseException) -> ApiError:
    """500 for a bug of the replay cluster."""
    message = f"Internal error occurred: {type(error).__name__}: {error}"
    return ApiError(500, status_body(500, "InternalError", message))


def _cause(cause: Cause) -> Json:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}

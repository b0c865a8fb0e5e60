"""What a write sends, read into an object of its kind, and what is said about unknown fields."""

from dataclasses import dataclass, field

import yaml

from orchestrator.replay import decoding
from orchestrator.replay.api.call import Call
from orchestrator.replay.decoding import Decoded, WrongTypeError
from orchestrator.replay.fields import message_of
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json, meta, namespace_of
from orchestrator.replay.schema import prune
from orchestrator.replay.statuses import ApiError, bad_request, invalid_patch, untyped

_OBJECT_META = "meta/v1.ObjectMeta"


@dataclass(frozen=True)
class Body:
    """The object that a request sends, and what the caller is to be told about it."""

    obj: Json
    warnings: list[str] = field(default_factory=list)


def sent(call: Call) -> Body:
    """Read the object of a create or update; raises ApiError 400."""
    document, doubled = _parsed(call)
    _check_type(call.kind, document)
    decoded = _decoded(call.kind, document)
    complaints = [f'duplicate field "{path}"' for path in doubled]
    complaints += [f'unknown field "{path}"' for path in decoded.unknown]
    if complaints and call.validation == "Strict":
        raise _undecodable(call.kind, "strict decoding error: " + ", ".join(complaints))
    _place(call, decoded.obj)
    return Body(decoded.obj, complaints if call.validation == "Warn" else [])


def applied(call: Call) -> Json:
    """Read the configuration that an apply sends; raises ApiError 400 or 500."""
    try:
        body = yaml.safe_load(call.request.body)
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("error decoding YAML: the applied configuration is not an object")
    body.setdefault("metadata", {}).setdefault("name", call.target.name)
    _check_type(call.kind, body)
    decoded = _decoded(call.kind, body)
    if decoded.unknown:
        raise untyped(call.resource, namespace_of(body), call.target.name, decoded.unknown)
    _place(call, decoded.obj)
    return decoded.obj


def patched(call: Call, old: Json, new: Json) -> Body:
    """Read what a patch made of an object; raises ApiError 400 or 422."""
    decoded = _decoded(call.kind, new)
    # A recording may hold fields that this version does not know; the patch did not bring them.
    known = set(_decoded(call.kind, old).unknown) if decoded.unknown else set()
    complaints = [f'unknown field "{path}"' for path in decoded.unknown if path not in known]
    if complaints and call.validation == "Strict":
        raise invalid_patch(new, "strict decoding error: " + ", ".join(complaints))
    return Body(decoded.obj, complaints if call.validation == "Warn" else [])


def _parsed(call: Call) -> tuple[Json, list[str]]:
    body = call.request.body
    try:
        document, doubled = decoding.parse(body)
    except ValueError as error:
        shown = body[:100].decode(errors="replace")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {call.resource.kind}): "
            f"couldn't get version/kind; json parse error: {error} ({shown})"
        ) from error
    if not isinstance(document, dict):
        raise bad_request("the object provided is not an object")
    return document, doubled


def _check_type(kind: Served, body: Json) -> None:
    """Refuse a body of another kind or version than the path's; fill them in when absent."""
    resource = kind.resource
    api_version = body.setdefault("apiVersion", resource.api_version)
    body_kind = body.setdefault("kind", resource.kind)
    group = resource.group.partition(".")[0] or "core"
    version = str(api_version).rpartition("/")[2]
    start = f'{body_kind} in version "{version}" cannot be handled as a {resource.kind}: '
    if body_kind != resource.kind:
        conversion = f"converting ({version}.{body_kind}) to ({group}.{resource.kind})"
        raise bad_request(f"{start}{conversion}: unknown conversion")
    if api_version != resource.api_version:
        raise bad_request(f'{start}no kind "{body_kind}" is registered for version "{api_version}"')


def _decoded(kind: Served, obj: Json) -> Decoded:
    """Take away what the kind does not know; raises ApiError 400 for values of a wrong type."""
    message = message_of(obj["apiVersion"], obj["kind"])
    try:
        found = decoding.decode(obj, message) if message else _custom(kind, obj)
    except WrongTypeError as error:
        raise _undecodable(kind, str(error)) from error
    metadata = found.obj.get("metadata") or {}
    # As Go writes it: what is empty is left out.
    found.obj["metadata"] = {key: value for key, value in metadata.items() if value != {}}
    return found


def _custom(kind: Served, obj: Json) -> Decoded:
    metadata = decoding.decode(obj.get("metadata") or {}, _OBJECT_META)
    found, unknown = prune(obj, kind.schema) if kind.custom and kind.schema else (obj, [])
    unknown += [f"metadata.{path}" for path in metadata.unknown]
    return Decoded({**found, "metadata": metadata.obj}, unknown)


def _undecodable(kind: Served, problem: str) -> ApiError:
    resource = kind.resource
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a '
        f"{resource.kind}: {problem}"
    )


def _place(call: Call, body: Json) -> None:
    """Put the path's namespace into a body; refuse another one."""
    if not call.resource.namespaced:
        meta(body).pop("namespace", None)
        return
    namespace = meta(body).setdefault("namespace", call.target.namespace)
    if namespace != call.target.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )

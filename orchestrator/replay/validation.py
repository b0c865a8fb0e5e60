"""Which objects the API server refuses, and in which words."""

import json
import re
from collections.abc import Iterator

from helper.quantity import parse_quantity
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json, labels_of, meta, name_of
from orchestrator.replay.schema import violations
from orchestrator.replay.statuses import ApiError, Cause, bad_request, invalid, not_emulated

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    rf"for validation is '{_SUBDOMAIN}')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    f"used for validation is '{_LABEL}')"
)
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value', "
    f"or '12345', regex used for validation is '{_VALUE}')"
)
_LABEL_CHARS = 63
_NAME_CHARS = 253
_CONFIG_MAP_BYTES = 1024 * 1024
_LABEL_NAMED = frozenset({"Namespace", "Service"})
# RBAC names are path segments only (k8s.io/apimachinery path.IsValidPathSegmentName).
_FREE_NAMED = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
_VOLUMES = frozenset({"configMap", "downwardAPI", "emptyDir", "projected", "secret"})
# Their controllers are not emulated: a create would be accepted and nothing would ever run.
_NEVER_RUN = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"}
)


def check_type(kind: Served, body: Json) -> None:
    """Refuse a body of another kind or version than the path's; fill them in when absent."""
    resource = kind.resource
    api_version = body.setdefault("apiVersion", resource.api_version)
    body_kind = body.setdefault("kind", resource.kind)
    group = resource.group.partition(".")[0] or "core"
    version = api_version.rpartition("/")[2]
    start = f'{body_kind} in version "{version}" cannot be handled as a {resource.kind}: '
    if body_kind != resource.kind:
        conversion = f"converting ({version}.{body_kind}) to ({group}.{resource.kind})"
        raise bad_request(f"{start}{conversion}: unknown conversion")
    if api_version != resource.api_version:
        raise bad_request(f'{start}no kind "{body_kind}" is registered for version "{api_version}"')


def check_new(kind: Served, obj: Json) -> None:
    """Refuse an object that may not be created; raises ApiError 422, 400 or 501."""
    if meta(obj).get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    check(kind, obj)
    if kind.resource.kind in _NEVER_RUN:
        raise not_emulated(
            f"{kind.resource.plural}",
            "its controller does not run; only recorded ones and Jobs are served",
        )


def check(kind: Served, obj: Json) -> None:
    """Refuse an object whose fields break the rules; raises ApiError 422 or 501."""
    causes = [*_name_causes(kind, obj), *_label_causes(kind, obj)]
    match kind.resource.kind:
        case "ConfigMap":
            causes += _config_map_causes(kind, obj)
        case "Job":
            causes += _job_causes(kind, obj)
        case "Pod":
            causes += _containers_causes(kind, obj.get("spec") or {}, "spec")
    if kind.custom and kind.schema:
        causes += violations(obj, kind.schema)
    if causes:
        raise invalid(kind.resource, name_of(obj), causes)
    if kind.resource.kind in ("Job", "Pod"):
        _refuse_unemulated(kind, obj)


def _name_causes(kind: Served, obj: Json) -> Iterator[Cause]:
    name = name_of(obj)
    if not name:
        message = "Required value: name or generateName is required"
        yield Cause("metadata.name", message, "FieldValueRequired")
        return
    if kind.resource.kind in _FREE_NAMED:
        if name in (".", "..") or set("/%") & set(name):
            yield Cause("metadata.name", f"Invalid value: \"{name}\": may not contain '/'")
        return
    if kind.resource.kind in _LABEL_NAMED:
        pattern, rule, limit = _LABEL, _LABEL_RULE, _LABEL_CHARS
    else:
        pattern, rule, limit = _SUBDOMAIN, _SUBDOMAIN_RULE, _NAME_CHARS
    if kind.resource.kind in _LABEL_NAMED and "." in name:
        yield Cause("metadata.name", f'Invalid value: "{name}": must not contain dots')
    elif not re.fullmatch(pattern, name):
        yield Cause("metadata.name", f'Invalid value: "{name}": {rule}')
    if len(name) > limit:
        yield _too_long("metadata.name", name, limit, "characters")


def _label_causes(kind: Served, obj: Json) -> Iterator[Cause]:
    for value in labels_of(obj).values():
        if not isinstance(value, str):
            raise _not_text(kind, "metadata.labels")
        if not re.fullmatch(_VALUE, value):
            yield Cause("metadata.labels", f'Invalid value: "{value}": {_VALUE_RULE}')
        elif len(value) > _LABEL_CHARS:
            yield _too_long("metadata.labels", value, _LABEL_CHARS)


def _config_map_causes(kind: Served, obj: Json) -> Iterator[Cause]:
    for field in ("data", "binaryData"):
        if any(not isinstance(value, str) for value in (obj.get(field) or {}).values()):
            raise _not_text(kind, field)
    texts = [*(obj.get("data") or {}).values(), *(obj.get("binaryData") or {}).values()]
    if sum(len(text.encode()) for text in texts) > _CONFIG_MAP_BYTES:
        message = f"Too long: may not be more than {_CONFIG_MAP_BYTES} bytes"
        yield Cause("[]", message, "FieldValueTooLong")


def _job_causes(kind: Served, obj: Json) -> Iterator[Cause]:
    name = name_of(obj)
    if len(name) > _LABEL_CHARS:  # it becomes a label of the pods
        yield _too_long("spec.template.labels", name, _LABEL_CHARS)
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    yield from _containers_causes(kind, spec, "spec.template.spec")
    if spec.get("restartPolicy") not in ("OnFailure", "Never"):
        message = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause("spec.template.spec.restartPolicy", message, "FieldValueRequired")


def _containers_causes(kind: Served, spec: Json, path: str) -> Iterator[Cause]:
    containers = spec.get("containers") or []
    _check_quantities(kind, containers)
    if not containers:
        yield Cause(f"{path}.containers", "Required value", "FieldValueRequired")
    for index, container in enumerate(containers):
        for field in ("name", "image"):
            if not container.get(field):
                where = f"{path}.containers[{index}].{field}"
                yield Cause(where, "Required value", "FieldValueRequired")


def _check_quantities(kind: Served, containers: list[Json]) -> None:
    for container in containers:
        resources = container.get("resources") or {}
        amounts = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for amount in amounts.values():
            try:
                parse_quantity(amount)
            except ValueError as error:
                raise _undecodable(
                    kind,
                    "quantities must match the regular expression "
                    r"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
                ) from error


def _refuse_unemulated(kind: Served, obj: Json) -> None:
    spec = obj.get("spec") or {}
    pod_spec = spec.get("template", {}).get("spec", {}) if kind.resource.kind == "Job" else spec
    title = f"{kind.resource.plural} with "
    if kind.resource.kind == "Job":
        if spec.get("completionMode") == "Indexed":
            raise not_emulated(f"{title}completionMode Indexed")
        if pod_spec.get("restartPolicy") == "OnFailure":
            raise not_emulated(f"{title}restartPolicy OnFailure")
    if pod_spec.get("initContainers"):
        raise not_emulated(f"{title}init containers")
    if pod_spec.get("resourceClaims"):
        raise not_emulated(f"{title}resource claims", "no claim is ever allocated")
    for volume in pod_spec.get("volumes") or []:
        if not _VOLUMES & set(volume) and set(volume) != {"name"}:
            source = ", ".join(sorted(set(volume) - {"name"}))
            raise not_emulated(f"{title}{source} volumes")


def _too_long(field: str, value: str, limit: int, unit: str = "bytes") -> Cause:
    return Cause(field, f'Invalid value: "{value}": must be no more than {limit} {unit}')


def _undecodable(kind: Served, problem: str) -> ApiError:
    resource = kind.resource
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a '
        f"{resource.kind}: {problem}"
    )


def _not_text(kind: Served, field: str) -> ApiError:
    place = f"{kind.resource.kind}.{field}"
    return _undecodable(kind, f"json: cannot unmarshal into Go struct field {place} of type string")


def read_json(kind: Served, body: bytes) -> Json:
    """Understand the body of a create or update; raises ApiError 400."""
    try:
        document = json.loads(body)
    except ValueError as error:
        shown = body[:100].decode(errors="replace")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind.resource.kind}): "
            f"couldn't get version/kind; json parse error: {error} ({shown})"
        ) from error
    if not isinstance(document, dict) or not isinstance(document.setdefault("metadata", {}), dict):
        raise bad_request("the object provided is not an object with metadata")
    return document

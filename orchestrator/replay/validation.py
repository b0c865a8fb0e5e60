"""Which objects the API server refuses, and in which words."""

import re
from collections.abc import Iterator

from orchestrator.replay import admission, templates
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json, labels_of, meta, name_of
from orchestrator.replay.schema import violations
from orchestrator.replay.statuses import Cause, bad_request, invalid

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


def check_new(kind: Served, obj: Json) -> None:
    """Refuse an object that may not be created; raises ApiError 422 or 400."""
    if meta(obj).get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    check(kind, obj)


def check(kind: Served, obj: Json) -> None:
    """Refuse an object whose fields break the rules; raises ApiError 422."""
    causes = [*_name_causes(kind, obj), *_label_causes(obj)]
    match kind.resource.kind:
        case "ConfigMap":
            causes += _config_map_causes(obj)
        case "Job":
            causes += _job_causes(obj)
        case "Namespace":
            causes += admission.namespace_causes(obj)
        case "Pod":
            causes += _containers_causes(obj.get("spec") or {}, "spec")
        case workload if workload in templates.WORKLOADS:
            causes += templates.workload_causes(obj)
            spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
            causes += _containers_causes(spec, "spec.template.spec")
    if kind.custom and kind.schema:
        causes += violations(obj, kind.schema)
    if causes:
        raise invalid(kind.resource, name_of(obj), causes)


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


def _label_causes(obj: Json) -> Iterator[Cause]:
    for value in labels_of(obj).values():
        if not re.fullmatch(_VALUE, value):
            yield Cause("metadata.labels", f'Invalid value: "{value}": {_VALUE_RULE}')
        elif len(value) > _LABEL_CHARS:
            yield _too_long("metadata.labels", value, _LABEL_CHARS)


def _config_map_causes(obj: Json) -> Iterator[Cause]:
    texts = [*(obj.get("data") or {}).values(), *(obj.get("binaryData") or {}).values()]
    if sum(len(text.encode()) for text in texts) > _CONFIG_MAP_BYTES:
        message = f"Too long: may not be more than {_CONFIG_MAP_BYTES} bytes"
        yield Cause("[]", message, "FieldValueTooLong")


def _job_causes(obj: Json) -> Iterator[Cause]:
    name = name_of(obj)
    if len(name) > _LABEL_CHARS:  # it becomes a label of the pods
        yield _too_long("spec.template.labels", name, _LABEL_CHARS)
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    yield from _containers_causes(spec, "spec.template.spec")
    if spec.get("restartPolicy") not in ("OnFailure", "Never"):
        message = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause("spec.template.spec.restartPolicy", message, "FieldValueRequired")


def _containers_causes(spec: Json, path: str) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield Cause(f"{path}.containers", "Required value", "FieldValueRequired")
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or []):
            for field in ("name", "image"):
                if not container.get(field):
                    where = f"{path}.{kind}[{index}].{field}"
                    yield Cause(where, "Required value", "FieldValueRequired")


def _too_long(field: str, value: str, limit: int, unit: str = "bytes") -> Cause:
    return Cause(field, f'Invalid value: "{value}": must be no more than {limit} {unit}')

"""Deployments, ReplicaSets, DaemonSets and resource claims: what is filled in and refused."""

import json
from collections.abc import Iterator

from orchestrator.replay.defaults import fill_pod_spec
from orchestrator.replay.objects import Json, annotations_of, labels_of, meta
from orchestrator.replay.selectors import matches
from orchestrator.replay.statuses import Cause

WORKLOADS = frozenset({"DaemonSet", "Deployment", "ReplicaSet"})
CLAIMS = frozenset({"ResourceClaim", "ResourceClaimTemplate"})
_ADMIN_LABEL = "resource.kubernetes.io/admin-access"
_ADMIN_RULE = (
    "Forbidden: admin access to devices requires the "
    f"`{_ADMIN_LABEL}: true` label on the containing namespace"
)
_HISTORY = {"revisionHistoryLimit": 10}
_DEFAULTS: dict[str, Json] = {
    "DaemonSet": {
        **_HISTORY,
        "updateStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
        },
    },
    "Deployment": {
        **_HISTORY,
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
        },
    },
    "ReplicaSet": {"replicas": 1},
}
_GENERATION = "deprecated.daemonset.template.generation"


def fill_workload(obj: Json) -> None:
    """Fill in a workload that makes pods from a template."""
    spec = obj["spec"]
    for key, value in _DEFAULTS[obj["kind"]].items():
        spec.setdefault(key, value)
    fill_pod_spec(spec["template"]["spec"])
    if obj["kind"] == "DaemonSet":
        meta(obj)["annotations"] = {**annotations_of(obj), _GENERATION: "1"}
    obj["status"] = {}


def fill_claim(obj: Json) -> None:
    """Fill in a claim, or the template of one."""
    for _, option in _options(obj):
        if option.setdefault("allocationMode", "ExactCount") == "ExactCount":
            option.setdefault("count", 1)
    if obj["kind"] == "ResourceClaim":
        obj["status"] = {}


def workload_causes(obj: Json) -> Iterator[Cause]:
    """Give what is wrong with a workload beside the containers of its template."""
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    selector = spec.get("selector")
    if not selector and obj["kind"] != "DaemonSet":
        yield Cause("spec.selector", "Required value", "FieldValueRequired")
    if not selector or not matches(selector, labels_of(template)):
        shown = json.dumps(labels_of(template), separators=(",", ":"))
        message = f"Invalid value: {shown}: `selector` does not match template `labels`"
        yield Cause("spec.template.metadata.labels", message)
    policy = (template.get("spec") or {}).get("restartPolicy") or "Always"
    if policy != "Always":
        message = f'Unsupported value: "{policy}": supported values: "Always"'
        yield Cause("spec.template.spec.restartPolicy", message, "FieldValueNotSupported")


def claim_causes(obj: Json, namespace: Json) -> Iterator[Cause]:
    """Give what a namespace forbids in a claim: access for administration needs its label."""
    if labels_of(namespace).get(_ADMIN_LABEL) == "true":
        return
    for path, option in _options(obj):
        if option.get("adminAccess"):
            yield Cause(f"{path}.adminAccess", _ADMIN_RULE, "FieldValueForbidden")


def _options(obj: Json) -> Iterator[tuple[str, Json]]:
    """Give the alternatives of all requests, each with the path that messages show."""
    spec, path = obj.get("spec") or {}, "spec"
    if obj["kind"] == "ResourceClaimTemplate":
        spec, path = spec.get("spec") or {}, "spec.spec"
    for index, request in enumerate((spec.get("devices") or {}).get("requests") or []):
        place = f"{path}.devices.requests[{index}]"
        if request.get("exactly"):
            yield place, request["exactly"]  # a server leaves `exactly` out here
        for number, option in enumerate(request.get("firstAvailable") or []):
            yield f"{place}.firstAvailable[{number}]", option

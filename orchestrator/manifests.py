"""A planned check as Kubernetes objects, as plain dicts and without any I/O."""

import base64
import gzip
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helper import contract
from helper.kinds import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    JOBS,
    NAMESPACES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)
from helper.placement import selector_text, tolerations_text
from helper.quantity import format_duration
from orchestrator.errors import RecipeError
from orchestrator.forwarding import TOKEN_KEY, Forwarded, gets_token
from orchestrator.plan import Near, Placement, PlannedCheck

Json = dict[str, Any]

STARTUP_TIMEOUT_S = 300.0  # scheduling and image pull, before the check's own budget begins
DEADLINE_MARGIN_S = 60.0  # the check's own report always comes before the Job's end
JOB_TTL_S = 24 * 3600  # what a killed orchestrator left can still be collected
REQUESTS = {"cpu": "100m", "memory": "128Mi"}  # eight checks at once fit a small system pool
LIMITS = {"cpu": "1", "memory": "1Gi"}
GPU_NODE_LABEL = "nvidia.com/gpu.present"  # set by GPU feature discovery
NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9._-]")
MAX_LABEL = 63
# A node that is emptied to save money would end a check in the middle.
UNMOVED = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
RBAC_GROUP = "rbac.authorization.k8s.io"
# Taints that say "not now" or "not real"; tolerating them would put checks on such nodes.
UNTOLERATED = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "kwok.x-k8s.io/")


@dataclass(frozen=True)
class RunContext:
    """What all Jobs of a run share."""

    run_id: str
    namespace: str
    version: str
    commit: str = ""
    image_registry: str = ""
    image_tag: str = ""
    debug: bool = False
    placement: Placement = field(default_factory=Placement)
    forwarded: Forwarded = field(default_factory=Forwarded)
    startup_timeout_s: float = STARTUP_TIMEOUT_S
    taint_keys: tuple[str, ...] = ()  # found on the nodes; only these are tolerated
    owner: Json | None = None  # reference to the run's own ConfigMap


def run_labels(run_id: str) -> dict[str, str]:
    """Labels of every object that a run makes."""
    return {
        contract.LABEL_NAME: contract.APP_NAME,
        contract.LABEL_INSTANCE: run_id,
        contract.LABEL_COMPONENT: "validation",
        contract.LABEL_PART_OF: contract.MANAGER,
        contract.LABEL_MANAGED_BY: contract.MANAGER,
        contract.LABEL_RUN_ID: run_id,
    }


def labels_of_run(context: RunContext) -> dict[str, str]:
    """The same with the version of the program, of objects that one run alone has."""
    version = NOT_IN_LABELS.sub("_", context.version)[:MAX_LABEL].strip("_.-")
    named = {contract.LABEL_VERSION: version} if version else {}
    return {**run_labels(context.run_id), **named}


def check_labels(context: RunContext, planned: PlannedCheck) -> dict[str, str]:
    """Labels of every object that is made for one check."""
    return {
        **labels_of_run(context),
        contract.LABEL_CHECK: planned.name,
        contract.LABEL_VALIDATOR: planned.name,
        contract.LABEL_PHASE: planned.phase,
    }


def namespace(name: str) -> Json:
    """The run namespace, where it does not exist; its pods satisfy the strictest level."""
    labels = {
        contract.LABEL_MANAGED_BY: contract.MANAGER,
        "pod-security.kubernetes.io/enforce": "restricted",
    }
    return _object(NAMESPACES, {"name": name, "labels": labels})


def record_name(run_id: str) -> str:
    """The name of the ConfigMap that stands for a run."""
    return f"{contract.OBJECT_PREFIX}run-{run_id}"


def run_record(context: RunContext, record: Mapping[str, str]) -> Json:
    """The ConfigMap that stands for the run and owns its objects in the same namespace."""
    meta = _meta(record_name(context.run_id), labels_of_run(context))
    return {**_object(CONFIG_MAPS, meta), "data": dict(record)}


def owner_of(record: Json) -> Json:
    """An owner reference to a created object."""
    return {
        "apiVersion": record["apiVersion"],
        "kind": record["kind"],
        "name": record["metadata"]["name"],
        "uid": record["metadata"]["uid"],
    }


def data_name(kind: str, run_id: str) -> str:
    """The name of a mounted ConfigMap: `aicr-snapshot-<run>`, `aicr-validation-<run>`."""
    return f"{contract.OBJECT_PREFIX}{kind}-{run_id}"


def data_config_map(context: RunContext, kind: str, text: str) -> Json:
    """The ConfigMap that carries `<kind>.yaml`, packed when it is large."""
    name = data_name(kind, context.run_id)
    meta = _meta(name, labels_of_run(context), context.owner)
    config_map = _object(CONFIG_MAPS, meta)
    raw = text.encode()
    if len(raw) <= contract.CONFIG_MAP_BYTES:
        return {**config_map, "data": {f"{kind}.yaml": text}}
    packed = base64.b64encode(gzip.compress(raw, mtime=0)).decode()
    if len(packed) > contract.CONFIG_MAP_BYTES:
        raise RecipeError(
            f"the {kind} has {len(raw)} bytes, {len(packed)} packed; a ConfigMap holds "
            f"{contract.CONFIG_MAP_BYTES}: leave out its largest parts"
        )
    return {**config_map, "binaryData": {f"{kind}.yaml.gz": packed}}


def token_secret(context: RunContext) -> Json:
    """The Secret with the operator's token, for the one check that may read it."""
    meta = _meta(_token_name(context), labels_of_run(context), context.owner)
    value = base64.b64encode(context.forwarded.token.encode()).decode()
    body = {"type": "Opaque", "immutable": True, "data": {TOKEN_KEY: value}}
    return {**_object(SECRETS, meta), **body}


def _token_name(context: RunContext) -> str:
    return f"{contract.OBJECT_PREFIX}hf-token-{context.run_id}"


def identity(context: RunContext, planned: PlannedCheck) -> Sequence[tuple[Resource, Json]]:
    """The account of one check and exactly its rights, in the order of creation.

    Empty for a check that runs under an account that exists already.
    """
    if planned.grants.account:
        return []
    labels = check_labels(context, planned)
    name = planned.object_name
    meta = _meta(name, labels, context.owner)
    found = [
        (SERVICE_ACCOUNTS, _object(SERVICE_ACCOUNTS, {**meta, "namespace": context.namespace}))
    ]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": context.namespace}
    if planned.grants.cluster_role:
        binding = _binding(CLUSTER_ROLE_BINDINGS, labels, subject)
        binding["roleRef"]["name"] = planned.grants.cluster_role
        found.append((CLUSTER_ROLE_BINDINGS, binding))
    if planned.grants.cluster:
        role = _object(CLUSTER_ROLES, _meta(name, labels))
        found.append((CLUSTER_ROLES, {**role, "rules": list(planned.grants.cluster)}))
        found.append((CLUSTER_ROLE_BINDINGS, _binding(CLUSTER_ROLE_BINDINGS, labels, subject)))
    for target, rules in planned.grants.by_namespace.items():
        # An owner in another namespace would have the child collected at once.
        owner = context.owner if target == context.namespace else None
        role = _object(ROLES, {**_meta(name, labels, owner), "namespace": target})
        found.append((ROLES, {**role, "rules": list(rules)}))
        found.append((ROLE_BINDINGS, _binding(ROLE_BINDINGS, labels, subject, target, owner)))
    return found


def _binding(
    resource: Resource,
    labels: dict[str, str],
    subject: Json,
    target: str | None = None,
    owner: Json | None = None,
) -> Json:
    meta = _meta(subject["name"], labels, owner)
    role = "Role" if target else "ClusterRole"
    return {
        **_object(resource, {**meta, "namespace": target} if target else meta),
        "subjects": [subject],
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": role, "name": subject["name"]},
    }


def job_deadline_s(context: RunContext, planned: PlannedCheck) -> int:
    """When Kubernetes ends the Job: only after the check had every chance to report."""
    patience = planned.entry.patience if planned.entry else None
    own_s = (patience.scheduling or 0.0) + (patience.image_pull or 0.0) if patience else 0.0
    startup_s = max(context.startup_timeout_s, own_s)
    return math.ceil(planned.timeout_s + startup_s + DEADLINE_MARGIN_S)


def job(context: RunContext, planned: PlannedCheck) -> Json:
    """The Job of one check."""
    labels = {**check_labels(context, planned), contract.LABEL_JOB_TYPE: contract.JOB_TYPE}
    meta = _meta(planned.object_name, labels, context.owner)
    return {
        **_object(JOBS, {**meta, "namespace": context.namespace}),
        "spec": {
            "activeDeadlineSeconds": job_deadline_s(context, planned),
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",  # a pod that is asked to end has not failed yet
            "ttlSecondsAfterFinished": JOB_TTL_S,
            "template": {
                "metadata": {"labels": labels, "annotations": UNMOVED},
                "spec": _pod_spec(context, planned),
            },
        },
    }


def _pod_spec(context: RunContext, planned: PlannedCheck) -> Json:
    volumes: list[Json] = [
        {"name": kind, "configMap": {"name": data_name(kind, context.run_id)}}
        for kind in ("snapshot", "validation")
    ]
    return {
        "serviceAccountName": planned.grants.account or planned.object_name,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": contract.TERMINATION_GRACE_S,
        "imagePullSecrets": [{"name": name} for name in context.placement.pull_secrets],
        "tolerations": tolerations(context.taint_keys),
        "affinity": affinity(planned.near),
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(context, planned)],
        "volumes": [*volumes, {"name": "tmp", "emptyDir": {}}],
    }


def _container(context: RunContext, planned: PlannedCheck) -> Json:
    entry = planned.entry
    given = entry.resources if entry else None
    own = {"cpu": given.cpu, "memory": given.memory} if given else None
    return {
        "name": contract.CONTAINER,
        "image": planned.image,
        "imagePullPolicy": planned.pull_policy,
        "args": list(entry.args) if entry else [],
        "env": environment(context, planned),
        "resources": {"requests": own or REQUESTS, "limits": own or LIMITS},
        "terminationMessagePath": contract.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "snapshot", "mountPath": contract.SNAPSHOT_DIR, "readOnly": True},
            {"name": "validation", "mountPath": contract.VALIDATION_DIR, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a volume of its own
        ],
    }


def node_selector(placement: Placement, planned: PlannedCheck) -> Mapping[str, str]:
    """The nodes for workloads of a check; the operator's word wins."""
    asked = placement.node_selector
    return planned.node_selector if asked is None else asked


def environment(context: RunContext, planned: PlannedCheck) -> Sequence[Json]:
    """The variables of a check's container, in the reference's order; the catalog's come last."""
    placement = context.placement
    always = {
        contract.SNAPSHOT_PATH: contract.SNAPSHOT_FILE,
        contract.VALIDATION_PATH: contract.VALIDATION_FILE,
        contract.VALIDATOR_NAME: planned.name,
        contract.VALIDATOR_PHASE: planned.phase,
        contract.RUN_ID: context.run_id,
    }
    when_set = {
        contract.CHECK_TIMEOUT: format_duration(planned.timeout_s),
        contract.NODE_SELECTOR: selector_text(node_selector(placement, planned)),
        contract.TOLERATIONS: tolerations_text(placement.tolerations or ()),
        contract.CLI_VERSION: context.version,
        contract.CLI_COMMIT: context.commit,
        contract.IMAGE_REGISTRY: context.image_registry,
        contract.IMAGE_TAG: context.image_tag,
        contract.IMAGE: planned.image,
        contract.DEPTH: str(planned.depth),
        contract.DEBUG: "true" if context.debug else "",
    }
    entry = planned.entry
    return [
        *({"name": name, "value": value} for name, value in always.items()),
        {
            "name": contract.NAMESPACE,
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        },
        *({"name": name, "value": value} for name, value in when_set.items() if value),
        *_forwarded(context, planned),
        *({"name": item.name, "value": item.value} for item in (entry.env if entry else [])),
    ]


def _forwarded(context: RunContext, planned: PlannedCheck) -> Iterable[Json]:
    """What only this check gets from the operator's shell; a token by reference."""
    if context.forwarded.token and gets_token(planned):
        reference = {"name": _token_name(context), "key": TOKEN_KEY}
        yield {"name": contract.HF_TOKEN, "valueFrom": {"secretKeyRef": reference}}
    for name, value in context.forwarded.variables(planned.name).items():
        yield {"name": name, "value": value}


def tolerations(taint_keys: Iterable[str]) -> list[Json]:
    """Tolerate the taints that nodes of this cluster carry, except those that say "not now"."""
    keys = sorted({key for key in taint_keys if key and not key.startswith(UNTOLERATED)})
    return [{"key": key, "operator": "Exists"} for key in keys]


def affinity(near: Iterable[Near]) -> Json:
    """Prefer nodes without GPUs, and nodes near what the check talks to."""
    avoid_gpus: Json = {
        "weight": 100,
        "preference": {"matchExpressions": [{"key": GPU_NODE_LABEL, "operator": "DoesNotExist"}]},
    }
    found: Json = {
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [avoid_gpus]}
    }
    pod_affinity: dict[str, list[Json]] = {}
    for item in near:
        term: Json = {
            "labelSelector": {"matchLabels": dict(item.affinity.pod_label_selector)},
            "namespaces": [item.namespace],
            "topologyKey": item.affinity.topology_key,
        }
        if item.affinity.requirement == "required":
            key = "requiredDuringSchedulingIgnoredDuringExecution"
            value = term
        else:
            key = "preferredDuringSchedulingIgnoredDuringExecution"
            value = {"weight": 100, "podAffinityTerm": term}
        pod_affinity.setdefault(key, []).append(value)
    return {**found, "podAffinity": pod_affinity} if pod_affinity else found


def _object(resource: Resource, metadata: Json) -> Json:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def _meta(name: str, labels: dict[str, str], owner: Json | None = None) -> Json:
    meta: Json = {"name": name, "labels": labels}
    return {**meta, "ownerReferences": [owner]} if owner else meta

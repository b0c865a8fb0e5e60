"""What the API server fills into pods, Jobs and definitions that leave it out."""

from base64 import b64encode

from orchestrator.replay.objects import Json, labels_of, meta, name_of, now, uid_of

TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  (a path)
_NOT_READY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def fill_job(job: Json) -> None:
    """Fill in a Job, its selector and its template's labels; the Job has its uid."""
    spec = job["spec"]
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("completions", 1)
    spec.setdefault("manualSelector", False)
    spec.setdefault("parallelism", 1)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    spec.setdefault("suspend", False)
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid_of(job)}}
    template = spec["template"]
    own = {
        "batch.kubernetes.io/controller-uid": uid_of(job),
        "batch.kubernetes.io/job-name": name_of(job),
        "controller-uid": uid_of(job),
        "job-name": name_of(job),
    }
    template.setdefault("metadata", {})["labels"] = {**labels_of(template), **own}
    if not labels_of(job):
        meta(job)["labels"] = labels_of(template)
    fill_pod_spec(template["spec"])


def fill_secret(secret: Json) -> None:
    """Fill in a Secret: text that was given plainly is kept encoded."""
    plain = secret.pop("stringData", None) or {}
    if plain:
        encoded = {key: b64encode(text.encode()).decode() for key, text in plain.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}
    secret.setdefault("type", "Opaque")


def fill_pod_spec(spec: Json) -> None:
    """Fill in what pods and pod templates have in common."""
    for container in _containers(spec):
        container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])


def fill_pod(pod: Json) -> None:
    """Fill in a pod, including what admission adds: account, token volume, tolerations."""
    spec = pod["spec"]
    fill_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in _containers(spec):
        resources = container["resources"]
        for name, amount in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, amount)
    tolerations = spec.setdefault("tolerations", [])
    tolerated = {toleration.get("key") for toleration in tolerations}
    for key in _NOT_READY:
        if key not in tolerated:
            never_mind = {"effect": "NoExecute", "key": key, "operator": "Exists"}
            tolerations.append({**never_mind, "tolerationSeconds": 300})
    if spec.get("automountServiceAccountToken") is not False:
        _mount_token(spec, uid_of(pod)[:5])
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}


def qos_class(spec: Json) -> str:
    """Give the quality-of-service class that requests and limits make."""
    asked = [c.get("resources") or {} for c in _containers(spec)]
    if not any(resources.get("requests") or resources.get("limits") for resources in asked):
        return "BestEffort"
    for resources in asked:
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        if any(limits.get(n) is None or limits[n] != requests.get(n) for n in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def fill_definition(definition: Json) -> None:
    """Fill in a new CustomResourceDefinition, which is not served yet."""
    spec = definition["spec"]
    names = spec["names"]
    names.setdefault("listKind", f"{names['kind']}List")
    names.setdefault("singular", names["kind"].lower())
    spec.setdefault("conversion", {"strategy": "None"})
    definition["status"] = {
        "acceptedNames": {"kind": "", "plural": ""},
        "conditions": None,
        "storedVersions": [v["name"] for v in spec["versions"] if v.get("storage")],
    }


def establish(definition: Json) -> Json:
    """Give a CustomResourceDefinition with the status of one that is served."""
    fill_definition(definition)
    conditions = [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    definition["status"] |= {
        "acceptedNames": dict(definition["spec"]["names"]),
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": now(),
            }
            for kind, reason, message in conditions
        ],
    }
    return definition


def _containers(spec: Json) -> list[Json]:
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def _pull_policy(image: str) -> str:
    last = image.rpartition("/")[2]
    if "@" in last:
        return "IfNotPresent"
    tag = last.partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _mount_token(spec: Json, suffix: str) -> None:
    volume = f"kube-api-access-{suffix}"
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {
            "configMap": {
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
                "name": "kube-root-ca.crt",
            }
        },
        {
            "downwardAPI": {
                "items": [
                    {
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                        "path": "namespace",
                    }
                ]
            }
        },
    ]
    projected = {"defaultMode": 420, "sources": sources}
    spec.setdefault("volumes", []).append({"name": volume, "projected": projected})
    for container in _containers(spec):
        mounts = container.setdefault("volumeMounts", [])
        if not any(mount.get("mountPath") == TOKEN_MOUNT for mount in mounts):
            mounts.append({"mountPath": TOKEN_MOUNT, "name": volume, "readOnly": True})

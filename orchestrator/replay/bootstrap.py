"""What every cluster has from its first second: namespaces, default roles, default accounts."""

from collections.abc import Iterator

from orchestrator.replay.access import AUTHENTICATED, MASTERS, UNAUTHENTICATED
from orchestrator.replay.objects import Json

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_RBAC = "rbac.authorization.k8s.io/v1"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_WORKLOADS = ["daemonsets", "deployments", "replicasets", "statefulsets"]
_CORE = ["configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "pods/log"]
_CORE += ["resourcequotas", "serviceaccounts", "services"]


def namespace(name: str) -> Json:
    """Compose an active namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def contents_of(namespace_name: str) -> Iterator[Json]:
    """Compose what the controllers of a real cluster put into every namespace."""
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": namespace_name},
    }
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-root-ca.crt", "namespace": namespace_name},
        "data": {"ca.crt": ""},  # the replay cluster speaks plain HTTP on localhost
    }


def roles() -> Iterator[Json]:
    """Compose the default roles that callers rely on, and their bindings.

    `view`, `edit` and `admin` are shortened to the built-in kinds that validation meets.
    """
    everything = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    view = [_namespaced(_READ)]
    edit = [*view, _namespaced(_WRITE), _secrets()]
    bindings = {"apiGroups": ["rbac.authorization.k8s.io"], "verbs": [*_READ, *_WRITE]}
    admin = [*edit, {**bindings, "resources": ["rolebindings", "roles"]}]
    urls = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"]
    public = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    discovery = [{"nonResourceURLs": [*urls, *public], "verbs": ["get"]}]
    basic = [
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            "verbs": ["create"],
        },
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["selfsubjectreviews"],
            "verbs": ["create"],
        },
    ]
    yield from (_role("admin", admin), _role("edit", edit), _role("view", view))
    yield from _bound("cluster-admin", everything, MASTERS)
    yield from _bound("system:discovery", discovery, AUTHENTICATED)
    info = [{"nonResourceURLs": public, "verbs": ["get"]}]
    yield from _bound("system:public-info-viewer", info, AUTHENTICATED, UNAUTHENTICATED)
    yield from _bound("system:basic-user", basic, AUTHENTICATED)


def _namespaced(verbs: list[str]) -> Json:
    groups = ["", "apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io", "policy"]
    others = ["cronjobs", "endpointslices", "horizontalpodautoscalers", "ingresses", "jobs"]
    others += ["networkpolicies", "poddisruptionbudgets"]
    return {"apiGroups": groups, "resources": [*_CORE, *_WORKLOADS, *others], "verbs": verbs}


def _secrets() -> Json:
    return {"apiGroups": [""], "resources": ["secrets"], "verbs": [*_READ, *_WRITE]}


def _role(name: str, rules: list[Json]) -> Json:
    return {
        "apiVersion": _RBAC,
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "rules": rules,
    }


def _bound(name: str, rules: list[Json], *groups: str) -> Iterator[Json]:
    yield _role(name, rules)
    yield {
        "apiVersion": _RBAC,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "roleRef": {"apiGroup": _RBAC.partition("/")[0], "kind": "ClusterRole", "name": name},
        "subjects": [
            {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group}
            for group in groups
        ],
    }

"""The kinds that a replay cluster serves: the built-in ones, and those of CRDs in its store."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from helper.kinds import Resource
from orchestrator.replay.objects import Json, meta

OBJECT_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
REVIEW_VERBS = ("create",)
_NOT_IN_BULK = frozenset({"namespaces", "services"})  # no deletecollection

# plural, kind, scope (n: namespaced, c: cluster), short names, subresources; `*` starts the
# names of kinds whose metadata.generation counts changes of spec. From /api/v1 and
# /apis/GROUP/VERSION of a v1.36 server.
_TABLE: dict[str, str] = {
    "v1": """
        configmaps ConfigMap n cm
        endpoints Endpoints n ep
        events Event n ev
        limitranges LimitRange n limits
        namespaces Namespace c ns finalize,status
        nodes Node c no proxy,status
        persistentvolumeclaims PersistentVolumeClaim n pvc status
        persistentvolumes PersistentVolume c pv status
        pods *Pod n po attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,status
        podtemplates PodTemplate n -
        replicationcontrollers *ReplicationController n rc scale,status
        resourcequotas ResourceQuota n quota status
        secrets Secret n -
        serviceaccounts ServiceAccount n sa token
        services Service n svc proxy,status""",
    "apps/v1": """
        controllerrevisions ControllerRevision n -
        daemonsets *DaemonSet n ds status
        deployments *Deployment n deploy scale,status
        replicasets *ReplicaSet n rs scale,status
        statefulsets *StatefulSet n sts scale,status""",
    "batch/v1": """
        cronjobs *CronJob n cj status
        jobs *Job n - status""",
    "autoscaling/v2": "horizontalpodautoscalers HorizontalPodAutoscaler n hpa status",
    "autoscaling/v1": "horizontalpodautoscalers HorizontalPodAutoscaler n hpa status",
    "rbac.authorization.k8s.io/v1": """
        clusterrolebindings ClusterRoleBinding c -
        clusterroles ClusterRole c -
        rolebindings RoleBinding n -
        roles Role n -""",
    "coordination.k8s.io/v1": "leases Lease n -",
    "apiextensions.k8s.io/v1": """
        customresourcedefinitions *CustomResourceDefinition c crd,crds status""",
    "apiregistration.k8s.io/v1": "apiservices APIService c - status",
    "resource.k8s.io/v1": """
        deviceclasses *DeviceClass c -
        resourceclaims ResourceClaim n - status
        resourceclaimtemplates ResourceClaimTemplate n -
        resourceslices *ResourceSlice c -""",
    "scheduling.k8s.io/v1": "priorityclasses PriorityClass c pc",
    "admissionregistration.k8s.io/v1": """
        mutatingwebhookconfigurations *MutatingWebhookConfiguration c -
        validatingadmissionpolicies *ValidatingAdmissionPolicy c - status
        validatingadmissionpolicybindings *ValidatingAdmissionPolicyBinding c -
        validatingwebhookconfigurations *ValidatingWebhookConfiguration c -""",
    "storage.k8s.io/v1": """
        csidrivers CSIDriver c -
        csinodes CSINode c -
        storageclasses StorageClass c sc
        volumeattachments VolumeAttachment c - status""",
    "discovery.k8s.io/v1": "endpointslices *EndpointSlice n -",
    "policy/v1": "poddisruptionbudgets *PodDisruptionBudget n pdb status",
    "networking.k8s.io/v1": """
        ingressclasses *IngressClass c -
        ingresses *Ingress n ing status
        networkpolicies *NetworkPolicy n netpol""",
    "node.k8s.io/v1": "runtimeclasses RuntimeClass c -",
}

# Kinds that only answer a create and are never stored.
_REVIEWS = {
    "authorization.k8s.io/v1": """
        localsubjectaccessreviews LocalSubjectAccessReview n
        selfsubjectaccessreviews SelfSubjectAccessReview c
        selfsubjectrulesreviews SelfSubjectRulesReview c
        subjectaccessreviews SubjectAccessReview c""",
    "authentication.k8s.io/v1": """
        selfsubjectreviews SelfSubjectReview c
        tokenreviews TokenReview c""",
}

_ALL_CATEGORY = frozenset(  # what `kubectl get all` shows
    {
        "cronjobs",
        "daemonsets",
        "deployments",
        "horizontalpodautoscalers",
        "jobs",
        "pods",
        "replicasets",
        "replicationcontrollers",
        "services",
        "statefulsets",
    }
)


@dataclass(frozen=True)
class Served:
    """One kind in one version, as discovery describes it."""

    resource: Resource
    list_kind: str
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = OBJECT_VERBS
    counts_generations: bool = False
    custom: bool = False
    schema: Json | None = None  # openAPIV3Schema of a custom resource

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource."""
        return "status" in self.subresources

    @property
    def is_review(self) -> bool:
        """Whether a create is answered and nothing kept."""
        return self.verbs == REVIEW_VERBS


def _built_in() -> Iterable[Served]:
    for api_version, rows in _TABLE.items():
        group, _, version = api_version.rpartition("/")
        for row in rows.strip().splitlines():
            plural, kind, scope, short, *rest = row.split()
            counted, kind = kind.startswith("*"), kind.lstrip("*")
            verbs = [
                v for v in OBJECT_VERBS if v != "deletecollection" or plural not in _NOT_IN_BULK
            ]
            yield Served(
                Resource(group, version, plural, kind, namespaced=scope == "n"),
                list_kind=f"{kind}List",
                singular=kind.lower(),
                short_names=tuple(short.split(",")) if short != "-" else (),
                categories=("all",) if plural in _ALL_CATEGORY else (),
                subresources=tuple(rest[0].split(",")) if rest else (),
                verbs=tuple(verbs),
                counts_generations=counted,
            )
    for api_version, rows in _REVIEWS.items():
        group, _, version = api_version.rpartition("/")
        for row in rows.strip().splitlines():
            plural, kind, scope = row.split()
            resource = Resource(group, version, plural, kind, namespaced=scope == "n")
            yield Served(resource, f"{kind}List", kind.lower(), verbs=REVIEW_VERBS)


def served_by(definition: Json) -> list[Served]:
    """Give the kinds that a CustomResourceDefinition adds: one for each served version."""
    spec = definition["spec"]
    names = spec["names"]
    found = []
    for version in spec.get("versions") or []:
        if not version.get("served"):
            continue
        found.append(
            Served(
                Resource(
                    spec["group"],
                    version["name"],
                    names["plural"],
                    names["kind"],
                    namespaced=spec.get("scope") == "Namespaced",
                ),
                list_kind=names.get("listKind") or f"{names['kind']}List",
                singular=names.get("singular") or names["kind"].lower(),
                short_names=tuple(names.get("shortNames") or ()),
                categories=tuple(names.get("categories") or ()),
                subresources=tuple(sorted(version.get("subresources") or ())),
                counts_generations=True,
                custom=True,
                schema=(version.get("schema") or {}).get("openAPIV3Schema"),
            )
        )
    return found


class Kinds:
    """Looks kinds up by path and by what stands in an object; follows the CRDs it is told of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._custom: dict[str, list[Served]] = {}  # by name of the definition
        self._by_path: dict[tuple[str, str, str], Served] = {}
        self._rebuild()

    def add(self, definition: Json) -> None:
        """Serve what a CRD defines."""
        with self._lock:
            self._custom[meta(definition)["name"]] = served_by(definition)
            self._rebuild()

    def discard(self, definition: Json) -> None:
        """Stop serving what a CRD defined."""
        with self._lock:
            self._custom.pop(meta(definition)["name"], None)
            self._rebuild()

    def all(self) -> list[Served]:
        """Give every kind in every served version."""
        return list(self._by_path.values())

    def find(self, group: str, version: str, plural: str) -> Served | None:
        """Give the kind that a path names."""
        return self._by_path.get((group, version, plural))

    def of(self, resource: Resource) -> Served:
        """Give the kind of a resource that is known to be served."""
        return self._by_path[resource.group, resource.version, resource.plural]

    def any_version(self, group: str, plural: str) -> Served | None:
        """Give the kind in whichever version comes first."""
        return next(
            (k for k in self.all() if (k.resource.group, k.resource.plural) == (group, plural)),
            None,
        )

    def of_object(self, obj: Json) -> Served | None:
        """Give the kind that an object says it is."""
        wanted = (obj.get("apiVersion"), obj.get("kind"))
        return next(
            (k for k in self.all() if (k.resource.api_version, k.resource.kind) == wanted), None
        )

    def serves_version(self, group: str, version: str) -> bool:
        """Whether a group is served in a version."""
        return any((k[0], k[1]) == (group, version) for k in self._by_path)

    def serves_group(self, group: str) -> bool:
        """Whether a group is served in any version."""
        return any(k[0] == group for k in self._by_path)

    def _rebuild(self) -> None:
        # Replaced, never altered: readers hold no lock.
        kinds = [*_BUILT_IN, *(kind for group in self._custom.values() for kind in group)]
        self._by_path = {
            (kind.resource.group, kind.resource.version, kind.resource.plural): kind
            for kind in kinds
        }


_BUILT_IN = tuple(_built_in())

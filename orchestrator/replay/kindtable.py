"""The kinds of Kubernetes 1.36, as its discovery describes them."""

# plural, kind, scope (n: namespaced, c: cluster), short names, subresources; `*` starts the
# names of kinds whose metadata.generation counts changes of spec. From /api/v1 and
# /apis/GROUP/VERSION of a v1.36 server.
TABLE: dict[str, str] = {
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
    "events.k8s.io/v1": "events Event n ev",
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
REVIEWS = {
    "authorization.k8s.io/v1": """
        localsubjectaccessreviews LocalSubjectAccessReview n
        selfsubjectaccessreviews SelfSubjectAccessReview c
        selfsubjectrulesreviews SelfSubjectRulesReview c
        subjectaccessreviews SubjectAccessReview c""",
    "authentication.k8s.io/v1": """
        selfsubjectreviews SelfSubjectReview c
        tokenreviews TokenReview c""",
}

# Served by every cluster; controllers and runs rely on them.
ALWAYS = frozenset(
    {"v1", "apps/v1", "batch/v1", "coordination.k8s.io/v1", "rbac.authorization.k8s.io/v1"}
)

ALL_CATEGORY = frozenset(  # what `kubectl get all` shows
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

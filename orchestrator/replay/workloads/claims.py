"""The resource claim controller: claims for pods that bring a template, and their end."""

from collections.abc import Sequence
from functools import partial

from helper import kinds
from helper.kinds import Resource
from orchestrator.replay import creation, deletion
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.objects import (
    Json,
    clone,
    is_deleting,
    meta,
    name_of,
    namespace_of,
    now,
    owners_of,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.statuses import ApiError
from orchestrator.replay.store import Change, Edit, Missing
from orchestrator.replay.workloads.allocation import Inventory
from orchestrator.replay.workloads.devices import results_of
from orchestrator.replay.workloads.events import EventWriter, Note
from orchestrator.replay.workloads.loop import Loop, Once

GROUP = "resource.k8s.io"
CLAIMS = Resource(GROUP, "v1", "resourceclaims", "ResourceClaim")
TEMPLATES = Resource(GROUP, "v1", "resourceclaimtemplates", "ResourceClaimTemplate")
SLICES = Resource(GROUP, "v1", "resourceslices", "ResourceSlice", namespaced=False)
CLASSES = Resource(GROUP, "v1", "deviceclasses", "DeviceClass", namespaced=False)
_CONTROLLER = "resource_claim"
_PROTECTION = "resource.kubernetes.io/delete-protection"
_POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
_SOON_S = 0.005


class ClaimController:
    """Makes the claims of pods that were created here, and frees devices when pods end."""

    def __init__(self, state: State, loop: Loop, events: EventWriter) -> None:
        self._state = state
        self._store = state.store
        self._events = events
        self._once = Once(loop, self._supply)
        self._waiting: set[tuple[str, str]] = set()  # pods whose template is not there

    def pod_changed(self, change: Change) -> None:
        """Take note of a pod that brings templates, or that has ended."""
        pod = change.new
        if not pod["spec"].get("resourceClaims"):
            return
        if change.type == "DELETED" or pod["status"].get("phase") in ("Succeeded", "Failed"):
            self._waiting.discard((change.key.namespace, change.key.name))
            self._release(pod)
        elif change.type == "ADDED" and change.live:
            self._once.later(_SOON_S, change.key.namespace, change.key.name)

    def template_changed(self) -> None:
        """Look again at the pods that miss a template."""
        for key in self._waiting:
            self._once.later(_SOON_S, *key)

    def of(self, pod: Json) -> list[Json] | None:
        """Give the claims of a pod, None while one of them is not there."""
        names = {s["name"]: s.get("resourceClaimName") for s in _statuses(pod)}
        found = []
        for entry in pod["spec"].get("resourceClaims") or []:
            name = entry.get("resourceClaimName") or names.get(entry["name"]) or ""
            claim = self._store.find(CLAIMS, namespace_of(pod), name)
            if claim is None or is_deleting(claim):
                return None
            found.append(claim)
        return found

    def inventory(self) -> Inventory:
        """Give all devices as they are now."""
        classes = {name_of(item): item for item in self._store.objects(CLASSES)}
        return Inventory(self._store.objects(SLICES), classes, self._store.objects(CLAIMS))

    def bind(self, pod: Json, claims: Sequence[Json], allocations: Sequence[Json | None]) -> None:
        """Give the claims their devices, and reserve them for a pod."""
        for claim, allocation in zip(claims, allocations, strict=True):
            self._edit(claim, partial(_bound, pod=pod, allocation=allocation))

    def _supply(self, namespace: str, name: str) -> None:
        pod = self._store.find(kinds.PODS, namespace, name)
        if pod is None or is_deleting(pod):
            self._waiting.discard((namespace, name))
            return
        known = {status["name"] for status in _statuses(pod)}
        for entry in pod["spec"]["resourceClaims"]:
            template = entry.get("resourceClaimTemplateName")
            if template and entry["name"] not in known:
                self._create(pod, entry["name"], template)

    def _create(self, pod: Json, entry: str, template_name: str) -> None:
        namespace = namespace_of(pod)
        template = self._store.find(TEMPLATES, namespace, template_name)
        try:
            if template is None:
                missing = f'resourceclaimtemplate.{GROUP} "{template_name}" not found'
                problem = f'resource claim template "{template_name}": {missing}'
                self._fail(pod, entry, problem)
                return
            kind = self._state.kinds.of(CLAIMS)
            claim = creation.create(self._state, kind, _claim_of(pod, entry, template))
        except ApiError as error:
            self._fail(pod, entry, str(error))
            return
        self._waiting.discard((namespace, name_of(pod)))
        status = {"name": entry, "resourceClaimName": name_of(claim)}
        self._edit_pod(pod, partial(_with_claim, status=status))

    def _fail(self, pod: Json, entry: str, problem: str) -> None:
        self._waiting.add((namespace_of(pod), name_of(pod)))
        note = Note(
            "FailedResourceClaimCreation", f"PodResourceClaim {entry}: {problem}", warning=True
        )
        self._events.write(pod, _CONTROLLER, note)

    def _release(self, pod: Json) -> None:
        """Take a pod that has ended off its claims; those made for it go."""
        for claim in self._store.objects(CLAIMS, namespace_of(pod)):
            reserved = (claim.get("status") or {}).get("reservedFor") or []
            if all(user.get("uid") != uid_of(pod) for user in reserved):
                continue
            self._edit(claim, partial(_released, pod=pod))
            if any(owner.get("uid") == uid_of(pod) for owner in owners_of(claim)):
                deletion.delete_quietly(
                    self._state,
                    self._state.kinds.of(CLAIMS),
                    namespace_of(claim),
                    name_of(claim),
                    DeleteOptions(uid=uid_of(claim)),
                )

    def _edit(self, claim: Json, edit: Edit) -> None:
        try:
            self._store.update(CLAIMS, namespace_of(claim), name_of(claim), edit)
        except Missing:
            return

    def _edit_pod(self, pod: Json, edit: Edit) -> None:
        try:
            self._store.update(kinds.PODS, namespace_of(pod), name_of(pod), edit)
        except Missing:
            return


def _statuses(pod: Json) -> list[Json]:
    return (pod.get("status") or {}).get("resourceClaimStatuses") or []


def _with_claim(pod: Json, status: Json) -> Json:
    pod["status"]["resourceClaimStatuses"] = [*_statuses(pod), status]
    return pod


def _claim_of(pod: Json, entry: str, template: Json) -> Json:
    """Compose the claim that a template describes, owned by the pod."""
    given = template["spec"].get("metadata") or {}
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": name_of(pod),
        "uid": uid_of(pod),
        "controller": True,
    }
    metadata: Json = {
        "generateName": f"{name_of(pod)}-{entry}-",
        "namespace": namespace_of(pod),
        "annotations": {**(given.get("annotations") or {}), _POD_CLAIM: entry},
        "ownerReferences": [owner],
    }
    if given.get("labels"):
        metadata["labels"] = given["labels"]
    spec = clone(template["spec"]["spec"])
    return {
        "apiVersion": CLAIMS.api_version,
        "kind": CLAIMS.kind,
        "metadata": metadata,
        "spec": spec,
    }


def _bound(claim: Json, pod: Json, allocation: Json | None) -> Json:
    status = claim.setdefault("status", {})
    if allocation is not None:
        status["allocation"] = {**allocation, "allocationTimestamp": now()}
        finalizers = meta(claim).get("finalizers") or []
        meta(claim)["finalizers"] = [*finalizers, _PROTECTION]
    user = {"resource": "pods", "name": name_of(pod), "uid": uid_of(pod)}
    if user not in (status.get("reservedFor") or []):
        status["reservedFor"] = [*(status.get("reservedFor") or []), user]
    return claim


def _released(claim: Json, pod: Json) -> Json:
    """Give a claim without a pod; its devices are free when that was the last one."""
    status = claim["status"]
    left = [user for user in status["reservedFor"] if user.get("uid") != uid_of(pod)]
    if left:
        status["reservedFor"] = left
    elif results_of(claim):
        claim["status"] = {}
        finalizers = [f for f in meta(claim).get("finalizers") or [] if f != _PROTECTION]
        meta(claim)["finalizers"] = finalizers
        if not finalizers:
            del meta(claim)["finalizers"]
    return claim

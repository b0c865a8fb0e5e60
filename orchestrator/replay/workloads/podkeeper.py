"""What all controllers that make pods have in common: composing, creating, deleting, counting."""

import hashlib
import json
from dataclasses import dataclass

from helper import kinds
from orchestrator.replay import creation, deletion
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.objects import (
    Json,
    annotations_of,
    clone,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.statuses import ApiError
from orchestrator.replay.store import Edit, Missing
from orchestrator.replay.workloads.events import EventWriter, Note

_HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # k8s.io/apimachinery rand.SafeEncodeString
_HASH_LENGTH = 10


@dataclass(frozen=True)
class PodKeeper:
    """Creates and deletes the pods of owners, and says so in events of a component."""

    state: State
    events: EventWriter
    component: str

    def pods_of(self, owner: Json) -> list[Json]:
        """Give the pods that an object owns."""
        pods = self.state.store.objects(kinds.PODS, namespace_of(owner))
        return [pod for pod in pods if is_owned(pod, owner)]

    def create(self, owner: Json, pod: Json) -> bool:
        """Create a pod; False when the API server refuses it."""
        try:
            made = creation.create(self.state, self.state.kinds.of(kinds.PODS), pod)
        except ApiError as error:
            self.note(owner, Note("FailedCreate", f"Error creating: {error}", warning=True))
            return False
        self.note(owner, Note("SuccessfulCreate", f"Created pod: {name_of(made)}"))
        return True

    def delete(self, owner: Json, pod: Json) -> None:
        """Delete a pod that is no longer wanted."""
        deletion.delete_quietly(
            self.state,
            self.state.kinds.of(kinds.PODS),
            namespace_of(pod),
            name_of(pod),
            DeleteOptions(uid=uid_of(pod)),
        )
        self.note(owner, Note("SuccessfulDelete", f"Deleted pod: {name_of(pod)}"))

    def note(self, about: Json, note: Note) -> None:
        """Write an event."""
        self.events.write(about, self.component, note)

    def write(self, owner: Json, edit: Edit) -> Json | None:
        """Change an owner; None when it is gone, unchanged when it was replaced."""

        def checked(current: Json) -> Json:
            return edit(current) if uid_of(current) == uid_of(owner) else current

        kind = self.state.kinds.of_object(owner)
        if kind is None:
            return None
        place = (kind.resource, namespace_of(owner), name_of(owner))
        try:
            return self.state.store.update(*place, checked)
        except Missing:
            return None


def composed(owner: Json, labels: dict[str, str] | None = None) -> Json:
    """Compose a pod from the template of its owner."""
    template = clone(owner["spec"]["template"])
    metadata: Json = {
        "generateName": f"{name_of(owner)}-",
        "namespace": namespace_of(owner),
        "labels": {**labels_of(template), **(labels or {})},
        "ownerReferences": [reference(owner)],
    }
    if annotations_of(template):
        metadata["annotations"] = annotations_of(template)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def reference(owner: Json) -> Json:
    """Give the owner reference by which a controller's object is known."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_owned(obj: Json, owner: Json) -> bool:
    """Whether an object belongs to another."""
    return any(found.get("uid") == uid_of(owner) for found in owners_of(obj))


def is_active(pod: Json) -> bool:
    """Whether a pod still counts: it is not over, and nobody has deleted it."""
    return not is_deleting(pod) and pod["status"].get("phase") not in ("Succeeded", "Failed")


def is_ready(pod: Json) -> bool:
    """Whether a pod is ready."""
    conditions = pod["status"].get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def hash_of(template: Json) -> str:
    """Give a short name for a template; another one than a real controller's, but stable."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_HASH_LETTERS[byte % len(_HASH_LETTERS)] for byte in digest[:_HASH_LENGTH])

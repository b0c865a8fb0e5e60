"""The scheduler as a controller: gives pending pods a node, again when something changes."""

from helper import kinds
from orchestrator.replay.objects import Json, is_deleting, name_of, namespace_of
from orchestrator.replay.state import State
from orchestrator.replay.store import Change, Edit, Missing
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.events import SCHEDULER, EventWriter, Note
from orchestrator.replay.workloads.loop import Loop, Once
from orchestrator.replay.workloads.scheduler import place

_PLACE_S = 0.005
_AGAIN_S = 0.02
_OVER = ("Succeeded", "Failed")


class PlacingController:
    """Places the pods that were created here."""

    def __init__(self, state: State, loop: Loop, events: EventWriter) -> None:
        self._store = state.store
        self._events = events
        self._pending: set[tuple[str, str]] = set()
        self._once = Once(loop, self._place)

    def pod_changed(self, change: Change) -> None:
        """Take note of a new pod, or of room that became free."""
        key = (change.key.namespace, change.key.name)
        if change.type == "ADDED" and change.live and not change.new["spec"].get("nodeName"):
            self._pending.add(key)
            self._once.later(_PLACE_S, *key)
        elif change.type == "DELETED":
            self._pending.discard(key)
            self._try_all()
        elif (change.new.get("status") or {}).get("phase") in _OVER:
            self._try_all()

    def node_changed(self) -> None:
        """Look again at the pods that fitted nowhere."""
        self._try_all()

    def _try_all(self) -> None:
        for key in self._pending:
            self._once.later(_AGAIN_S, *key)

    def _place(self, namespace: str, name: str) -> None:
        pod = self._store.find(kinds.PODS, namespace, name)
        if pod is None or is_deleting(pod) or pod["spec"].get("nodeName"):
            self._pending.discard((namespace, name))
            return
        chosen = place(pod, self._store.objects(kinds.NODES), self._store.objects(kinds.PODS))
        if chosen.node:
            self._pending.discard((namespace, name))
            self._write(pod, lambda obj: podstatus.scheduled(obj, chosen.node))
            message = f"Successfully assigned {namespace}/{name} to {chosen.node}"
            self._events.write(pod, SCHEDULER, Note("Scheduled", message))
            return
        before = pod
        after = self._write(pod, lambda obj: podstatus.unschedulable(obj, chosen.message))
        if after is not before:
            note = Note("FailedScheduling", chosen.message, warning=True)
            self._events.write(pod, SCHEDULER, note)

    def _write(self, pod: Json, edit: Edit) -> Json | None:
        try:
            return self._store.update(kinds.PODS, namespace_of(pod), name_of(pod), edit)
        except Missing:
            return None

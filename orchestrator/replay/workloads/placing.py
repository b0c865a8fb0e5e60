"""The scheduler as a controller: gives pending pods a node, again when something changes."""

from helper import kinds
from orchestrator.replay.objects import Json, is_deleting, name_of, namespace_of
from orchestrator.replay.state import State
from orchestrator.replay.store import Change, Edit, Missing
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.claims import ClaimController
from orchestrator.replay.workloads.disruptions import Disruptions
from orchestrator.replay.workloads.events import SCHEDULER, EventWriter, Note
from orchestrator.replay.workloads.loop import Loop, Once
from orchestrator.replay.workloads.nodefit import Obstacle
from orchestrator.replay.workloads.scheduler import Placement, place, refusal

_PLACE_S = 0.005
_AGAIN_S = 0.02
_OVER = ("Succeeded", "Failed")


class PlacingController:
    """Places the pods that were created here."""

    def __init__(
        self,
        state: State,
        loop: Loop,
        events: EventWriter,
        claims: ClaimController,
        disruptions: Disruptions,
    ) -> None:
        self._claims = claims
        self._disruptions = disruptions
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

    def surroundings_changed(self) -> None:
        """Look again at the pods that fitted nowhere: nodes, devices or claims have changed."""
        self._try_all()

    def _try_all(self) -> None:
        for key in self._pending:
            self._once.later(_AGAIN_S, *key)

    def _place(self, namespace: str, name: str) -> None:
        pod = self._store.find(kinds.PODS, namespace, name)
        if pod is None or is_deleting(pod) or pod["spec"].get("nodeName"):
            self._pending.discard((namespace, name))
            return
        claims = self._claims.of(pod)
        if claims is None:
            return  # not in the queue before its claims are there
        chosen = self._chosen(pod, claims)
        if chosen.node:
            self._pending.discard((namespace, name))
            self._claims.bind(pod, claims, chosen.allocations)
            self._write(pod, lambda obj: podstatus.scheduled(obj, chosen.node))
            message = f"Successfully assigned {namespace}/{name} to {chosen.node}"
            self._events.write(pod, SCHEDULER, Note("Scheduled", message))
            return
        before = pod
        after = self._write(pod, lambda obj: podstatus.unschedulable(obj, chosen.message))
        if after is not before:
            note = Note("FailedScheduling", chosen.message, warning=True)
            self._events.write(pod, SCHEDULER, note)

    def _chosen(self, pod: Json, claims: list[Json]) -> Placement:
        nodes = self._store.objects(kinds.NODES)
        reason = self._disruptions.unschedulable(pod)
        if reason:
            return Placement(message=refusal([[Obstacle(reason)] for _ in nodes]))
        pods, inventory = self._store.objects(kinds.PODS), self._claims.inventory()
        return place(pod, nodes, pods, claims, inventory)

    def _write(self, pod: Json, edit: Edit) -> Json | None:
        try:
            return self._store.update(kinds.PODS, namespace_of(pod), name_of(pod), edit)
        except Missing:
            return None

"""Faults that hit pods and the server: who is meant, how often, and what happens when."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Protocol, TypeVar

from helper import kinds
from orchestrator.replay import deletion
from orchestrator.replay.clock import CLOCK
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.faultspec import (
    ClockJump,
    Eviction,
    ImagePull,
    NodeLost,
    OfPods,
    OutOfMemory,
    Restart,
    Unschedulable,
    WhileRunning,
)
from orchestrator.replay.objects import Json, labels_of, name_of, namespace_of, uid_of
from orchestrator.replay.outcomes import repository
from orchestrator.replay.state import State
from orchestrator.replay.store import Edit
from orchestrator.replay.workloads import images, podstatus
from orchestrator.replay.workloads.events import SCHEDULER, EventWriter, Note
from orchestrator.replay.workloads.images import Refusal
from orchestrator.replay.workloads.loop import Loop


class RunningPod(Protocol):
    """A pod on its node, as far as it can be disturbed."""

    pod: Json

    @property
    def node_name(self) -> str:
        """The node that the pod is on."""

    def evict(self, message: str) -> None:
        """End the pod as kubelet does under pressure."""

    def run_out_of_memory(self) -> None:
        """Let its containers use more memory than their limit."""

    def write(self, edit: Edit) -> Json | None:
        """Change the pod's status."""


@dataclass(frozen=True)
class Powers:
    """What faults can do beyond single pods."""

    restart: Callable[[float], None]  # the API, away for so many seconds
    lose_node: Callable[[str, NodeLost], None]


F = TypeVar("F", bound=OfPods)


class Disruptions:
    """The planned faults of one server; each pod counts once for each fault."""

    def __init__(self, state: State, loop: Loop, events: EventWriter, powers: Powers) -> None:
        self._state = state
        self._loop = loop
        self._events = events
        self._powers = powers
        self._jumped_s = 0.0
        self._hit: dict[int, set[str]] = {}  # pod uids, by index of the fault
        self._lock = threading.Lock()

    def withheld_image(self, pod: Json, image: str) -> Refusal | None:
        """Give why the image of a pod cannot be pulled, if a fault says so."""
        for fault in self._meant(ImagePull, pod):
            return images.pull_failure(image, fault.message)
        return None

    def unschedulable(self, pod: Json) -> str:
        """Give the reason why a pod fits on no node, if a fault says so."""
        for fault in self._meant(Unschedulable, pod):
            return fault.reason
        return ""

    def pod_runs(self, run: RunningPod) -> None:
        """Let what is planned for a pod that runs happen in time."""
        for fault in self._meant(WhileRunning, run.pod):
            self._loop.later(fault.after, partial(self._strike, fault, run))

    def stop(self) -> None:
        """Undo what reaches beyond this cluster."""
        CLOCK.jump(-self._jumped_s)
        self._jumped_s = 0.0

    def _meant(self, kind: type[F], pod: Json) -> Sequence[F]:
        """Give the faults of a kind that hit a pod, and count it."""
        found = []
        with self._lock:
            for index, fault in enumerate(self._state.planned):
                if not isinstance(fault, kind) or not _matches(fault, pod):
                    continue
                hit = self._hit.setdefault(index, set())
                if uid_of(pod) in hit or fault.times is None or len(hit) < fault.times:
                    hit.add(uid_of(pod))
                    found.append(fault)
        return found

    def _strike(self, fault: WhileRunning, run: RunningPod) -> None:
        match fault:
            case Restart():
                self._powers.restart(fault.seconds)
            case ClockJump():
                self._jumped_s += fault.seconds
                CLOCK.jump(fault.seconds)
            case OutOfMemory():
                run.run_out_of_memory()
            case NodeLost():
                self._powers.lose_node(run.node_name, fault)
            case Eviction(by="kubelet"):
                run.evict(fault.message)
            case Eviction(by="api"):
                self._push_out(run, "EvictionByEvictionAPI", "Eviction API: evicting")
            case Eviction():
                why = "preempting to accommodate a higher priority pod"
                note = Note("Preempted", f"Preempted by a pod on node {run.node_name}", True)
                self._events.write(run.pod, SCHEDULER, note)
                self._push_out(run, "PreemptionByScheduler", f"{SCHEDULER}: {why}")

    def _push_out(self, run: RunningPod, reason: str, message: str) -> None:
        run.write(partial(podstatus.disrupted, reason=reason, message=message))
        deletion.delete_quietly(
            self._state,
            self._state.kinds.of(kinds.PODS),
            namespace_of(run.pod),
            name_of(run.pod),
            DeleteOptions(uid=uid_of(run.pod)),
        )


def _matches(fault: Any, pod: Json) -> bool:
    labels = labels_of(pod)
    used = {repository(container.get("image", "")) for container in pod["spec"]["containers"]}
    return (
        all(labels.get(key) == value for key, value in fault.labels().items())
        and fault.namespace in ("", namespace_of(pod))
        and (not fault.pod or fnmatchcase(name_of(pod), fault.pod))
        and (not fault.image or repository(fault.image) in used)
    )

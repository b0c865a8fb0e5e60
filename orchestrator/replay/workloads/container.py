"""What all containers of a pod have in common, whether a process runs in them or a script."""

from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from typing import Protocol

from helper.quantity import format_duration
from orchestrator.local.guardian import Guardian
from orchestrator.replay.objects import Json, now
from orchestrator.replay.store import Edit
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.events import Note
from orchestrator.replay.workloads.images import Refusal
from orchestrator.replay.workloads.loop import Loop
from orchestrator.replay.workloads.podstatus import Ended

KILLED = 137
NEVER = "1970-01-01T00:00:00Z"  # how kubelet writes the start of what never started
OUT_OF_MEMORY = "OOMKilled"
_BACK_OFF_S = 0.3  # from ErrImagePull to ImagePullBackOff
_RESTART_S = 0.02
# What kubelet waits between restarts, and how much faster this node is.
_FIRST_BACK_OFF_S, _LAST_BACK_OFF_S, _HASTE = 10, 300, 30


class Pod(Protocol):
    """What a container needs of its pod."""

    loop: Loop
    guardian: Guardian
    ending: bool
    title: str

    def write(self, edit: Edit) -> Json | None:
        """Change the pod's status; None when the pod is gone."""

    def note(self, note: Note) -> None:
        """Write an event about the pod."""

    def address(self) -> str:
        """Give the pod's IP address."""

    def keep_log(self, container: str, file: Path) -> None:
        """Let pods/log serve a file."""

    def withheld_image(self, image: str) -> Refusal | None:
        """Give why an image that is known cannot be had all the same."""

    def started(self, container: "Container") -> None:
        """Hear that a container runs."""

    def finished(self, container: "Container", ended: Ended) -> None:
        """Hear that a container has ended."""


class Container(ABC):
    """One container from its first start to its last end; all methods run in the loop."""

    def __init__(self, pod: Pod, spec: Json, field: str) -> None:
        self.name: str = spec["name"]
        self._pod = pod
        self._spec = spec
        self._field = f"{field}{{{self.name}}}"
        self._restarts = 0
        self._started_at = NEVER
        self._is_running = False

    @property
    def has_process(self) -> bool:
        """Whether there is something to wait for."""
        return False

    def start(self) -> None:
        """Start it, unless its pod is about to end or its image cannot be had."""
        if self._pod.ending:
            return
        if refusal := self._pod.withheld_image(self._spec["image"]):
            self._refuse_image(refusal)
        else:
            self._start()

    def start_again(self) -> None:
        """Start once more: at once the first time, after growing pauses later."""
        self._restarts += 1
        if self._restarts == 1:
            self._pod.loop.later(_RESTART_S, self.start)
            return
        pause_s = min(_FIRST_BACK_OFF_S * 2 ** (self._restarts - 2), _LAST_BACK_OFF_S)
        which = f"restarting failed container {self.name} in pod {self._pod.title}"
        self._note("BackOff", f"Back-off {which}", warning=True)
        shown = f"back-off {format_duration(pause_s)} restarting failed container={self.name}"
        self._wait("CrashLoopBackOff", f"{shown} pod={self._pod.title}")
        self._pod.loop.later(pause_s / _HASTE, self.start)

    @abstractmethod
    def terminate(self, grace_s: float) -> None:
        """Ask it to end, and end it when the grace period is over."""

    @abstractmethod
    def kill(self) -> None:
        """End it now, because its pod is gone or the cluster is."""

    @abstractmethod
    def break_off(self, reason: str = "") -> None:
        """End it from outside while its pod stays, for example for lack of memory."""

    def join(self) -> None:  # noqa: B027  (not every container has something to wait for)
        """Wait until the end of a process was noticed."""

    @abstractmethod
    def _start(self) -> None:
        """Start what runs in it."""

    def _runs(self, container_id: str) -> None:
        self._is_running = True
        self._started_at = now()
        self._pod.write(
            partial(
                podstatus.running,
                container=self.name,
                container_id=container_id,
                pod_ip=self._pod.address(),
                restarts=self._restarts,
            )
        )
        self._note("Started", "Container started")
        self._pod.started(self)

    def _end(self, code: int, message: str = "", reason: str = "", *, has_id: bool = True) -> None:
        self._is_running = False
        ended = Ended(code, self._started_at, now(), message, reason, has_id)
        self._started_at = NEVER
        self._pod.finished(self, ended)

    def _refuse_image(self, refusal: Refusal) -> None:
        for note in refusal.notes:
            self._note(note.reason, note.message, warning=note.warning)
        self._wait(refusal.reason, refusal.message)
        if refusal.then is not None:
            again = partial(self._wait, refusal.then.reason, refusal.then.message)
            self._pod.loop.later(_BACK_OFF_S, again)

    def _wait(self, reason: str, message: str) -> None:
        self._pod.write(
            partial(podstatus.waiting, container=self.name, reason=reason, message=message)
        )

    def _note(self, reason: str, message: str, *, warning: bool = False) -> None:
        self._pod.note(Note(reason, message, warning, self._field))

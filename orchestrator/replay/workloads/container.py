"""One container of a pod: a local process, a scripted outcome, or the reason why it waits."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from orchestrator.replay.models import Outcome
from orchestrator.replay.objects import Json, new_uid, now
from orchestrator.replay.outcomes import command_for
from orchestrator.replay.store import Edit
from orchestrator.replay.workloads import images, podstatus
from orchestrator.replay.workloads.events import Note
from orchestrator.replay.workloads.loop import Loop
from orchestrator.replay.workloads.podstatus import Ended
from orchestrator.replay.workloads.process import ContainerProcess
from orchestrator.replay.workloads.sandbox import ConfigError, Outfitter, Sandbox, command_line

_AGAIN_S = 0.2  # after a configuration that failed
_BACK_OFF_S = 0.3  # from ErrImagePull to ImagePullBackOff
_START_ERROR = 128
_NEVER = "1970-01-01T00:00:00Z"  # how kubelet writes the start of what never started


class Pod(Protocol):
    """What a container needs of its pod."""

    loop: Loop
    ending: bool

    def write(self, edit: Edit) -> Json | None:
        """Change the pod's status; None when the pod is gone."""

    def note(self, note: Note) -> None:
        """Write an event about the pod."""

    def address(self) -> str:
        """Give the pod's IP address."""

    def keep_log(self, container: str, file: Path) -> None:
        """Let pods/log serve a file."""

    def finished(self, container: str, ended: Ended) -> None:
        """Hear that a container has ended."""


class Container:
    """One container from start to end; all methods run in the controllers' loop."""

    def __init__(self, pod: Pod, spec: Json, images: Mapping[str, Sequence[str]]) -> None:
        self.name: str = spec["name"]
        self._pod = pod
        self._spec = spec
        self._images = images
        self._sandbox: Sandbox | None = None
        self._process: ContainerProcess | None = None
        self._started_at = _NEVER

    @property
    def is_running(self) -> bool:
        """Whether a process runs."""
        return self._process is not None

    def start(self, outfitter: Outfitter) -> None:
        """Start the process of a known image; wait with the right reason otherwise."""
        if self._pod.ending:
            return
        command = command_for(self._images, self._spec["image"])
        if command is None:
            self._refuse_image()
            return
        present = f'Container image "{self._spec["image"]}" already present on machine'
        self._note("Pulled", f"{present} and can be accessed by the pod")
        try:
            sandbox = self._sandbox = outfitter.prepare(self._spec)
        except ConfigError as error:
            self._wait("CreateContainerConfigError", str(error))
            self._note("Failed", f"Error: {error}", warning=True)
            self._pod.loop.later(_AGAIN_S, partial(self.start, outfitter))
            return
        self._pod.keep_log(self.name, sandbox.log)
        self._note("Created", "Container created")
        self._launch(sandbox, command_line(self._spec, command, sandbox.env))

    def play(self, outcome: Outcome, folder: Path) -> None:
        """Let a scripted outcome happen in place of a process."""
        if outcome.waiting:
            reason, message = outcome.waiting.reason, outcome.waiting.message
            self._wait(reason, message)
            self._note("Failed", message or f"Error: {reason}", warning=True)
            return
        log = folder / f"{self.name}.log"
        log.write_text(outcome.log)
        self._pod.keep_log(self.name, log)
        self._runs(has_id=outcome.container_id)
        if outcome.exit_code is not None:
            self._pod.loop.later(outcome.delay_seconds, partial(self._played, outcome))

    def terminate(self, grace_s: float) -> None:
        """Ask the process to end, and end it when the grace period is over."""
        if self._process is not None:
            self._note("Killing", f"Stopping container {self.name}")
            self._process.terminate()
            self._pod.loop.later(grace_s, self._process.kill)

    def kill(self) -> None:
        """End the process now."""
        if self._process is not None:
            self._process.kill()

    def join(self) -> None:
        """Wait until the end of the process was noticed."""
        if self._process is not None:
            self._process.join()

    def _launch(self, sandbox: Sandbox, argv: list[str]) -> None:
        loop = self._pod.loop
        try:
            self._process = ContainerProcess(
                argv,
                sandbox.env,
                sandbox.root,
                sandbox.log,
                on_exit=lambda code: loop.soon(partial(self._exited, sandbox, code)),
            )
        except OSError as error:
            self._never_started(argv[0], error)
            return
        self._runs()

    def _runs(self, *, has_id: bool = True) -> None:
        self._started_at = now()
        container_id = f"containerd://{new_uid().replace('-', '') * 2}" if has_id else ""
        self._pod.write(
            partial(
                podstatus.running,
                container=self.name,
                container_id=container_id,
                pod_ip=self._pod.address(),
            )
        )
        self._note("Started", "Container started")

    def _exited(self, sandbox: Sandbox, code: int) -> None:
        self._process = None
        message = sandbox.termination_message(self._spec["terminationMessagePath"])
        if not message and code:
            message = images.fallback_message(self._spec, sandbox.log)
        self._pod.finished(self.name, Ended(code, self._started_at, now(), message))

    def _played(self, outcome: Outcome) -> None:
        ended = Ended(
            exit_code=outcome.exit_code or 0,
            started_at=self._started_at,
            finished_at=now(),
            message=outcome.message,
            reason=outcome.reason,
            has_id=outcome.container_id,
        )
        self._pod.finished(self.name, ended)

    def _never_started(self, program: str, error: OSError) -> None:
        message = (
            "failed to create containerd task: failed to create shim task: OCI runtime create "
            "failed: runc create failed: unable to start container process: exec: "
            f'"{program}": {(error.strerror or "").lower()}: unknown'
        )
        self._note("Failed", f"Error: {message}", warning=True)
        self._pod.finished(self.name, Ended(_START_ERROR, _NEVER, now(), message, "StartError"))

    def _refuse_image(self) -> None:
        refusal = images.refusal(self._spec["image"], self._spec["imagePullPolicy"])
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
        self._pod.note(Note(reason, message, warning, self.name))

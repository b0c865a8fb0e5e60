"""A container as a local process: its image, its files, its memory limit, its end."""

import errno
from collections.abc import Mapping, Sequence
from functools import partial

from helper.quantity import parse_quantity
from orchestrator.local.process import LocalProcess
from orchestrator.replay.objects import Json
from orchestrator.replay.outcomes import command_for
from orchestrator.replay.workloads import images, podstatus
from orchestrator.replay.workloads.container import OUT_OF_MEMORY, Container, Pod
from orchestrator.replay.workloads.sandbox import ConfigError, Outfitter, Sandbox, command_line

_AGAIN_S = 0.2  # after a configuration that failed
_WEIGH_S = 0.05
_START_ERROR = 128


class LocalContainer(Container):
    """Runs the command that stands for a known image; waits with the right reason otherwise."""

    def __init__(
        self,
        pod: Pod,
        spec: Json,
        field: str,
        outfitter: Outfitter,
        commands: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__(pod, spec, field)
        self._outfitter = outfitter
        self._commands = commands
        self._process: LocalProcess | None = None
        self._broken_off = ""  # why it was ended from outside

    @property
    def has_process(self) -> bool:
        """Whether a process runs."""
        return self._process is not None

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

    def break_off(self, reason: str = "") -> None:
        """End the process; its exit is reported with the reason."""
        self._broken_off = reason
        self.kill()

    def join(self) -> None:
        """Wait until the end of the process was noticed."""
        if self._process is not None:
            self._process.join()

    def _start(self) -> None:
        image = self._spec["image"]
        command = command_for(self._commands, image)
        if command is None:
            self._refuse_image(images.refusal(image, self._spec["imagePullPolicy"]))
            return
        present = f'Container image "{image}" already present on machine'
        self._note("Pulled", f"{present} and can be accessed by the pod")
        try:
            sandbox = self._outfitter.prepare(self._spec, self._restarts)
        except ConfigError as error:
            self._wait("CreateContainerConfigError", str(error))
            self._note("Failed", f"Error: {error}", warning=True)
            self._pod.loop.later(_AGAIN_S, self.start)
            return
        self._pod.keep_log(self.name, sandbox.log)
        self._note("Created", "Container created")
        self._launch(sandbox, command_line(self._spec, command, sandbox.env))

    def _launch(self, sandbox: Sandbox, argv: list[str]) -> None:
        loop = self._pod.loop
        try:
            with sandbox.log.open("ab") as log:
                self._process = LocalProcess(
                    argv,
                    sandbox.env,
                    sandbox.root,
                    log.fileno(),
                    guardian=self._pod.guardian,
                    on_exit=lambda code: loop.soon(partial(self._exited, sandbox, code)),
                )
        except OSError as error:
            self._never_started(argv[0], error)
            return
        self._runs(podstatus.new_container_id())
        limit = ((self._spec.get("resources") or {}).get("limits") or {}).get("memory")
        if limit:
            self._weigh(self._process, int(parse_quantity(limit)))

    def _weigh(self, process: LocalProcess, limit: int) -> None:
        """Look from time to time whether the process is within its memory limit."""
        if self._process is not process:
            return
        if process.holds_more_than(limit):
            self.break_off(OUT_OF_MEMORY)
        else:
            self._pod.loop.later(_WEIGH_S, partial(self._weigh, process, limit))

    def _exited(self, sandbox: Sandbox, code: int) -> None:
        self._process = None
        reason, self._broken_off = self._broken_off, ""
        message = sandbox.termination_message(self._spec["terminationMessagePath"])
        if not message and code:
            message = images.fallback_message(self._spec, sandbox.log)
        self._end(code, message, reason)

    def _never_started(self, program: str, error: OSError) -> None:
        message = (
            "failed to create containerd task: failed to create shim task: OCI runtime create "
            "failed: runc create failed: unable to start container process: exec: "
            f'"{program}": {_problem(program, error)}: unknown'
        )
        self._note("Failed", f"Error: {message}", warning=True)
        self._end(_START_ERROR, message, "StartError")


def _problem(program: str, error: OSError) -> str:
    """Say in runc's words why a program cannot be executed."""
    words = (error.strerror or "").lower()
    if error.errno != errno.ENOENT:
        return words
    return f"stat {program}: {words}" if "/" in program else "executable file not found in $PATH"

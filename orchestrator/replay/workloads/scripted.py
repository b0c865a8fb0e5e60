"""A container whose outcome is written down: nothing is executed."""

from pathlib import Path

from orchestrator.replay.models import Outcome
from orchestrator.replay.objects import Json
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.container import KILLED, Container, Pod


class ScriptedContainer(Container):
    """Waits, ends or runs on as its script says."""

    def __init__(self, pod: Pod, spec: Json, field: str, outcome: Outcome, folder: Path) -> None:
        super().__init__(pod, spec, field)
        self._outcome = outcome
        self._folder = folder

    def terminate(self, grace_s: float) -> None:
        """Let it go: its pod does not wait for it."""

    def kill(self) -> None:
        """Forget that it runs."""
        self._is_running = False

    def break_off(self, reason: str = "") -> None:
        """End it from outside while its pod stays."""
        if self._is_running:
            self._end(KILLED, reason=reason)

    def _start(self) -> None:
        waiting = self._outcome.waiting
        if waiting:
            self._wait(waiting.reason, waiting.message)
            words = waiting.message or f"Error: {waiting.reason}"
            self._note("Failed", words, warning=True)
            return
        log = self._folder / f"{self.name}.{self._restarts}.log"
        log.write_text(self._outcome.log)
        self._pod.keep_log(self.name, log)
        self._runs(podstatus.new_container_id() if self._outcome.container_id else "")
        if self._outcome.exit_code is not None:
            self._pod.loop.later(self._outcome.delay_seconds, self._play_end)

    def _play_end(self) -> None:
        outcome = self._outcome
        if self._is_running:
            code, has_id = outcome.exit_code or 0, outcome.container_id
            self._end(code, outcome.message, outcome.reason, has_id=has_id)

"""One check as a local process: its start, its budget, its end, and what it printed."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from helper import contract
from helper.deadline import Clock
from helper.errors import InputError
from helper.quantity import format_duration, parse_quantity
from orchestrator import collected, logs, redaction, verdict
from orchestrator.events import CheckProgressed, CheckSaid, Event
from orchestrator.local.guardian import Guardian
from orchestrator.local.process import LocalProcess
from orchestrator.manifests import LIMITS
from orchestrator.outcome import Outcome, Split, Status
from orchestrator.plan import PlannedCheck
from orchestrator.processes.output import Output
from orchestrator.processes.room import Room, Rooms
from orchestrator.stop import Stop
from orchestrator.verdict import Ending, Stage

WEIGH_S = 0.5
LAST_WORDS_S = 2.0  # from a process's end to the end of what it printed


@dataclass(frozen=True)
class Bounds:
    """How long a process may go on beyond its own budget."""

    margin_s: float = 15.0  # to start; a check ends itself before its budget does
    grace_s: float = contract.TERMINATION_GRACE_S  # from SIGTERM to SIGKILL


class ProcessAttempt:
    """Runs one planned check as a process; `run` gives its outcome, `clean` leaves nothing."""

    def __init__(
        self,
        planned: PlannedCheck,
        command: Callable[[PlannedCheck], Sequence[str]],
        *,
        rooms: Rooms,
        guardian: Guardian,
        stop: Stop,
        emit: Callable[[Event], None],
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        self._planned = planned
        self._command = command
        self._rooms = rooms
        self._guardian = guardian
        self._stop = stop
        self._emit = emit
        self._clock = clock
        self._bounds = bounds
        self._room: Room | None = None
        self._process: LocalProcess | None = None
        self._output: Output | None = None
        self._printed = ""
        self._outside: tuple[str, str] | None = None  # why it was ended by us
        self._code: int | None = None  # of a process that has ended
        self._created = self._started = self._ended = 0.0  # seconds since 1970

    def run(self) -> Outcome:
        """Start it, wait for the end, collect."""
        self._created = self._clock.wall()
        try:
            room, process, output = self._start()
        except (OSError, InputError) as error:
            if self._output:
                self._output.discard()
            words = f"could not start: {error}"
            return self._outcome(Ending(Status.OTHER, words, "StartError"), logs.Log())
        self._emit(CheckProgressed(self._planned.name, Stage.RUNNING))
        ending = self._until_end(room, process)
        self._printed = output.finish(0.0 if self._code is None else LAST_WORDS_S)
        log = logs.split(self._printed)
        return self._outcome(collected.with_words(ending, log), log)

    def diagnosis(self) -> Mapping[str, str]:
        """What was started, and all that is kept of what it printed; values may be secrets."""
        argv, names = (self._room.argv, sorted(self._room.env)) if self._room else ((), [])
        printed = "\n".join(redaction.lines(self._printed.split("\n")))
        return {
            "command.txt": f"{' '.join(argv) or 'it was not started'}\n",
            "environment.txt": "".join(f"{name}\n" for name in names) or "it was not started\n",
            "log.txt": printed or "it printed nothing\n",
        }

    def clean(self, *, keep: bool = False) -> bool:  # noqa: ARG002 - what is kept is in the report
        """End the process if it still runs, then remove its files."""
        if self._process and self._code is None:
            self._end(self._process)
        if self._room:
            shutil.rmtree(self._room.root, ignore_errors=True)
        return False

    def _start(self) -> tuple[Room, LocalProcess, Output]:
        self._room = room = self._rooms.prepare(self._planned, self._command(self._planned))
        self._output = output = Output(self._said)
        self._started = self._clock.wall()
        self._process = process = LocalProcess(
            room.argv,
            room.env,
            room.root,
            output.writer,
            guardian=self._guardian,
            on_exit=self._exited,
        )
        output.started()
        return room, process, output

    def _exited(self, code: int) -> None:
        with self._stop.changed:
            self._code, self._ended = code, self._clock.wall()
            self._stop.changed.notify_all()

    def _until_end(self, room: Room, process: LocalProcess) -> Ending:
        """Wait; what takes too long or too much is ended, what the run's end stops is left."""
        until = self._clock.now() + self._planned.timeout_s + self._bounds.margin_s
        while not self._wait(min(WEIGH_S, until - self._clock.now())):
            if self._stop:
                return verdict.cancelled(self._stop.reason, self._started)
            if self._clock.now() >= until:
                budget = format_duration(self._planned.timeout_s)
                self._outside = "DeadlineExceeded", f"the check went on beyond its {budget} budget"
                self._end(process)
            elif process.holds_more_than(int(parse_quantity(self._memory))):
                words = f"the check used more memory than its limit of {self._memory}"
                self._outside = "OOMKilled", words
                process.kill()
                process.join()
        ended_by_us = self._outside if self._code in verdict.ENDED_FROM_OUTSIDE else None
        return verdict.of_exit(
            self._code,
            room.termination_message,
            ended_by_us,
            started=self._started,
            stopped=self._ended,
        )

    def _wait(self, seconds: float) -> bool:
        """Wait for the end, or for the run's; True when the process has ended."""
        with self._stop.changed:
            if self._code is None and not self._stop:
                self._stop.changed.wait(max(0.0, seconds))
            return self._code is not None

    def _end(self, process: LocalProcess) -> None:
        """Ask it to end; kill its group when the grace is over, or nobody wants to wait."""
        process.terminate()
        until = self._clock.now() + self._bounds.grace_s
        with self._stop.changed:
            while self._code is None and not self._stop.hurry:
                left_s = until - self._clock.now()
                if left_s <= 0:
                    break
                self._stop.changed.wait(left_s)
        process.kill()
        process.join()

    @property
    def _memory(self) -> str:
        entry = self._planned.entry
        given = entry.resources if entry else None
        return given.memory if given else LIMITS["memory"]

    def _said(self, line: str) -> None:
        self._emit(CheckSaid(self._planned.name, redaction.line(line)))

    def _outcome(self, ending: Ending, log: logs.Log) -> Outcome:
        arguments = self._room.argv[1:] if self._room else ()
        place = {"command": " ".join(("python", *arguments))} if arguments else {}
        return collected.outcome(self._planned, ending, log, self._split(ending), place)

    def _split(self, ending: Ending) -> Split:
        if ending.stopped is None:
            return Split()
        return Split(
            wait_s=self._started - self._created,
            run_s=ending.stopped - self._started,
            collect_s=self._clock.wall() - ending.stopped,
            created=self._created,
        )

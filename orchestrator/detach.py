"""`validate --detach`: the run goes on in a process that outlives its caller and their terminal."""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from orchestrator import inputs, owner, resumption, rundir, state, stdout
from orchestrator.errors import UsageError
from orchestrator.exits import Exit, number
from orchestrator.options import Options
from orchestrator.signals import answered

PYTHONPATH = "PYTHONPATH"
PACKAGE_ROOT = Path(__file__).resolve().parents[1]
LOOK_S = 0.1  # between looks at what the run says before it has begun
FIRST_FREE = 3  # descriptor behind the standard streams
SIGNALLED = 128  # plus the number of the signal, as shells count

Tell = Callable[[str], object]


def start(options: Options, env: Mapping[str, str], tell: Tell) -> int:
    """Start the run, and wait until it has begun; what kept it from that is said here.

    Gives the exit status: 0 for a run that goes on, else that of the run.
    """
    folder = rundir.RunDir.of_run(options.run_id, env).path
    owner.check_free(folder)
    if not options.resumes:
        resumption.check_unused(folder)
    given = _standard_input(options)
    signals: list[signal.Signals] = []
    # Until its name is told: a run that nobody can name is nobody's to end.
    with answered(signals.append), _files(options, env, given, folder) as (told, log):
        with _spawned(options, env, told, log) as (process, begun):
            has_begun = _wait(process, begun, log, signals)
        if has_begun:
            for words in _next_steps(options.run_id, process.pid, log.path):
                tell(words)
            stdout.put(f"{options.run_id}\n")  # last, for it may be refused
            return Exit.OK
        log.discard()
    return _status(process.returncode, options.exit_codes)


@contextmanager
def _files(
    options: Options, env: Mapping[str, str], given: bytes, folder: Path
) -> "Iterator[tuple[IO[bytes], _Log]]":
    """What the process reads, and where it writes; UsageError where that cannot be."""
    try:
        state.make(folder)
        told = _told(options, env, given, folder)
        log = _Log(folder / rundir.LOG)
    except OSError as error:
        words = f"--detach: nobody could find the run again, {folder} does not take its log"
        raise UsageError(f"{words}: {error.strerror}") from error
    with told, log:
        yield told, log


def _told(options: Options, env: Mapping[str, str], given: bytes, folder: Path) -> IO[bytes]:
    """A file without a name that the process reads: its flags, then what is for its input.

    It is whole before the process starts, so that no run begins with a part of a recipe; and
    nobody reads flags in a list of processes.
    """
    flags = {**options.flags, "run_id": options.run_id}
    head = {"flags": flags, PYTHONPATH: env.get(PYTHONPATH)}
    told = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - its caller closes it
    try:
        told.write(json.dumps(head).encode() + b"\n" + given)
        told.seek(0)
    except OSError:
        told.close()
        raise
    return told


def _standard_input(options: Options) -> bytes:
    """What the run reads from standard input: it has none of its own."""
    for location, what in ((options.recipe, "recipe"), (options.snapshot, "snapshot")):
        if location == inputs.STDIN:
            return inputs.read(location, what).data
    return b""


class _Log:
    """What the run says, in its folder; shown here for as long as it has not begun."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = path.open("ab")
        self._reader = path.open("rb")
        self._reader.seek(0, os.SEEK_END)  # behind what earlier parts of the run said

    def show(self) -> None:
        """Pass on what has come since the last time."""
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(self._reader.read().decode(errors="replace"))
            sys.stderr.flush()

    def discard(self) -> None:
        """Leave nothing of a run that never was; one with a report or results keeps its log."""
        if {item.name for item in self.path.parent.iterdir()} == {self.path.name}:
            self.path.unlink()
            self.path.parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        self._reader.close()


@contextmanager
def _spawned(
    options: Options, env: Mapping[str, str], told: IO[bytes], log: _Log
) -> "Iterator[tuple[subprocess.Popen[bytes], int]]":
    """Start the process; gives it, and where it writes once the run has begun.

    It does not outlive an error here.
    """
    begun, tells = _pipe()
    path = os.pathsep.join(filter(None, (str(PACKAGE_ROOT), env.get(PYTHONPATH, ""))))
    command = [sys.executable, "-P", "-m", "orchestrator.detached", options.run_id, str(tells)]
    try:
        try:
            with _held_back():
                process = subprocess.Popen(
                    command,
                    env={**env, PYTHONPATH: path},
                    stdin=told,
                    stdout=subprocess.DEVNULL,
                    stderr=log.writer,
                    pass_fds=(tells,),
                    start_new_session=True,
                )
        finally:
            os.close(tells)
        try:
            yield process, begun
        except BaseException:
            process.kill()
            process.wait()
            raise
    finally:
        os.close(begun)


@contextmanager
def _held_back() -> Iterator[None]:
    """Start processes that hear of Ctrl-C only when they say so: before, Python may break at it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pipe() -> tuple[int, int]:
    """A pipe that is not taken for a standard stream, should one of those be closed."""
    ends = os.pipe()
    reader, writer = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE) for end in ends)
    for end in ends:
        os.close(end)
    return reader, writer


def _wait(
    process: "subprocess.Popen[bytes]", begun: int, log: _Log, signals: list[signal.Signals]
) -> bool:
    """Show what the run says until it has begun, True, or has ended, False.

    A signal ends the run, for nobody knows its name yet; `signals` has those that came.
    """
    is_heard, has_begun, passed_on = False, False, 0
    while not has_begun or signals:
        for found in signals[passed_on:]:
            process.send_signal(found)
            passed_on += 1
        if is_heard:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)
                log.show()
                return False
        elif select.select([begun], [], [], LOOK_S)[0]:
            is_heard, has_begun = True, bool(os.read(begun, 1))
        log.show()
    return True


def _next_steps(run_id: str, pid: int, log: Path) -> Iterator[str]:
    yield f"run {run_id} goes on in process {pid}; what it says is in {log}"
    yield f"follow it: aicr-orch attach {run_id}"
    yield f"look at it: aicr-orch status {run_id}"
    yield f"end it: aicr-orch cancel {run_id}"


def _status(code: int, compatible: str) -> int:
    """The exit status of a run that ended before its first check."""
    if code < 0:
        return SIGNALLED - code
    # A program that cannot even be loaded ends with 1; no check has failed.
    return number(Exit.INTERNAL, compatible) if code == Exit.FAILED else code

"""One check from argv to exit code: the entry point of every validator image.

Python, argparse and many libraries exit with 2 on bad usage, which a report would show as
"skipped". So nothing here leaves by any other way than `main`'s return value.
"""

import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from time import gmtime, strftime
from types import FrameType
from typing import Any, TextIO

from helper import contract
from helper.check import Check, Fail, Skip, Unbuilt
from helper.context import load_context
from helper.contract import ExitCode
from helper.deadline import SYSTEM_CLOCK, Clock, Deadline
from helper.errors import CannotTell, DeadlineError
from helper.evidence import Evidence
from helper.findings import printable
from helper.quantity import format_duration, parse_duration
from helper.settling import settle

log = logging.getLogger("validator")

TERMINATED = "terminated before completion"


class Terminated(BaseException):
    """SIGTERM arrived; passes through checks, so that their cleanup runs."""


class BudgetExceeded(BaseException):
    """The check's own time is up; what is left is for cleanup and reporting."""


class CleanupOverrun(BaseException):
    """Cleanup after `first` did not end within its bound."""

    def __init__(self, first: BaseException) -> None:
        super().__init__("cleanup was cut off, objects may be left behind")
        self.first = first


@dataclass(frozen=True)
class Verdict:
    """How a check ended; `message` goes to the termination log unless it is a pass."""

    code: int
    message: str = ""


def main(
    package: str,
    argv: Sequence[str] | None = None,
    env: Mapping[str, str] | None = None,
    out: TextIO | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Run the check that argv names and return the container's exit code."""
    argv = sys.argv[1:] if argv is None else argv
    env = os.environ if env is None else env
    _prepare_streams(debug=bool(env.get(contract.DEBUG)))
    try:
        verdict = _run(package, argv, env, out or sys.stdout, clock)
    except BaseException as error:
        # Before the check could be found, or a signal in the few lines around it.
        verdict = _verdict(error)
    _report(verdict, _root(env))
    return int(verdict.code)


def _root(env: Mapping[str, str]) -> Path:
    return Path(env.get(contract.FILE_ROOT) or "/")


def check_names(package: str) -> list[str]:
    """Names of the checks in a phase: its modules without a leading underscore."""
    modules = iter_modules(import_module(package).__path__)
    return sorted(m.name.replace("_", "-") for m in modules if not m.name.startswith("_"))


def find_check(package: str, name: str) -> Check:
    """Import one check, and only that module: a broken neighbour cannot take it down."""
    module = import_module(f"{package}.{name.replace('-', '_')}")
    found = getattr(module, name.replace("-", "_"))
    if not isinstance(found, Check) or found.name != name:
        raise TypeError(f"{module.__name__} offers no check named {name}")
    return found


def _run(
    package: str, argv: Sequence[str], env: Mapping[str, str], out: TextIO, clock: Clock
) -> Verdict:
    names = check_names(package)
    if not argv or argv[0] not in names:
        asked = f"unknown check: {argv[0]}" if argv else "no check named"
        known = ", ".join(names)
        return Verdict(ExitCode.FAIL, f"{asked}; usage: {package} CHECK, one of: {known}")
    name, budget_s = argv[0], _budget_s(env)
    log.info("starting check %s, budget %s", name, format_duration(budget_s))
    reserve_s = min(contract.CLEANUP_RESERVE_S, budget_s / 4)
    with _alarms(budget_s, reserve_s):
        try:
            deadline = Deadline.after(budget_s - reserve_s, clock)
            check = find_check(package, name)
            evidence = Evidence(out)
            try:
                context = load_context(env, _root(env), evidence, deadline)
            except CannotTell as error:
                return Verdict(ExitCode.FAIL, f"failed to load context: {error}")
            with _closing(context.kube):
                settle(check.run, context, out)
        except BaseException as error:
            cause = _skip_behind(error)
            if isinstance(cause, Skip):
                Evidence(out).fact(skip=str(cause.code))
            return _verdict(cause)
        return Verdict(ExitCode.PASS)


def _skip_behind(error: BaseException) -> BaseException:
    """Give the Skip that an error was raised from; a Fail stays one whatever led to it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, (Skip, Fail)):
        cause = cause.__cause__
    return cause if isinstance(cause, Skip) else error


def _verdict(error: BaseException) -> Verdict:
    """Map what a check raised; whatever is not foreseen is a failure with its trace on stderr."""
    code, text = ExitCode.FAIL, str(error)
    match error:
        case Fail() | DeadlineError():
            text = text or "failed without a reason"
        case Skip():
            code = ExitCode.SKIP
        case Unbuilt():
            code = ExitCode.OTHER
        case CannotTell():
            text = f"cannot tell: {text}"
        case BudgetExceeded():
            pass
        case Terminated() | KeyboardInterrupt():
            code, text = ExitCode.TERMINATED, TERMINATED
        case CleanupOverrun(first=first):
            before = _verdict(first)
            code, text = ExitCode(before.code), f"{before.message}; {text}"
        case SystemExit():
            text = f"internal error: a library asked to exit ({text})"
        case _:
            sys.stderr.write(printable("".join(traceback.format_exception(error)), "\n"))
            text = f"internal error: {type(error).__name__}: {text}"
    return Verdict(code, printable(text, "\n"))


def _budget_s(env: Mapping[str, str]) -> float:
    text = env.get(contract.CHECK_TIMEOUT, "").strip()
    if not text:
        return contract.STANDALONE_TIMEOUT_S
    try:
        budget_s = parse_duration(text)
    except ValueError:
        budget_s = 0.0
    if budget_s <= 0:
        default = format_duration(contract.STANDALONE_TIMEOUT_S)
        log.warning(
            "%s=%r is no positive duration, using %s", contract.CHECK_TIMEOUT, text, default
        )
        return contract.STANDALONE_TIMEOUT_S
    return budget_s


@contextmanager
def _alarms(budget_s: float, reserve_s: float) -> Iterator[None]:
    """Raise in the main thread on SIGTERM and when the budget is used up.

    Both unwind the check, so that its own cleanup runs; a second alarm bounds that cleanup.
    """
    stopped_by: list[BaseException] = []

    def stop(error: BaseException, bound_s: float) -> None:
        stopped_by.append(error)
        signal.setitimer(signal.ITIMER_REAL, bound_s)
        raise error

    def on_term(_signal: int, _frame: FrameType | None) -> None:
        if not stopped_by:
            stop(Terminated(), contract.CLEANUP_BOUND_S)

    def on_alarm(_signal: int, _frame: FrameType | None) -> None:
        if stopped_by:
            raise CleanupOverrun(stopped_by[0])
        budget = format_duration(budget_s)
        text = f"check exceeded its {budget} budget ({format_duration(reserve_s)} kept for cleanup)"
        stop(BudgetExceeded(text), max(reserve_s - 1.0, reserve_s / 2))

    # Without a handler the kernel drops SIGTERM for process 1.
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, on_term),
        signal.SIGALRM: signal.signal(signal.SIGALRM, on_alarm),
    }
    signal.setitimer(signal.ITIMER_REAL, budget_s - reserve_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _closing(kube: Any) -> Iterator[None]:
    try:
        yield
    finally:
        kube.close()


class _Logfmt(logging.Formatter):
    """One line a record, whatever the message holds: kubelet mixes it with the evidence."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(record.created))
        message = printable(json.dumps(record.getMessage(), ensure_ascii=False))
        return f"time={stamp} level={record.levelname} msg={message}"


def _prepare_streams(*, debug: bool) -> None:
    """Make stdout and stderr UTF-8 and line-buffered; what is buffered is lost on SIGKILL."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Logfmt())
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(logging.DEBUG if debug else logging.INFO)


def _report(verdict: Verdict, root: Path) -> None:
    if verdict.code == ExitCode.PASS:
        log.info("PASS")
        return
    label = {ExitCode.SKIP: "SKIP", ExitCode.FAIL: "FAIL"}.get(ExitCode(verdict.code), "OTHER")
    log.log(logging.INFO if label == "SKIP" else logging.ERROR, "%s %s", label, verdict.message)
    path = root / contract.TERMINATION_LOG.lstrip("/")
    if not path.exists():  # outside a pod nobody reads it
        return
    data = verdict.message.encode("utf-8", "backslashreplace")[: contract.TERMINATION_LOG_BYTES]
    try:
        # Cut at the limit, never inside a character.
        path.write_text(data.decode("utf-8", "ignore"), encoding="utf-8")
    except OSError as error:
        log.warning("cannot write %s: %s", path, error.strerror)

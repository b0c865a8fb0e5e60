"""`cancel`: tells a run of this machine to end, waits for it, and says what is left."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator import owner, record, resumption, rundir
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.signals import AT_ONCE

POLL_S = 0.2
WAITS = "waiting until it has cleaned up; Ctrl-C only ends the waiting"

Tell = Callable[[str, str], object]  # words, level


def cancel(folder: Path, tell: Tell, *, now: bool) -> Exit:
    """End a run of this machine; UsageError when there is no process that could be told."""
    run_id = folder.name
    if not owner.lives(folder):
        raise UsageError(why_not(folder))
    process = owner.holder(folder)
    number = AT_ONCE if now else signal.SIGTERM
    owner.sign(folder)
    try:
        is_told = bool(process and process.tell(number))
    except PermissionError as error:
        raise UsageError(f"run {run_id}: its process is another user's: {process}") from error
    if not is_told and owner.lives(folder):
        raise UsageError(
            f"run {run_id} goes on, but which process it is cannot be told for sure, so none is "
            f"signalled; {folder / owner.LOCK} says: {process or 'nothing'}"
        )
    tell(f"run {run_id} was told to end {'at once' if now else 'in order'}; {WAITS}", "info")
    try:
        while owner.lives(folder):
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        tell(f"the run still ends; see aicr-orch attach {run_id}", "info")
        return Exit.INTERRUPTED
    return _ended(folder, tell)


def is_elsewhere(folder: Path) -> bool:
    """Whether the run's process is on another machine that shares this folder."""
    process = owner.holder(folder) if owner.lives(folder) else None
    return bool(process and process.host and not process.is_here)


def why_not(folder: Path) -> str:
    """Why a run without a process cannot be cancelled, and what can be done instead."""
    run_id, report = folder.name, folder / rundir.REPORT
    end = record.story(folder).end
    if end or report.is_file():
        code = f" (exit {end.exit_code})" if end else ""
        return f"run {run_id} is over{code}; its report is {report}"
    go_on = f"aicr-orch validate --resume {run_id}" if (folder / resumption.FILE).is_file() else ""
    return (
        f"run {run_id} was killed, no process is left to be told; "
        + (f"to go on with it: {go_on}; " if go_on else "")
        + f"to remove what it left: aicr-orch gc --run-id {run_id}"
    )


def _ended(folder: Path, tell: Tell) -> Exit:
    run_id, end = folder.name, record.story(folder).end
    if not end:
        tell(f"run {run_id} ended without a word; what it left is not known", "error")
        tell(f"to remove it: aicr-orch gc --run-id {run_id}", "info")
        return Exit.LEFTOVERS
    tell(f"run {run_id} has ended: {end.words} (exit {end.exit_code})", "info")
    for item in end.audit.left:
        tell(f"left behind: {item}", "warning")
    for place in end.reports:
        tell(f"report: {place}", "info")
    return Exit.LEFTOVERS if end.audit.left else Exit.OK

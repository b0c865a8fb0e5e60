"""`logs`: what a check of a run printed, as far as the run's folder has it."""

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from helper.findings import printable
from orchestrator import earlier, owner, record, stdout
from orchestrator.diagnostics import naming
from orchestrator.errors import UsageError, nearest
from orchestrator.outcome import Outcome
from orchestrator.retold import Story

TAB = "\t"
Tell = Callable[[str], object]


def show(folder: Path, check: str, tell: Tell) -> None:
    """Write evidence to stdout and log lines to stderr; UsageError for no check of the run."""
    kept = {found.check: found for found in earlier.all_from_folder(folder)}
    if check in kept:
        _show_kept(folder, kept[check], tell)
        return
    story = record.story(folder)
    known = sorted({*kept, *(planned.name for planned in story.plan.checks)})
    if check not in known:
        hint = nearest(check, known) or (f"; it has {', '.join(known)}" if known else "")
        raise UsageError(f"run {folder.name} has no check {check}{hint}")
    stdout.put(_text(story.said(check)))
    tell(f"{check}: {_so_far(folder, story, check)}")


def _show_kept(folder: Path, found: Outcome, tell: Tell) -> None:
    stdout.put(_text(found.stdout))
    with suppress(OSError):  # nobody wants it
        stdout.write(sys.stderr, _text(found.stderr))
    if not found.stdout and not found.stderr:
        tell(f"{found.check} printed nothing; it is {_verdict(found)}")
    files = folder / naming.folder_of(found.phase, found.check)
    if files.is_dir():
        tell(f"what its cluster said of it: {files}")


def _so_far(folder: Path, story: Story, check: str) -> str:
    """Why no more than this is known of a check that has no result in the folder."""
    found = story.outcome(check)
    if found:
        return f"{_verdict(found)}; no result of it is kept in {folder}"
    if not owner.lives(folder):
        return "was not over when its run ended; nothing more of it is kept"
    if story.has_started(check):
        return "goes on; evidence and log are kept once it is over"
    return "has not started"


def _verdict(found: Outcome) -> str:
    return f"{found.status}: {printable(found.message) or 'no message'}"


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line, kept=TAB)}\n" for line in lines)

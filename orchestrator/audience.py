"""Who hears of a run while it goes on: the operator at a terminal, or a program of JSON lines."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from helper.depth import Depth
from helper.kube import Kube
from helper.served import ServerVersion
from orchestrator import history, stdout
from orchestrator.events import Notice
from orchestrator.jsonlines import JsonLines
from orchestrator.levels import Level
from orchestrator.live import Terminal
from orchestrator.options import Options
from orchestrator.plan import Plan
from orchestrator.remaining import Remaining
from orchestrator.version import version

FAST = "depth fast: nothing is made but Jobs and identities, and checks may only read"


def titles(options: Options, kube: Kube, served: ServerVersion) -> list[str]:
    """Name the target before anything is written to it."""
    where = options.target.title(kube, served)
    fast = [FAST] if options.depth is Depth.FAST else []
    how, place = "", f"namespace {options.namespace}"
    if options.executor.is_local:
        fast, how, place = [], ", checks as local processes", "nothing is created in the cluster"
    return [
        f"aicr-orch {version()}: {where}{how}",
        f"server {kube.server}, Kubernetes {served}",
        f"run {options.run_id}, {place}",
        *fast,
    ]


def operator(
    options: Options, planned: Plan, console: Console, env: Mapping[str, str], folder: Path
) -> Terminal | JsonLines:
    """How the operator hears what happens; `folder` is the run's."""
    if options.log_json:
        return _json_lines(options, console)
    moving = console.is_terminal and not console.is_dumb_terminal and not env.get("CI")
    return Terminal(planned, console, moving=moving, level=options.log_level, folder=folder)


def remaining(options: Options, planned: Plan, served: ServerVersion, runs: Path) -> Remaining:
    """How long it will take, by runs of the same kind; `runs` has the reports of earlier ones."""
    usual = history.durations(
        runs,
        of_replays=options.target.is_replayed(served),
        of_fast=options.reached is Depth.FAST,
    )
    return Remaining(planned, usual, options.settings.max_parallel, options.settings.gate)


def _json_lines(options: Options, console: Console) -> JsonLines:
    stderr = partial(stdout.write, console.file)
    return JsonLines(stderr, options.run_id, level=options.log_level)


def at_once(options: Options, console: Console) -> Callable[[str], object]:
    """How the operator hears at once that the run ends."""

    def tell(words: str) -> None:
        if options.log_json:
            _json_lines(options, console).show(Notice(words, "warning"))
        elif options.log_level <= Level.WARN:
            with suppress(OSError):  # a terminal that is gone
                console.print(Text(words, "yellow"), soft_wrap=True)

    return tell

"""Commands about a run that was started already: look on, read its logs, or end it."""

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from orchestrator import completion
from orchestrator.commands import given, shared
from orchestrator.flags import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helper.kube import Kube
    from orchestrator.status import Known

MAX_RUNS = 1000  # of a cluster, the latest first


@click.command(cls=Command, short_help="Show a run as validate does, until it ends.")
@click.argument("run_id", shell_complete=completion.runs)
@shared.access
@shared.no_color
def attach(run_id: str, *, no_color: bool, **flags: Any) -> None:
    """Show a run as validate does, from its beginning to its end; Ctrl-C ends only the showing.

    Ends with the exit code of the run. The beginning of its name is enough.
    """
    from orchestrator import afar, lookup
    from orchestrator.attach import Attached
    from orchestrator.live import Screen

    folder = lookup.folder(run_id, os.environ)
    if folder:
        screen = Screen(plain=no_color)
        moving = screen.is_terminal and not os.environ.get("CI")
        raise SystemExit(Attached(folder, screen, given.tell, moving=moving).watch())
    with elsewhere(run_id, flags) as (known, kube):
        code = afar.attach(known, kube, given.tell)
    raise SystemExit(code)


@click.command(cls=Command, short_help="Show what a check of a run printed.")
@click.argument("run_id", shell_complete=completion.runs)
@click.argument("check", shell_complete=completion.checks)
def logs(run_id: str, check: str) -> None:
    """Show what a check of a run printed: its evidence on stdout, its log lines on stderr.

    Of a check that goes on: what it wants to be seen at once. Only runs of this machine keep it.
    """
    from orchestrator import lookup, printed
    from orchestrator.errors import MissingError

    folder = lookup.folder(run_id, os.environ)
    if folder is None:
        words = f"run {run_id}: not of this machine, which alone keeps what its checks print"
        raise MissingError(f"{words}; aicr-orch status shows the runs that are known")
    printed.show(folder, check, given.tell)


@click.command(cls=Command, short_help="End a run in order: its checks clean up, it reports.")
@click.argument("run_id", shell_complete=completion.running)
@click.option("--now", is_flag=True, help="Wait for no pod to end; what still does is named.")
@shared.access
def cancel(run_id: str, *, now: bool, **flags: Any) -> None:
    """End a run in order: its checks clean up, its report is written, its objects are removed.

    A run of another machine is told through the cluster.
    """
    from orchestrator import afar, lookup
    from orchestrator import cancel as here

    folder = lookup.folder(run_id, os.environ)
    if folder and not here.is_elsewhere(folder):
        raise SystemExit(here.cancel(folder, given.tell, now=now))
    with elsewhere(folder.name if folder else run_id, flags) as (known, kube):
        code = afar.cancel(known, kube, given.tell, now=now)
    raise SystemExit(code)


@contextmanager
def elsewhere(run_id: str, flags: dict[str, Any]) -> "Iterator[tuple[Known, Kube]]":
    """A run that only the cluster knows, and the cluster; StopError when nobody knows it."""
    from orchestrator import status, target
    from orchestrator.errors import StopError
    from orchestrator.target import Target

    wanted = Target.of(flags)  # a recorded cluster ends with its run
    with ExitStack() as stack:
        try:
            kube = stack.enter_context(target.open_cluster(wanted, os.environ))
            target.server_version(kube)
        except StopError as error:
            words = f"run {run_id}: not known here, and the cluster cannot be asked: {error}"
            raise type(error)(words) from error
        yield status.find(status.with_cluster([], kube, MAX_RUNS), run_id), kube

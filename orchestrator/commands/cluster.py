"""Commands that look at a cluster, and at the runs that are known, without starting anything."""

import os
from typing import TYPE_CHECKING, Any

import click

from orchestrator import completion
from orchestrator.commands import given, shared
from orchestrator.flags import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.status import Known


@click.command(cls=Command, short_help="See whether machine and cluster are fit for a run.")
@shared.recipe(help="Ask for the rights of its checks, not of all.")
@shared.data
@shared.replay
@shared.access
@shared.namespace
@click.option("--images/--no-images", default=True, help="Ask the registries for the images, too.")
@shared.executor
@shared.form
def doctor(recipe: str | None, data: str | None, output: str, **flags: Any) -> None:
    """See whether machine and cluster are fit for a run; nothing is created.

    Ends with 0 when a run can begin, else with 1.
    """
    from orchestrator.doctor import command

    selected = given.recipe(recipe) if recipe else None
    code = command.run(flags, os.environ, given.catalog(data), selected, output)
    raise SystemExit(int(code))


@click.command(cls=Command, short_help="Show the runs that are known, or one of them.")
@click.argument("run_id", required=False, shell_complete=completion.runs)
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="How many runs, the latest first.",
)
@click.option("--local", is_flag=True, help="Only what this machine knows; ask no cluster.")
@shared.replay
@shared.access
@shared.form
def status(run_id: str | None, limit: int, output: str, *, local: bool, **flags: Any) -> None:
    """Show the runs that this machine and the cluster know of, or one of them."""
    from orchestrator import status as knowing
    from orchestrator import stdout

    known = _known(1000 if run_id else limit, flags, local=local)
    if run_id:
        found = knowing.find(known, run_id)
        text = knowing.text(found, stdout.width())
        value: Any = knowing.document(found)
    else:
        text = knowing.table(known, stdout.width())
        value = [knowing.document(item) for item in known]
    stdout.put(text if output == stdout.TABLE else stdout.document(value, output))


def _known(limit: int, flags: dict[str, Any], *, local: bool) -> "Sequence[Known]":
    """What this machine knows, and the cluster where it can be asked."""
    from helper.errors import CannotTell
    from orchestrator import rundir, target
    from orchestrator import status as knowing
    from orchestrator.errors import StopError
    from orchestrator.target import Target

    known = knowing.here(rundir.RunDir.of_run("x", os.environ).path.parent, limit)
    if local:
        return known
    wanted = Target.of(flags)
    try:
        with target.open_cluster(wanted, os.environ) as kube:
            return knowing.with_cluster(known, kube, limit)
    except (CannotTell, StopError) as error:
        if wanted.replay or wanted.kubeconfig or wanted.context:
            raise
        given.warn([f"the cluster is not asked, only this machine: {error}"])
        return known


@click.command(cls=Command, short_help="Remove what killed runs left in the cluster.")
@click.option(
    "--run-id",
    metavar="ID",
    help="Remove this run, whatever its age; the beginning of its name is enough.",
    shell_complete=completion.runs,
)
@click.option(
    "--older-than",
    default="24h",
    metavar="DURATION",
    show_default=True,
    help="Only runs that are older.",
)
@click.option("--force", is_flag=True, help="With --run-id: also while something says it goes on.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@shared.access
def gc(**flags: Any) -> None:
    """Remove what killed runs left in the cluster; runs that go on are left alone."""
    from orchestrator import collect, stdout

    raise SystemExit(int(collect.collect(flags, os.environ, stdout.line)))

"""Commands about reports that are there already."""

import os
from pathlib import Path
from typing import Any

import click

from orchestrator import completion
from orchestrator.commands import given, shared
from orchestrator.commands.runs import elsewhere
from orchestrator.flags import Command, Group


@click.group(cls=Group, short_help="Compare reports, or render them for people and CI.")
def report() -> None:
    """Reports that are there already."""


@report.command(cls=Command, short_help="Compare CTRF report B with the earlier report A.")
@click.argument("before", metavar="A", shell_complete=completion.files)
@click.argument("after", metavar="B", shell_complete=completion.files)
@shared.form
def diff(before: str, after: str, output: str) -> None:
    """Compare CTRF report B with the earlier report A, check by check.

    Ends with 1 when less is proven than before: a worse verdict, less coverage, a measured value
    that is gone or misses its threshold, a weaker proof, a check that is gone or left out, a new
    one without a pass, fewer GPUs; else with 0.
    """
    from orchestrator import diff as difference
    from orchestrator import report_file, stdout
    from orchestrator.exits import Exit

    found = difference.compare(report_file.load(before), report_file.load(after))
    is_table = output == stdout.TABLE
    value = difference.document(found)
    stdout.put(difference.text(found) if is_table else stdout.document(value, output))
    raise SystemExit(int(Exit.FAILED if found.is_worse else Exit.OK))


@report.command(cls=Command, short_help="Make reports for people and CI, of a CTRF file or a run.")
@click.argument("file", metavar="REPORT", shell_complete=completion.reports)
@click.option(
    "--output",
    "-o",
    multiple=True,
    metavar="FORMAT=FILE",
    help="html, junit or md, as in html=report.html, of a run ctrf, too; - for stdout. Repeatable.",
    shell_complete=completion.rendered,
)
@shared.access
def render(file: str, output: tuple[str, ...], **flags: Any) -> None:
    """Make reports for people and for CI from a CTRF file, also from one of another program.

    REPORT may also be a run: its name or the beginning of it, or its folder. Of one that was killed
    the report is partial, from the results that are kept here or in the cluster.
    """
    from orchestrator.reports import command

    document = _of_run(file, flags)
    code = command.render(file, output, given.say, document)
    raise SystemExit(int(code))


def _of_run(wanted: str, flags: dict[str, Any]) -> "dict[str, Any] | None":
    """The report of a run; None for what is a file, or is to be one. UsageError while it runs."""
    from orchestrator import lookup, owner, partial

    place = Path(wanted)
    if place.is_file() or not (place.is_dir() or lookup.is_name(wanted)):
        return None
    folder = place.resolve() if place.is_dir() else lookup.folder(wanted, os.environ)
    if folder:
        owner.check_free(folder)
        return partial.of_folder(folder)
    with elsewhere(wanted, flags) as (known, kube):
        return partial.of_cluster(kube, known)

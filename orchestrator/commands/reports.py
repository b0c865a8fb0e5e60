"""Commands about reports that are there already."""

import click

from orchestrator.commands.checks import form
from orchestrator.flags import Command, Group


@click.group(cls=Group)
def report() -> None:
    """Reports that are there already."""


@report.command(cls=Command)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@form
def diff(before: str, after: str, output: str) -> None:
    """Compare CTRF report B with the earlier report A, check by check.

    Ends with 1 when less is proven than before: a worse verdict, less coverage, a measured value
    that misses its threshold, a check that passed and is gone or left out, or a new one without a
    pass; else with 0.
    """
    from orchestrator import diff as difference
    from orchestrator import report_file, stdout
    from orchestrator.exits import Exit

    found = difference.compare(report_file.load(before), report_file.load(after))
    is_table = output == stdout.TABLE
    value = difference.document(found)
    stdout.put(difference.text(found) if is_table else stdout.document(value, output))
    raise SystemExit(int(Exit.FAILED if found.is_worse else Exit.OK))


@report.command(cls=Command)
@click.argument("file", metavar="REPORT")
@click.option(
    "--output",
    "-o",
    multiple=True,
    metavar="FORMAT=FILE",
    help="html, junit or md, as in html=report.html; - for stdout. Repeatable.",
)
def render(file: str, output: tuple[str, ...]) -> None:
    """Make reports for people and for CI from a CTRF file, also from one of another program."""
    from orchestrator.reports import command

    code = command.render(file, output, lambda text: click.echo(text, err=True))
    raise SystemExit(int(code))

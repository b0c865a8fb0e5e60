"""The command `validate`."""

import os
from typing import Any

import click

from orchestrator.commands import given
from orchestrator.commands.checks import show_plan
from orchestrator.flags import EPILOG, Command, named_as_given, overruled
from orchestrator.validate_flags import of_validate

HELP = """Run the checks that a recipe selects, as Jobs in the cluster, and report.

\b
aicr-orch validate -r recipe.yaml -o html=report.html
aicr-orch validate --replay examples/eks-h100-inference     # a recorded cluster

Ends with 0 when all is good, 1 when a check failed, 2 for wrong input, 3 when something could
not be told, 4 when rights are missing, 6 when the cluster does not answer.
"""


@click.command(
    cls=Command,
    help=HELP,
    epilog=EPILOG,
    short_help="Run the checks that a recipe selects, and report.",
)
@of_validate
def validate(**flags: Any) -> None:
    """Run the checks that a recipe selects, as Jobs in the cluster, and report."""
    from orchestrator import options, session
    from orchestrator.errors import UsageError
    from orchestrator.live import Screen
    from orchestrator.version import version

    context = click.get_current_context()
    context.obj.exit_codes = flags["exit_code_compat"] or ""
    for line in overruled(context):
        given.tell(line)
    if flags["dry_run"]:
        if flags["output"]:
            given.warn(["--dry-run: no report is written"])
        raise SystemExit(show_plan(flags))
    try:
        wanted = options.build(flags, os.environ, version())
    except UsageError as error:
        raise UsageError(named_as_given(str(error), context)) from error
    if wanted.detach:
        from orchestrator import detach

        raise SystemExit(detach.start(wanted, os.environ, given.tell))
    code = session.validate(wanted, os.environ, Screen(plain=flags["no_color"]))
    raise SystemExit(context.obj.number(code))

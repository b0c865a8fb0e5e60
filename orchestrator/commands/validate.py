"""The command `validate`."""

import os
from typing import Any

import click

from orchestrator.commands import given
from orchestrator.flags import EPILOG, Command, named_as_given, overruled
from orchestrator.validate_flags import of_validate


@click.command(cls=Command, epilog=EPILOG)
@of_validate
def validate(**flags: Any) -> None:
    """Run the checks that a recipe selects, as Jobs, and report."""
    from orchestrator import options, session
    from orchestrator.errors import UsageError
    from orchestrator.live import Screen
    from orchestrator.version import version

    context = click.get_current_context()
    context.obj.exit_codes = flags["exit_code_compat"] or ""
    for line in overruled(context):
        given.tell(line)
    try:
        wanted = options.build(flags, os.environ, version())
    except UsageError as error:
        raise UsageError(named_as_given(str(error), context)) from error
    if wanted.detach:
        from orchestrator import detach

        raise SystemExit(detach.start(wanted, os.environ, given.tell))
    code = session.validate(wanted, os.environ, Screen())
    raise SystemExit(context.obj.number(code))

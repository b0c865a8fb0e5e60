"""The command line: its commands, and how a call ends: errors in one line, an exit code."""

import os
import sys
from collections.abc import Sequence

import click

from orchestrator.commands import checks, cluster, inputs, program, recording, reports, runs
from orchestrator.commands.validate import validate
from orchestrator.flags import Group
from orchestrator.invocation import Invocation

# Everything else is imported by the command that needs it: `--help` answers at once.

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
COMMANDS = (
    validate,
    checks.plan,
    checks.list_checks,
    checks.explain,
    cluster.doctor,
    cluster.status,
    runs.attach,
    runs.logs,
    runs.cancel,
    cluster.gc,
    reports.report,
    recording.snapshot,
    recording.capture,
    recording.replay,
    inputs.images,
    inputs.rbac,
    inputs.catalog,
    program.schema,
    program.complete,
    program.tell_version,
)


@click.group(cls=Group, context_settings=CONTEXT, invoke_without_command=False)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, asked: _print_version(context, asked=asked),
    help="Show the version.",
)
def app() -> None:
    """Prove that a GPU Kubernetes cluster is deployed as its recipe says, conforms, and is fast."""


def _print_version(context: click.Context, *, asked: bool) -> None:
    if not asked:
        return
    from orchestrator import stdout
    from orchestrator.version import commit, version

    built = commit(os.environ)
    stdout.line(f"aicr-orch {version()}" + (f", commit {built}" if built else ""))
    context.exit()


for command in COMMANDS:
    app.add_command(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; every way out has its exit code."""
    from orchestrator.exits import Exit

    arguments = list(sys.argv[1:] if argv is None else argv)
    invocation = Invocation.of(arguments, os.environ)
    try:
        app.main(arguments, prog_name="aicr-orch", standalone_mode=False, obj=invocation)
    except click.ClickException as error:
        _refuse(error, invocation)
        return int(Exit.USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        invocation.tell("interrupted before anything was done")
        return invocation.number(Exit.INTERRUPTED)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(Exit.INTERNAL)
    except Exception as error:
        return invocation.explain(error)
    return int(Exit.OK)


def _refuse(error: click.ClickException, invocation: Invocation) -> None:
    """One line for wrong usage; the help for no usage at all."""
    from helper.findings import printable

    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # not in all versions of the library
        error.show()
        return
    hint = f"; see {context.command_path} --help" if context else ""
    message = printable(error.format_message()).rstrip(".")
    invocation.tell(f"{message}{hint}", "error")

"""Commands about this program itself."""

import os

import click

from orchestrator import completion
from orchestrator.commands import shared
from orchestrator.flags import Command


@click.command(cls=Command, short_help="Print the JSON Schema of a file that is read.")
@click.argument("name", metavar="catalog|config|recipe|replay", shell_complete=completion.schemas)
def schema(name: str) -> None:
    """Print the JSON Schema of a file that this program reads."""
    from orchestrator import schemas, stdout

    stdout.put(schemas.text(name))


@click.command("completion", cls=Command, short_help="Print what lets a shell complete commands.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def complete(shell: str) -> None:
    """Print what lets a shell complete commands, flags and what they take.

    For bash, in ~/.bashrc:  eval "$(aicr-orch completion bash)"
    """
    from click.shell_completion import get_completion_class

    from orchestrator import stdout

    found = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if found:
        stdout.put(found(root, {}, "aicr-orch", "_AICR_ORCH_COMPLETE").source() + "\n")


@click.command("version", cls=Command)
@shared.form
def tell_version(output: str) -> None:
    """Show the version of this program, and what it runs on."""
    from orchestrator import stdout
    from orchestrator.version import components, lines

    found = components(os.environ)
    is_table = output == stdout.TABLE
    stdout.put(lines(found) if is_table else stdout.document(found, output))

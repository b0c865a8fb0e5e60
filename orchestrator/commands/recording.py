"""Commands that write down what a cluster is, and serve what was written down."""

import os
from typing import Any

import click

from orchestrator import completion
from orchestrator.commands import given, shared
from orchestrator.flags import Command


@click.command(cls=Command, short_help="Write down what a cluster is, read through its API.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write the snapshot here; default: stdout.",
    shell_complete=completion.files,
)
@shared.replay
@shared.access
@click.option("--snapshot-mode", hidden=True)
def snapshot(**flags: Any) -> None:
    """Write down what a cluster is, read through its API; no pod is started."""
    from orchestrator.snapshot import command

    code = command.run(flags, os.environ, given.say)
    raise SystemExit(int(code))


@click.command(cls=Command, short_help="Record a cluster as a folder for --replay.")
@click.option(
    "--output",
    "-o",
    metavar="DIR",
    required=True,
    help="Folder to make.",
    shell_complete=completion.folders,
)
@click.option("--force", is_flag=True, help="Replace the capture that is in the folder.")
@click.option("--kind", multiple=True, metavar="KIND", help="Only these, as kubectl names them.")
@click.option("--skip-kind", multiple=True, metavar="KIND", help="All but these.")
@click.option("--namespace", "-n", multiple=True, metavar="NAME", help="Only what is in these.")
@click.option("--events", is_flag=True, help="Events, too.")
@click.option("--logs", multiple=True, metavar="NS[/POD]", help="Logs of these pods; * is allowed.")
@click.option(
    "--proxy",
    multiple=True,
    metavar="PATH",
    help="An answer of a service, as services/NAMESPACE/NAME:PORT/PATH?QUERY, or of a pod.",
)
@click.option("--redact-names", is_flag=True, help="Rename machines and addresses, too.")
@click.option(
    "--config-map",
    multiple=True,
    metavar="NS/NAME",
    help="Keep the values of this ConfigMap, but for what looks like a secret.",
)
@shared.access
@shared.no_color
@click.option("--replay", metavar="DIR", hidden=True)
def capture(*, no_color: bool, **flags: Any) -> None:
    """Record a cluster as a folder for --replay, without what must not leave it."""
    from rich.console import Console

    from orchestrator.capture import command

    code = command.run(
        flags, os.environ, Console(stderr=True, highlight=False, no_color=no_color or None)
    )
    raise SystemExit(int(code))


@click.command(cls=Command, short_help="Serve a recorded cluster on this machine, until Ctrl-C.")
@click.argument("folder", metavar="DIR", shell_complete=completion.files)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="On 127.0.0.1; 0: any.")
@click.option(
    "--kubeconfig",
    metavar="FILE",
    help="Write it here; default: a temporary file.",
    shell_complete=completion.files,
)
@click.option(
    "--user",
    default="admin",
    show_default=True,
    metavar="NAME",
    help="Whose kubeconfig; for example system:serviceaccount:NAMESPACE:NAME.",
)
def replay(**flags: Any) -> None:
    """Serve a recorded cluster on this machine, for kubectl and others, until Ctrl-C."""
    from orchestrator import replay_command

    raise SystemExit(int(replay_command.run(flags, given.show)))

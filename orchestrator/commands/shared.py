"""Flags that several commands have."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from orchestrator import completion
from orchestrator.flags import option, switch

Command = Callable[..., Any]

FORMATS = ("table", "json", "yaml")

recipe = partial(option, "--recipe", "-r", metavar="WHERE", shell_complete=completion.files)
data = option("--data", metavar="DIR", help="As for validate.", shell_complete=completion.folders)
executor = option(
    "--executor",
    default="job",
    metavar="NAME",
    help="As for validate.",
    shell_complete=completion.EXECUTORS,
)
namespace = option(
    "--namespace",
    "-n",
    default="aicr-validation",
    show_default=True,
    metavar="NAME",
    help="Where the Jobs would run.",
)
phase = click.option(
    "--phase",
    multiple=True,
    metavar="NAME",
    help="As for validate.",
    shell_complete=completion.phases,
)
form = click.option(
    "--output",
    "-o",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="json and yaml are for programs.",
)
replay = option(
    "--replay",
    metavar="DIR",
    help="Look at a recorded cluster in this folder.",
    shell_complete=completion.files,
)
CLUSTER = "Which cluster, and as whom"
ACCESS = (
    option(
        "--kubeconfig",
        "-k",
        group=CLUSTER,
        metavar="FILE",
        help="Access to the cluster; default: as kubectl.",
        shell_complete=completion.files,
    ),
    option("--context", group=CLUSTER, metavar="NAME", help="Context of the kubeconfig."),
    option(
        "--as",
        group=CLUSTER,
        metavar="USER",
        help="Ask in the name of this user, or of system:serviceaccount:NAMESPACE:NAME.",
    ),
    option(
        "--as-group",
        group=CLUSTER,
        multiple=True,
        metavar="GROUP",
        help="Group of the user of --as. Repeatable.",
    ),
    option(
        "--request-timeout",
        group=CLUSTER,
        metavar="DURATION",
        help="How long one answer of the cluster may take; default: 10s.",
    ),
)
colorless = partial(switch, "--no-color", help="No colours; as NO_COLOR in the environment.")
no_color = colorless()


def access(command: Command) -> Command:
    """Give a command what says how a cluster is reached."""
    for flag in reversed(ACCESS):
        command = flag(command)
    return command

"""Commands about what a run reads and needs; none of them asks a cluster."""

import os
from typing import Any

import click

from orchestrator import completion
from orchestrator.commands import given
from orchestrator.flags import Command, Group, option, switch

phase = click.option(
    "--phase",
    multiple=True,
    metavar="NAME",
    help="As for validate.",
    shell_complete=completion.phases,
)


@click.group(cls=Group)
def images() -> None:
    """The images of a run."""


@images.command("list")
@option("--recipe", "-r", metavar="WHERE", help="Only what its checks need.")
@option("--data", metavar="DIR", help="As for validate.")
@phase
@click.option("--override-all-images", is_flag=True, help="As for validate.")
@switch("--resolve-digests", help="With digests, as registries know them now.")
@click.option("--output", "-o", type=click.Choice(["json"]), help="More than names.")
def images_list(recipe: str | None, data: str | None, phase: tuple[str, ...], **flags: Any) -> None:
    """List the images that a run would use, one a line; nothing is asked of a cluster."""
    from orchestrator import image_list, options
    from orchestrator.plan import parse_phases
    from orchestrator.version import version

    selected = given.recipe(recipe) if recipe else None
    rules = options.image_rules(flags, os.environ, version())
    found = image_list.used(given.catalog(data), selected, parse_phases(phase), rules)
    if flags["resolve_digests"]:
        from orchestrator import digests

        pins = digests.resolve((item.image for item in found), digests.operators(os.environ))
        given.warn(pins.warnings)
        found = image_list.pinned(found, pins)
    text = image_list.as_json(found) if flags["output"] else image_list.lines(found)
    click.echo(text, nl=False)


@click.group(cls=Group)
def rbac() -> None:
    """The rights of a run."""


@rbac.command("print")
@option("--recipe", "-r", metavar="WHERE", required=True, help="Recipe that selects checks.")
@option("--data", metavar="DIR", help="As for validate.")
@phase
@option("--namespace", "-n", default="aicr-validation", show_default=True, help="Of the run.")
@click.option(
    "--check",
    multiple=True,
    metavar="NAME",
    help="As for validate.",
    shell_complete=completion.checks,
)
@click.option(
    "--depth",
    type=click.Choice(["fast", "full"]),
    default="full",
    show_default=True,
    help="As for validate.",
)
@click.option("--caller", is_flag=True, help="What who starts the run needs, as one ClusterRole.")
@click.option("--wait-ready", is_flag=True, help="With --caller: for validate --wait-ready, too.")
@option("--executor", default="job", metavar="NAME", help="As for validate.")
def rbac_print(
    recipe: str, data: str | None, phase: tuple[str, ...], namespace: str, **flags: Any
) -> None:
    """Print what a run would create for its checks; nothing is asked of a cluster."""
    from helper.depth import Depth
    from orchestrator import executors
    from orchestrator import rbac as rights
    from orchestrator.plan import parse_phases
    from orchestrator.selection import Selection

    text = rights.render(
        given.catalog(data),
        given.recipe(recipe),
        parse_phases(phase),
        namespace,
        Selection(flags["check"]),
        caller=flags["caller"],
        depth=Depth(flags["depth"]),
        waits=flags["wait_ready"],
        executor=executors.named(flags["executor"], os.environ),
    )
    click.echo(text, nl=False)


@click.group(cls=Group)
def catalog() -> None:
    """The checks and what they may do."""


@catalog.command("lint")
@click.argument("file", required=False)
@option("--data", metavar="DIR", help="Check the built-in one with this folder laid over it.")
def catalog_lint(file: str | None, data: str | None) -> None:
    """Check a catalog file, by default the built-in one."""
    from orchestrator import inputs
    from orchestrator.catalog import parse

    document = inputs.read(file, "catalog") if file else None
    found = parse(document.data, document.name) if document else given.catalog(data)
    name = document.name if document else f"built-in catalog{f' with {data}' if data else ''}"
    ready = sum(entry.available for entry in found.validators)
    click.echo(f"{name}: {len(found.validators)} checks, {ready} available")


@click.command(cls=Command)
@click.argument("name", metavar="catalog|config|recipe|replay", shell_complete=completion.schemas)
def schema(name: str) -> None:
    """Print the JSON Schema of a file that this program reads."""
    from orchestrator import schemas

    click.echo(schemas.text(name), nl=False)


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def complete(shell: str) -> None:
    """Print what lets a shell complete commands, flags, checks and phases.

    For bash, in ~/.bashrc:  eval "$(aicr-orch completion bash)"
    """
    from click.shell_completion import get_completion_class

    from orchestrator import stdout

    found = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if found:
        stdout.put(found(root, {}, "aicr-orch", "_AICR_ORCH_COMPLETE").source() + "\n")

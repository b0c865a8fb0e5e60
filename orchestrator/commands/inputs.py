"""Commands about what a run reads and needs; none of them asks a cluster."""

import os
from typing import Any

import click

from orchestrator import completion
from orchestrator.commands import given, shared
from orchestrator.flags import Group, option, switch


@click.group(cls=Group, short_help="List the images that a run would use.")
def images() -> None:
    """The images of a run."""


@images.command("list", short_help="List them, one a line; no cluster is asked.")
@shared.recipe(help="Only what its checks need.")
@shared.data
@shared.phase
@click.option("--override-all-images", is_flag=True, help="As for validate.")
@switch("--resolve-digests", help="With digests, as registries know them now.")
@click.option("--output", "-o", type=click.Choice(["json"]), help="More than names.")
def images_list(recipe: str | None, data: str | None, phase: tuple[str, ...], **flags: Any) -> None:
    """List the images that a run would use, one a line; nothing is asked of a cluster."""
    from orchestrator import image_list, options, stdout
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
    stdout.put(text)


@click.group(cls=Group, short_help="Print the rights that a run would give, or needs.")
def rbac() -> None:
    """The rights of a run."""


@rbac.command("print", short_help="Print them as objects; no cluster is asked.")
@shared.recipe(required=True, help="Recipe that selects checks.")
@shared.data
@shared.phase
@shared.namespace
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
@shared.executor
def rbac_print(
    recipe: str, data: str | None, phase: tuple[str, ...], namespace: str, **flags: Any
) -> None:
    """Print what a run would create for its checks; nothing is asked of a cluster."""
    from helper.depth import Depth
    from orchestrator import executors, stdout
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
    stdout.put(text)


@click.group(cls=Group, short_help="Check a catalog of checks.")
def catalog() -> None:
    """The checks and what they may do."""


@catalog.command("lint")
@click.argument("file", required=False, shell_complete=completion.files)
@option(
    "--data",
    metavar="DIR",
    help="Check the built-in one with this folder laid over it.",
    shell_complete=completion.folders,
)
def catalog_lint(file: str | None, data: str | None) -> None:
    """Check a catalog file, by default the built-in one."""
    from orchestrator import inputs, stdout
    from orchestrator.catalog import parse

    document = inputs.read(file, "catalog") if file else None
    found = parse(document.data, document.name) if document else given.catalog(data)
    name = document.name if document else f"built-in catalog{f' with {data}' if data else ''}"
    ready = sum(entry.available for entry in found.validators)
    stdout.line(f"{name}: {len(found.validators)} checks, {ready} available")

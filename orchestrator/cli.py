"""The command line: flags to options, errors to one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.flags import EPILOG, configure, named_as_given, option, overruled, switch

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.recipe import Recipe

# Everything else is imported by the command that needs it: `--help` answers at once.

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT, invoke_without_command=False)
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
    from orchestrator.version import version  # noqa: PLC0415

    click.echo(f"aicr-orch {version()}")
    context.exit()


@app.command(epilog=EPILOG)
@option(
    "--recipe",
    "-r",
    metavar="WHERE",
    help="Recipe that the cluster must satisfy: a file, a URL, cm://NAMESPACE/NAME, - for stdin.",
)
@option(
    "--snapshot",
    "-s",
    metavar="WHERE",
    help="Snapshot to judge, from where a recipe may be; default: one of the cluster now.",
)
@option(
    "--config",
    metavar="WHERE",
    is_eager=True,
    callback=configure,
    help="Configuration file (AICRConfig) or its URL; gives defaults for other flags.",
)
@option("--data", metavar="DIR", help="Folder whose validators/catalog.yaml adds checks.")
@option("--replay", metavar="DIR", help="Run against a recorded cluster in this folder.")
@option(
    "--phase", multiple=True, metavar="NAME", help="deployment, conformance, performance or all."
)
@option("--output", "-o", metavar="FILE", help="Write the CTRF report here; - is stdout.")
@option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl.")
@option("--context", metavar="NAME", help="Context of the kubeconfig.")
@option(
    "--namespace",
    "-n",
    default="aicr-validation",
    show_default=True,
    help="Where the Jobs run.",
)
@option(
    "--max-parallel",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Checks that run at once; 1 for one after another.",
)
@option(
    "--fail-fast",
    is_flag=False,
    flag_value="phase",
    metavar="[phase|check]",
    help="Skip later phases after a failed one; with =check start no further check.",
)
@option(
    "--fail-on",
    multiple=True,
    metavar="LIST",
    help="Verdicts that end non-zero: failed,other,incomplete,skipped.",
)
@option("--fail-on-error", type=bool, default=True, metavar="BOOL", help="false: report only.")
@option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    default=100.0,
    metavar="PERCENT",
    help="Share of nodes and devices that must have been looked at.",
)
@switch("--no-wait", help="Do not wait for locks that other runs hold.")
@option("--timeout", metavar="DURATION", help="Bound for the whole run, for example 90m.")
@option("--node-selector", multiple=True, metavar="K=V", help="Nodes for workloads of checks.")
@option(
    "--toleration",
    multiple=True,
    metavar="K[=V]:EFFECT",
    help="Tolerations for workloads of checks.",
)
@option("--image-pull-secret", multiple=True, metavar="NAME", help="Secret in the run namespace.")
@switch(
    "--override-all-images",
    help="Let AICR_VALIDATOR_IMAGE_TAG and _REGISTRY rewrite images of others, too.",
)
@option("--snapshot-mode", hidden=True)
@option("--run-id", metavar="ID", help="Name of the run; default: time and random digits.")
@switch("--no-cluster", help="Check input and plan only; ask no cluster.")
@switch("--no-cleanup", help="Leave all objects in the cluster.")
@switch("--debug", help="Verbose checks, full traces.")
def validate(**flags: Any) -> None:
    """Run the checks that a recipe selects, as Jobs, and report."""
    from rich.console import Console  # noqa: PLC0415

    from orchestrator import options, session  # noqa: PLC0415
    from orchestrator.errors import UsageError  # noqa: PLC0415
    from orchestrator.version import version  # noqa: PLC0415

    context = click.get_current_context()
    for line in overruled(context):
        click.echo(f"aicr-orch: {line}", err=True)
    try:
        given = options.build(flags, os.environ, version())
    except UsageError as error:
        raise UsageError(named_as_given(str(error), context)) from error
    code = session.validate(given, os.environ, Console(stderr=True, highlight=False))
    raise SystemExit(int(code))


@app.command()
@click.option("--run-id", metavar="ID", help="Remove this run, whatever its age.")
@click.option("--older-than", default="24h", metavar="DURATION", show_default=True, help="Age.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl.")
@option("--context", metavar="NAME", help="Context of the kubeconfig.")
def gc(**flags: Any) -> None:
    """Remove what killed runs left in the cluster."""
    from orchestrator import collect  # noqa: PLC0415

    raise SystemExit(int(collect.collect(flags, os.environ, click.echo)))


@app.command()
@click.option("--output", "-o", metavar="FILE", help="Write the snapshot here; default: stdout.")
@option("--replay", metavar="DIR", help="Look at a recorded cluster in this folder.")
@option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl.")
@option("--context", metavar="NAME", help="Context of the kubeconfig.")
@click.option("--snapshot-mode", hidden=True)
def snapshot(**flags: Any) -> None:
    """Write down what a cluster is, read through its API; no pod is started."""
    from orchestrator.snapshot import command  # noqa: PLC0415

    code = command.run(flags, os.environ, lambda text: click.echo(text, err=True))
    raise SystemExit(int(code))


@app.group()
def images() -> None:
    """The images of a run."""


@images.command("list")
@option("--recipe", "-r", metavar="WHERE", help="Only what its checks need.")
@option("--data", metavar="DIR", help="As for validate.")
@click.option("--phase", multiple=True, metavar="NAME", help="As for validate.")
@click.option("--override-all-images", is_flag=True, help="As for validate.")
@click.option("--output", "-o", type=click.Choice(["json"]), help="More than names.")
def images_list(recipe: str | None, data: str | None, phase: tuple[str, ...], **flags: Any) -> None:
    """List the images that a run would use, one a line; nothing is asked of a cluster."""
    from orchestrator import image_list, options  # noqa: PLC0415
    from orchestrator.plan import parse_phases  # noqa: PLC0415
    from orchestrator.version import version  # noqa: PLC0415

    given = _recipe(recipe) if recipe else None
    rules = options.image_rules(flags, os.environ, version())
    found = image_list.used(_catalog(data), given, parse_phases(phase), rules)
    text = image_list.as_json(found) if flags["output"] else image_list.lines(found)
    click.echo(text, nl=False)


@app.group()
def rbac() -> None:
    """The rights of a run."""


@rbac.command("print")
@option("--recipe", "-r", metavar="WHERE", required=True, help="Recipe that selects checks.")
@option("--data", metavar="DIR", help="As for validate.")
@click.option("--phase", multiple=True, metavar="NAME", help="As for validate.")
@option("--namespace", "-n", default="aicr-validation", show_default=True, help="Of the run.")
@click.option("--caller", is_flag=True, help="What who starts the run needs, as one ClusterRole.")
def rbac_print(
    recipe: str, data: str | None, phase: tuple[str, ...], namespace: str, *, caller: bool
) -> None:
    """Print what a run would create for its checks; nothing is asked of a cluster."""
    from orchestrator import rbac as rights  # noqa: PLC0415
    from orchestrator.plan import parse_phases  # noqa: PLC0415

    text = rights.render(
        _catalog(data), _recipe(recipe), parse_phases(phase), namespace, caller=caller
    )
    click.echo(text, nl=False)


@app.group()
def catalog() -> None:
    """The checks and what they may do."""


@catalog.command("lint")
@click.argument("file", required=False)
@option("--data", metavar="DIR", help="Check the built-in one with this folder laid over it.")
def catalog_lint(file: str | None, data: str | None) -> None:
    """Check a catalog file, by default the built-in one."""
    from orchestrator import inputs  # noqa: PLC0415
    from orchestrator.catalog import parse  # noqa: PLC0415

    given = inputs.read(file, "catalog") if file else None
    found = parse(given.data, given.name) if given else _catalog(data)
    name = given.name if given else f"built-in catalog{f' with {data}' if data else ''}"
    ready = sum(entry.available for entry in found.validators)
    click.echo(f"{name}: {len(found.validators)} checks, {ready} available")


@app.command()
@click.argument("name", metavar="catalog|config|recipe|replay")
def schema(name: str) -> None:
    """Print the JSON Schema of a file that this program reads."""
    from orchestrator import schemas  # noqa: PLC0415

    click.echo(schemas.text(name), nl=False)


def _recipe(location: str) -> "Recipe":
    """Read a recipe without a cluster; what it says without effect goes to stderr."""
    from orchestrator import inputs, recipe  # noqa: PLC0415

    given = inputs.read(location, "recipe")
    found = recipe.parse(given.data, given.name)
    _warn(found.warnings)
    return found


def _catalog(folder: str | None) -> "Catalog":
    """The built-in catalog with a data folder laid over it."""
    from orchestrator import overlay, session  # noqa: PLC0415

    found = overlay.apply(session.built_in_catalog(), folder or "")
    _warn(found.warnings)
    return found.catalog


def _warn(texts: Sequence[str]) -> None:
    from orchestrator.errors import printable  # noqa: PLC0415

    for text in texts:
        click.echo(f"aicr-orch: warning: {printable(text)}", err=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; every way out has its exit code."""
    from orchestrator.exits import Exit  # noqa: PLC0415

    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        app.main(arguments, prog_name="aicr-orch", standalone_mode=False)
    except click.ClickException as error:
        _refuse(error)
        return int(Exit.USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("aicr-orch: interrupted before anything was done", err=True)
        return int(Exit.INTERRUPTED)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(Exit.INTERNAL)
    except Exception as error:
        return _explain(error, debug=not {"--debug", "--debug=true"}.isdisjoint(arguments))
    return int(Exit.OK)


def _refuse(error: click.ClickException) -> None:
    """One line for wrong usage; the help for no usage at all."""
    from orchestrator.errors import printable  # noqa: PLC0415

    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # not in all versions of the library
        error.show()
        return
    hint = f"; see {context.command_path} --help" if context else ""
    message = printable(error.format_message()).rstrip(".")
    click.echo(f"aicr-orch: error: {message}{hint}", err=True)


def _explain(error: Exception, *, debug: bool) -> int:
    """One line for what is known; a trace only for what is not."""
    from helper.errors import CannotTell, Unreachable  # noqa: PLC0415
    from orchestrator.errors import StopError, printable  # noqa: PLC0415
    from orchestrator.exits import Exit  # noqa: PLC0415

    code = Exit.INTERNAL
    if isinstance(error, StopError):
        code = error.exit
    elif isinstance(error, CannotTell):
        code = Exit.UNREACHABLE if isinstance(error, Unreachable) else Exit.USAGE
    if debug or code is Exit.INTERNAL:
        traceback.print_exception(error)
    prefix = "internal error" if code is Exit.INTERNAL else "error"
    click.echo(f"aicr-orch: {prefix}: {printable(str(error), kept=chr(10))}", err=True)
    return int(code)

"""The command line: flags to options, errors to one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

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


@app.command()
@click.option("--recipe", "-r", metavar="FILE", help="Recipe that the cluster must satisfy.")
@click.option(
    "--snapshot", "-s", metavar="FILE", help="Snapshot to judge; default: one of the cluster now."
)
@click.option("--replay", metavar="DIR", help="Run against a recorded cluster in this folder.")
@click.option(
    "--phase", multiple=True, metavar="NAME", help="deployment, conformance, performance or all."
)
@click.option("--output", "-o", metavar="FILE", help="Write the CTRF report here; - is stdout.")
@click.option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl.")
@click.option("--context", metavar="NAME", help="Context of the kubeconfig.")
@click.option(
    "--namespace",
    "-n",
    default="aicr-validation",
    envvar="AICR_NAMESPACE",
    show_default=True,
    help="Where the Jobs run.",
)
@click.option(
    "--max-parallel",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Checks that run at once; 1 for one after another.",
)
@click.option(
    "--fail-fast",
    is_flag=False,
    flag_value="phase",
    metavar="[phase|check]",
    help="Skip later phases after a failed one; with =check start no further check.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="LIST",
    help="Verdicts that end non-zero: failed,other,incomplete,skipped.",
)
@click.option(
    "--fail-on-error", type=bool, default=True, metavar="BOOL", help="false: report only."
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    default=100.0,
    metavar="PERCENT",
    help="Share of nodes and devices that must have been looked at.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for locks that other runs hold.")
@click.option("--timeout", metavar="DURATION", help="Bound for the whole run, for example 90m.")
@click.option(
    "--node-selector", multiple=True, metavar="K=V", help="Nodes for workloads of checks."
)
@click.option(
    "--toleration",
    multiple=True,
    metavar="K[=V]:EFFECT",
    help="Tolerations for workloads of checks.",
)
@click.option(
    "--image-pull-secret", multiple=True, metavar="NAME", help="Secret in the run namespace."
)
@click.option(
    "--override-all-images",
    is_flag=True,
    help="Let AICR_VALIDATOR_IMAGE_TAG and _REGISTRY rewrite images of others, too.",
)
@click.option("--snapshot-mode", hidden=True)
@click.option("--run-id", metavar="ID", help="Name of the run; default: time and random digits.")
@click.option("--no-cluster", is_flag=True, help="Check input and plan only; ask no cluster.")
@click.option("--no-cleanup", is_flag=True, help="Leave all objects in the cluster.")
@click.option("--debug", is_flag=True, envvar="AICR_DEBUG", help="Verbose checks, full traces.")
def validate(**flags: Any) -> None:
    """Run the checks that a recipe selects, as Jobs, and report."""
    from rich.console import Console  # noqa: PLC0415

    from orchestrator import options, session  # noqa: PLC0415
    from orchestrator.version import version  # noqa: PLC0415

    given = options.build(flags, os.environ, version())
    code = session.validate(given, os.environ, Console(stderr=True, highlight=False))
    raise SystemExit(int(code))


@app.command()
@click.option("--run-id", metavar="ID", help="Remove this run, whatever its age.")
@click.option("--older-than", default="24h", metavar="DURATION", show_default=True, help="Age.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl.")
@click.option("--context", metavar="NAME", help="Context of the kubeconfig.")
def gc(**flags: Any) -> None:
    """Remove what killed runs left in the cluster."""
    from orchestrator import collect  # noqa: PLC0415

    raise SystemExit(int(collect.collect(flags, os.environ, click.echo)))


@app.command()
@click.option("--output", "-o", metavar="FILE", help="Write the snapshot here; default: stdout.")
@click.option("--replay", metavar="DIR", help="Look at a recorded cluster in this folder.")
@click.option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl.")
@click.option("--context", metavar="NAME", help="Context of the kubeconfig.")
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
@click.option("--recipe", "-r", metavar="FILE", help="Only what its checks need.")
@click.option("--phase", multiple=True, metavar="NAME", help="As for validate.")
@click.option("--override-all-images", is_flag=True, help="As for validate.")
@click.option("--output", "-o", type=click.Choice(["json"]), help="More than names.")
def images_list(recipe: str | None, phase: tuple[str, ...], **flags: Any) -> None:
    """List the images that a run would use, one a line; nothing is asked of a cluster."""
    from orchestrator import image_list, inputs, options, session  # noqa: PLC0415
    from orchestrator.plan import parse_phases  # noqa: PLC0415
    from orchestrator.recipe import parse  # noqa: PLC0415
    from orchestrator.version import version  # noqa: PLC0415

    given = parse(inputs.read(recipe, "recipe"), recipe) if recipe else None
    rules = options.image_rules(flags, os.environ, version())
    found = image_list.used(session.built_in_catalog(), given, parse_phases(phase), rules)
    text = image_list.as_json(found) if flags["output"] else image_list.lines(found)
    click.echo(text, nl=False)


@app.group()
def rbac() -> None:
    """The rights of a run."""


@rbac.command("print")
@click.option("--recipe", "-r", metavar="FILE", required=True, help="Recipe that selects checks.")
@click.option("--phase", multiple=True, metavar="NAME", help="As for validate.")
@click.option("--namespace", "-n", default="aicr-validation", envvar="AICR_NAMESPACE")
@click.option("--caller", is_flag=True, help="What who starts the run needs, as one ClusterRole.")
def rbac_print(recipe: str, phase: tuple[str, ...], namespace: str, *, caller: bool) -> None:
    """Print what a run would create for its checks; nothing is asked of a cluster."""
    from orchestrator import inputs, session  # noqa: PLC0415
    from orchestrator import rbac as rights  # noqa: PLC0415
    from orchestrator.plan import parse_phases  # noqa: PLC0415
    from orchestrator.recipe import parse  # noqa: PLC0415

    given = parse(inputs.read(recipe, "recipe"), recipe)
    found = session.built_in_catalog()
    text = rights.render(found, given, parse_phases(phase), namespace, caller=caller)
    click.echo(text, nl=False)


@app.group()
def catalog() -> None:
    """The checks and what they may do."""


@catalog.command("lint")
@click.argument("file", required=False)
def catalog_lint(file: str | None) -> None:
    """Check a catalog file, by default the built-in one."""
    from orchestrator import inputs, session  # noqa: PLC0415
    from orchestrator.catalog import parse  # noqa: PLC0415

    found = parse(inputs.read(file, "catalog"), file) if file else session.built_in_catalog()
    ready = sum(entry.available for entry in found.validators)
    click.echo(f"{file or 'built-in catalog'}: {len(found.validators)} checks, {ready} available")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; every way out has its exit code."""
    from orchestrator.exits import Exit  # noqa: PLC0415

    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        app.main(arguments, prog_name="aicr-orch", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("aicr-orch: interrupted before anything was done", err=True)
        return int(Exit.INTERRUPTED)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(Exit.INTERNAL)
    except Exception as error:
        return _explain(error, debug="--debug" in arguments)
    return int(Exit.OK)


def _explain(error: Exception, *, debug: bool) -> int:
    """One line for what is known; a trace only for what is not."""
    from helper.errors import CannotTell, Unreachable  # noqa: PLC0415
    from orchestrator.errors import StopError  # noqa: PLC0415
    from orchestrator.exits import Exit  # noqa: PLC0415

    code = Exit.INTERNAL
    if isinstance(error, StopError):
        code = error.exit
    elif isinstance(error, CannotTell):
        code = Exit.UNREACHABLE if isinstance(error, Unreachable) else Exit.USAGE
    if debug or code is Exit.INTERNAL:
        traceback.print_exception(error)
    prefix = "internal error" if code is Exit.INTERNAL else "error"
    click.echo(f"aicr-orch: {prefix}: {error}", err=True)
    return int(code)

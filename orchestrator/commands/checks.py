"""Commands that say what checks there are, and what a run of them would do."""

import os
from collections.abc import Mapping
from typing import Any

import click

from orchestrator import completion
from orchestrator.commands import given, shared
from orchestrator.flags import EPILOG, Command, named_as_given
from orchestrator.validate_flags import of_validate

# Flags of a run that change nothing about its plan; `plan` takes them where `validate` stood.
NOT_PLANNED = frozenset(
    [
        "delete_namespace",
        "detach",
        "dry_run",
        "exit_code_compat",
        "fail_on_error",
        "fault",
        "keep",
        "log_json",
        "log_level",
        "no_cleanup",
        "no_cluster",
        "no_color",
        "no_wait",
        "quiet",
        "resume",
        "run_id",
        "verbose",
        "wait_ready",
    ]
)


@click.command("list", cls=Command, short_help="List the checks of the catalog, or of a recipe.")
@shared.recipe(help="Only the checks that it selects.")
@shared.data
@shared.phase
@click.option(
    "--label",
    "-l",
    multiple=True,
    metavar="K=V",
    help="As for validate.",
    shell_complete=completion.labels,
)
@shared.form
def list_checks(recipe: str | None, data: str | None, output: str, **flags: Any) -> None:
    """List the checks of the catalog, or those that a recipe selects."""
    from orchestrator import listing, stdout
    from orchestrator.plan import parse_phases
    from orchestrator.selection import Label

    labels = [Label.parse(text) for text in flags["label"]]
    selected = given.recipe(recipe) if recipe else None
    rows = listing.rows(given.catalog(data), selected, parse_phases(flags["phase"]), labels)
    is_table = output == stdout.TABLE
    text = listing.text(rows, stdout.width()) if is_table else stdout.document(rows, output)
    stdout.put(text)


@click.command(cls=Command, short_help="Say what a check looks at, when it fails, what it may do.")
@click.argument("check", shell_complete=completion.checks)
@shared.data
@shared.form
def explain(check: str, data: str | None, output: str) -> None:
    """Say what a check looks at, when it fails or skips, and what it may do."""
    from orchestrator import explain as explaining
    from orchestrator import options, stdout
    from orchestrator.errors import UsageError, nearest
    from orchestrator.version import version

    catalog = given.catalog(data)
    entry = catalog.find(check)
    if entry is None:
        known = [item.name for item in catalog.validators]
        raise UsageError(f"no check {check}{nearest(check, known) or '; see aicr-orch list'}")
    rules = options.image_rules({"override_all_images": False}, os.environ, version())
    found = explaining.document(entry, rules)
    is_table = output == stdout.TABLE
    stdout.put(
        explaining.text(found, stdout.width()) if is_table else stdout.document(found, output)
    )


@click.command(
    cls=Command, epilog=EPILOG, short_help="Show what validate would do, with the same flags."
)
@of_validate
@click.option(
    "--ask-cluster", is_flag=True, help="Ask it whether the recipe's readiness constraints hold."
)
@click.option(
    "--output",
    "-o",
    "form",
    type=click.Choice(shared.FORMATS),
    default="table",
    show_default=True,
    help="json: the plan as data. yaml: the objects that a run would create.",
)
def plan(form: str, *, ask_cluster: bool, **flags: Any) -> None:
    """Show what a run would do: put `plan` where `validate` stands.

    Nothing is asked of a cluster, unless an input is in one, or with --ask-cluster.
    """
    raise SystemExit(show_plan(flags, form, ask_cluster=ask_cluster))


def show_plan(flags: Mapping[str, Any], form: str = "table", *, ask_cluster: bool = False) -> int:
    """Show what a run with these flags would do; gives the exit status."""
    from orchestrator import plan_command
    from orchestrator.errors import UsageError

    context = click.get_current_context()
    try:
        code = plan_command.run(
            {**flags, "output": None},
            os.environ,
            form,
            lambda words: given.warn([words]),
            ask_cluster=ask_cluster,
        )
    except UsageError as error:
        raise UsageError(named_as_given(str(error), context)) from error
    return int(code)


plan.params = [item for item in plan.params if item.name != "output"]
for parameter in plan.params:
    if isinstance(parameter, click.Option) and parameter.name in NOT_PLANNED:
        parameter.hidden = True

"""One `validate` from options to exit code: read, gate, plan, connect, run, report."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from orchestrator import ctrf, inputs, plan, preflight, readiness, recipe, rundir, target
from orchestrator.catalog import Catalog
from orchestrator.catalog import parse as parse_catalog
from orchestrator.errors import ReadinessError, UsageError
from orchestrator.events import Notice
from orchestrator.exits import Exit
from orchestrator.live import Terminal
from orchestrator.manifests import RunContext
from orchestrator.options import Options
from orchestrator.outcome import Outcome
from orchestrator.recipe import Recipe
from orchestrator.run import Run, RunResult
from orchestrator.stop import Stop
from orchestrator.version import version

CATALOG = Path(__file__).with_name("catalog.yaml")
EMPTY_SNAPSHOT = "apiVersion: aicr.run/v1alpha2\nkind: Snapshot\nmeasurements: []\n"
SIGNALS = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    signal.SIGHUP: Exit.TERMINATED,
}


@dataclass(frozen=True)
class Prepared:
    """Everything that is decided before the cluster is asked anything."""

    recipe: Recipe
    snapshot_text: str
    plan: plan.Plan
    warnings: tuple[str, ...]


def built_in_catalog() -> Catalog:
    """The catalog that comes with this program."""
    return parse_catalog(CATALOG.read_bytes(), "catalog.yaml")


def validate(options: Options, env: Mapping[str, str], console: Console) -> Exit:
    """Run the selected checks; StopError when the run cannot begin."""
    stop = Stop()
    with _signals(stop):
        return _validate(options, env, console, stop)


def _validate(options: Options, env: Mapping[str, str], console: Console, stop: Stop) -> Exit:
    prepared = prepare(options)
    folder = rundir.RunDir.of_run(options.run_id, env)
    with target.open_cluster(options, env) as kube:
        server_version = target.server_version(kube)
        where = f"replay of {options.replay}" if options.replay else f"context {kube.context}"
        _say(console, f"aicr-orch {version()}: {where}, {kube.server}, {server_version}", "bold")
        _say(console, f"run {options.run_id}, namespace {options.namespace}", "dim")
        moving = console.is_terminal and not env.get("CI")
        terminal = Terminal(prepared.plan, console, moving=moving)
        for text in prepared.warnings:
            terminal.show(Notice(text, "warning"))

        def keep(outcome: Outcome) -> None:
            try:
                folder.keep(outcome)
            except OSError as error:
                words = f"result of {outcome.check} is not kept in {folder.path}: {error}"
                terminal.show(Notice(words, "warning"))

        preflight.check(kube, prepared.plan, _context(options))
        run = Run(
            prepared.plan,
            kube,
            _context(options),
            settings=options.settings,
            stop=stop,
            keep=keep,
            emit=terminal.show,
        )
        record = {"recipe": options.recipe, "version": version(), "server": server_version}
        data = {"validation": prepared.recipe.text, "snapshot": prepared.snapshot_text}
        with terminal:
            result = run.execute(record, data)
    document = _report(result, options, prepared.recipe, server_version)
    terminal.summary(result, _write(document, options, folder, console))
    return result.exit


def prepare(options: Options) -> Prepared:
    """Read and judge all input; StopError for what would make the run pointless."""
    given = recipe.parse(inputs.read(options.recipe, "recipe"), options.recipe)
    snapshot_text = EMPTY_SNAPSHOT
    if options.snapshot:
        snapshot_text = inputs.read(options.snapshot, "snapshot").decode("utf-8", "replace")
    planned = plan.build(
        built_in_catalog(),
        given.input,
        options.phases,
        run_id=options.run_id,
        namespace=options.namespace,
        rules=options.rules,
    )
    if not planned.checks:
        phases = ", ".join(options.phases)
        raise UsageError(f"{options.recipe} selects no check in {phases}: nothing would be tested")
    _check_output(options.output)
    unmet = _gate(given, snapshot_text, options)
    return Prepared(given, snapshot_text, planned, (*given.warnings, *planned.warnings, *unmet))


def _gate(given: Recipe, snapshot_text: str, options: Options) -> list[str]:
    """Judge the readiness constraints; warnings are returned, everything else stops the run."""
    snapshot = recipe.parse_snapshot(snapshot_text, options.snapshot) if options.snapshot else None
    findings = readiness.gate(given.input, snapshot)
    stopping = [str(finding) for finding in findings if finding.stops]
    if stopping:
        lines = "".join(f"\n  {line}" for line in stopping)
        raise ReadinessError(f"the cluster is not ready for {given.source}:{lines}")
    unmet = [finding for finding in findings if finding.result is not readiness.Result.PASSED]
    return [f"readiness: {finding}" for finding in unmet]


def _context(options: Options) -> RunContext:
    return RunContext(
        run_id=options.run_id,
        namespace=options.namespace,
        version=version(),
        commit=options.rules.commit,
        image_registry=options.rules.registry,
        image_tag=options.rules.tag,
        debug=options.debug,
        placement=options.placement,
    )


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Turn the first signal into an orderly end, the second into a hurried one."""

    def handle(number: int, _frame: object) -> None:
        found = signal.Signals(number)
        stop.request(SIGNALS[found], f"{found.name} received", hurry=bool(stop))

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(
    result: RunResult, options: Options, given: Recipe, server_version: str
) -> dict[str, Any]:
    criteria = given.input.criteria
    extra = {
        "cluster": "replay" if options.replay else "live",
        "serverVersion": server_version,
        "exitCode": int(result.exit),
        "leftovers": list(result.leftovers),
        "failure": result.failure,
    }
    environment = ctrf.Environment(
        recipe=Path(given.source).name,
        recipe_version=given.version,
        target="-".join(filter(None, (criteria.service, criteria.accelerator, criteria.intent))),
        extra={key: value for key, value in extra.items() if value not in ("", [])},
    )
    return ctrf.report(
        result.phases,
        version=version(),
        environment=environment,
        run_id=result.run_id,
        started=result.started,
        stopped=result.stopped,
        complete=result.complete,
    )


def _check_output(output: str) -> None:
    """Refuse a place that cannot take the report before an hour of checks, not after it."""
    if not output or output == "-":
        return
    path = Path(output)
    if path.is_dir():
        raise UsageError(f"--output {output}: is a folder, want a file")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(f"--output {output}: its folder does not exist or cannot be written")


def _write(
    document: dict[str, Any], options: Options, folder: rundir.RunDir, console: Console
) -> list[str]:
    """Write the report to the run's folder and where it was asked for; names the places.

    Without `--output` it goes to stdout as well, unless that is somebody's terminal.
    """
    places = []
    if options.output == "-" or (not options.output and not sys.stdout.isatty()):
        sys.stdout.write(rundir.text(document))
        sys.stdout.flush()
    try:
        places.append(_short(folder.report(document)))
        if options.output and options.output != "-":
            rundir.write(Path(options.output), document)
            places.append(options.output)
    except OSError as error:
        _say(console, f"the report cannot be written, here it is: {error}", "bold red")
        sys.stderr.write(rundir.text(document))
    return places


def _short(path: Path) -> str:
    """Write a path in the operator's home as shells do."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _say(console: Console, text: str, style: str) -> None:
    console.print(Text(text, style), soft_wrap=True)

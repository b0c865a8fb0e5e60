"""One `validate` from options to exit code: read, gate, plan, connect, run, report."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from helper.kube import Kube
from orchestrator import (
    ctrf,
    inputs,
    overlay,
    plan,
    preflight,
    readiness,
    recipe,
    rundir,
    snapshot,
    target,
)
from orchestrator.catalog import Catalog
from orchestrator.catalog import parse as parse_catalog
from orchestrator.errors import UsageError
from orchestrator.events import CheckFinished, Notice
from orchestrator.exits import Exit
from orchestrator.live import Terminal
from orchestrator.manifests import RunContext
from orchestrator.options import Options
from orchestrator.outcome import Outcome
from orchestrator.recipe import Recipe
from orchestrator.run import Run, RunResult, without_cluster
from orchestrator.snapshot import Source
from orchestrator.stop import Stop
from orchestrator.version import version

CATALOG = Path(__file__).with_name("catalog.yaml")
SIGNALS = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    signal.SIGHUP: Exit.TERMINATED,
}


@dataclass(frozen=True)
class Prepared:
    """Everything that is decided before the cluster is asked anything."""

    recipe: Recipe
    plan: plan.Plan
    warnings: tuple[str, ...]
    snapshot: Source | None = None  # None: the cluster itself will be asked


def built_in_catalog() -> Catalog:
    """The catalog that comes with this program."""
    return parse_catalog(CATALOG.read_bytes(), "catalog.yaml")


def validate(options: Options, env: Mapping[str, str], console: Console) -> Exit:
    """Run the selected checks and report; StopError when the run cannot begin."""
    stop = Stop()
    with _signals(stop):
        return Session(options, env, console, stop).run()


class Session:
    """One `validate` with everything it needs."""

    def __init__(
        self, options: Options, env: Mapping[str, str], console: Console, stop: Stop
    ) -> None:
        self._options = options
        self._env = env
        self._stop = stop
        self._prepared = prepare(options, env)
        moving = console.is_terminal and not env.get("CI")
        self._terminal = Terminal(self._prepared.plan, console, moving=moving)
        self._folder = rundir.RunDir.of_run(options.run_id, env)

    def run(self) -> Exit:
        """Run and report; gives the exit code."""
        server_version = ""
        if self._options.no_cluster:
            result = self._dry_run()
        else:
            with target.open_cluster(self._options.target, self._env) as kube:
                server_version = target.server_version(kube)
                self._terminal.head(_titles(self._options, kube, server_version))
                self._look_at(kube)
                result = self._run_in(kube, server_version)
        document = _report(result, self._options, self._prepared, server_version)
        places, is_delivered = self._write(document)
        self._terminal.summary(result, places)
        if result.exit is Exit.OK and not is_delivered:
            return Exit.INTERNAL  # a green run whose report nobody has is no green run
        return result.exit

    def _look_at(self, kube: Kube) -> None:
        """Take the snapshot that the operator did not give, and hold the recipe against it."""
        given = self._prepared
        if given.snapshot:
            return
        taken = snapshot.take(kube)
        for note in taken.notes:
            self._terminal.show(Notice(f"snapshot: {note}", "warning"))
        unmet = readiness.require(given.recipe.input, taken.parsed, given.recipe.source)
        self._prepared = replace(given, snapshot=taken, warnings=(*given.warnings, *unmet))

    def _run_in(self, kube: Kube, server_version: str) -> RunResult:
        self._warn()
        context, plan_ = _context(self._options), self._prepared.plan
        preflight.check(kube, plan_, context)
        run = Run(
            plan_,
            kube,
            context,
            settings=self._options.settings,
            stop=self._stop,
            keep=self._keep,
            emit=self._terminal.show,
        )
        record = {
            "recipe": self._prepared.recipe.source,
            "version": version(),
            "server": server_version,
        }
        looked_at = self._prepared.snapshot
        data = {
            "validation": self._prepared.recipe.text,
            "snapshot": looked_at.text if looked_at else "",
        }
        with self._terminal:
            return run.execute(record, data)

    def _dry_run(self) -> RunResult:
        self._terminal.head([f"aicr-orch {version()}: no cluster, input and plan only"])
        self._warn()
        result = without_cluster(self._prepared.plan)
        for phase in result.phases:
            for outcome in phase.outcomes:
                self._terminal.show(CheckFinished(outcome))
        return result

    def _warn(self) -> None:
        for text in self._prepared.warnings:
            self._terminal.show(Notice(text, "warning"))

    def _keep(self, outcome: Outcome) -> None:
        try:
            self._folder.keep(outcome)
        except OSError as error:
            words = f"result of {outcome.check} is not kept in {self._folder.path}: {error}"
            self._terminal.show(Notice(words, "warning"))

    def _write(self, document: dict[str, Any]) -> tuple[list[str], bool]:
        """Write the report where it was asked for and to the run's folder.

        Names the places, and says whether the one that was asked for has it. Without `--output`
        it goes to stdout as well, unless that is somebody's terminal.
        """
        places: list[str] = []
        output, is_delivered = self._options.output, True
        try:
            if output and output != "-":
                rundir.write(Path(output), document)
                places.append(output)
        except OSError as error:
            is_delivered = False
            self._terminal.show(Notice(f"the report cannot be written: {error}", "error"))
        try:
            places.append(_short(self._folder.report(document)))
        except OSError as error:
            self._terminal.show(Notice(f"the run's folder does not take it: {error}", "warning"))
        if output == "-" or (not output and sys.stdout and not sys.stdout.isatty()):
            is_delivered = _print(rundir.text(document)) and is_delivered
        return places, is_delivered


def _print(text: str) -> bool:
    """Write to stdout, which may be full, closed or gone."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _titles(options: Options, kube: Kube, server_version: str) -> list[str]:
    """Name the target before anything is written to it."""
    where = options.target.title(kube)
    return [
        f"aicr-orch {version()}: {where}, {kube.server}, {server_version}",
        f"run {options.run_id}, namespace {options.namespace}",
    ]


def prepare(options: Options, env: Mapping[str, str]) -> Prepared:
    """Read and judge all input; StopError for what would make the run pointless."""

    def connect() -> AbstractContextManager[Kube]:
        return target.open_cluster(options.target, env)

    document = inputs.read(options.recipe, "recipe", connect)
    given = recipe.parse(document.data, document.name)
    overlaid = overlay.apply(built_in_catalog(), options.data)
    planned = plan.build(
        overlaid.catalog,
        given.input,
        options.phases,
        run_id=options.run_id,
        namespace=options.namespace,
        rules=options.rules,
    )
    if not planned.checks:
        phases = ", ".join(options.phases)
        raise UsageError(f"{given.source} selects no check in {phases}: nothing would be tested")
    _check_output(options.output)
    warnings = (*given.warnings, *overlaid.warnings, *planned.warnings)
    if not options.snapshot:
        return Prepared(given, planned, warnings)
    source = snapshot.load(options.snapshot, connect)
    unmet = readiness.require(given.input, source.parsed, given.source)
    return Prepared(given, planned, (*warnings, *unmet), source)


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

    # What the caller ignores, as nohup does, stays ignored.
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(
    result: RunResult, options: Options, prepared: Prepared, server_version: str
) -> dict[str, Any]:
    given = prepared.recipe
    criteria = given.input.criteria
    extra = {
        "cluster": "replay" if options.target.replay else "live",
        "snapshot": prepared.snapshot.origin if prepared.snapshot else "",
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


def _short(path: Path) -> str:
    """Write a path in the operator's home as shells do."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises for a nameless user
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

"""One `validate` from options to exit code: read, gate, plan, connect, run, report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from helper.errors import CannotTell
from helper.kube import Kube
from helper.resource import part
from helper.served import NOT_ASKED
from orchestrator import (
    account,
    audience,
    begun,
    ci,
    earlier,
    handover,
    identity,
    owner,
    pulse,
    readiness,
    resumption,
    rundir,
    target,
)
from orchestrator.delivery import Delivery
from orchestrator.ending import ended_by_signals, left_by_signals
from orchestrator.errors import ReadinessError, StopError, UsageError
from orchestrator.events import CheckFinished, ClusterSettling, Event, Notice
from orchestrator.execution import code_of
from orchestrator.exits import Exit, number
from orchestrator.handover import Wanted
from orchestrator.listeners import Listeners
from orchestrator.options import Options
from orchestrator.outcome import Outcome
from orchestrator.preparation import prepare, run_context
from orchestrator.record import Record
from orchestrator.result import RunResult, cut_short, without_cluster
from orchestrator.resumption import Kept
from orchestrator.run import Run
from orchestrator.snapshot import Source
from orchestrator.stop import Stop
from orchestrator.turn import internal
from orchestrator.version import version

if TYPE_CHECKING:
    from orchestrator.convergence import Convergence


def validate(
    options: Options,
    env: Mapping[str, str],
    console: Console,
    began: Callable[[], None] = lambda: None,
) -> Exit:
    """Run the selected checks and report; StopError when the run cannot begin.

    `began` hears when nothing can refuse the run any more but what it waits for.
    """
    stop = Stop()
    folder = rundir.RunDir.of_run(options.run_id, env).path
    owner.check_free(folder)  # before a file is opened that the run's process writes to
    if not options.resumes:
        resumption.check_unused(folder)
    with (
        ended_by_signals(stop, folder, audience.at_once(options, console)),
        closing(Session(options, env, console, stop, began)) as session,
    ):
        return session.run()


class Session:
    """One `validate` with everything it needs."""

    def __init__(
        self,
        options: Options,
        env: Mapping[str, str],
        console: Console,
        stop: Stop,
        began: Callable[[], None],
    ) -> None:
        self._options = options
        self._env = env
        self._stop = stop
        self._began = began
        self._has_begun = False
        self._prepared = prepare(options, env)
        self._folder = rundir.RunDir.of_run(options.run_id, env)
        self._record = Record()
        self._terminal = Listeners(
            audience.operator(options, self._prepared.plan, console, env, self._folder.path),
            options.outputs,
            self._prepared.plan,
            self._record,
            goes_on=options.resumes,
        )
        self._kept = Kept(self._folder.path)
        self._delivery = Delivery(
            options.outputs,
            self._folder,
            lambda: target.open_cluster(options.target, env),
            lambda words, level: self._terminal.show(Notice(words, level)),
            env,
        )
        self._served = NOT_ASKED
        self._identity: Mapping[str, Any] = {}
        self._snapshot = self._named(self._prepared.snapshot)
        self._findings: Sequence[readiness.Finding] = ()
        self._convergence: Convergence | None = None

    def run(self) -> Exit:
        """Run and report; gives the exit code. What stops the run is raised, but reported first."""
        try:
            result = self._dry_run() if self._options.no_cluster else self._live_run()
        except Exception as error:
            self._write_what_is_known(error)
            raise
        places, result = self._deliver(result)
        code = result.code
        self._terminal.summary(result, places, number(code, self._options.exit_codes))
        if self._kept.is_kept and not result.complete:
            words = f"go on with: aicr-orch validate --resume {result.run_id}"
            self._terminal.show(Notice(words))
        return code

    def _deliver(self, result: RunResult) -> tuple[Sequence[str], RunResult]:
        """Write the reports; gives their places, and the result with what became of them."""

        def told(is_delivered: bool) -> RunResult:
            return replace(result, is_delivered=is_delivered and not self._terminal.troubles)

        places, is_delivered = self._delivery.write(lambda found: self._report(told(found)))
        for place, why in self._terminal.troubles.items():
            words = f"not every event could be written to {place}: {why}"
            self._terminal.show(Notice(words, "error"))
        return [*places, *self._terminal.places], told(is_delivered)

    def close(self) -> None:
        """Close what was opened for the run; another process may continue it."""
        self._terminal.close()
        self._record.close()
        self._kept.release()

    def _write_what_is_known(self, error: Exception) -> None:
        """Report a run that could not begin, or that broke; wrong usage alone is none."""
        words = str(error) if isinstance(error, StopError | CannotTell) else internal(error)
        code = code_of(error)
        self._terminal.broken(words, code, number(code, self._options.exit_codes))
        if isinstance(error, UsageError) and not isinstance(error, ReadinessError):
            return
        found = earlier.from_folder(self._folder.path)
        result = cut_short(self._prepared.plan, code, words, found)
        places, _ = self._deliver(result)
        for place in places:
            self._terminal.show(Notice(f"report: {place}"))

    def _live_run(self) -> RunResult:
        self._gate()  # what a given snapshot rules out needs no cluster
        with self._connected() as kube:
            self._served = target.server_version(kube)
            self._terminal.head(
                audience.titles(self._options, kube, self._served),
                audience.remaining(
                    self._options, self._prepared.plan, self._served, self._folder.path.parent
                ),
            )
            self._identity = identity.read(kube)
            about = self._about(kube)
            self._warn(self._prepared.warnings)
            self._delivery.check(kube, self._options.namespace)
            before = earlier.from_folder(self._folder.path) if self._options.resumes else None
            if before is not None and not (before or self._kept.is_kept):
                self._take_from(kube)
            elif before is not None:
                self._check_same(about)
            self._remember(about)
            self._folder.forget_diagnoses(but=before or ())
            run = Run(
                self._prepared.plan,
                self._prepared.recipe,
                kube,
                self._options.settings,
                executor=self._options.executor,
                context=run_context(self._options, self._env, self._prepared.plan),
                looked_at=self._snapshot,
                keep=self._keep,
                diagnose=self._diagnose,
                stop=self._stop,
                earlier=before,
            )
            try:
                return self._follow(run, about)
            finally:
                self._snapshot, self._findings = run.snapshot, run.findings
                self._convergence = run.convergence

    @contextmanager
    def _connected(self) -> Iterator[Kube]:
        """The cluster; a program that is to give credentials for it may wait for somebody."""
        wanted = self._options.target
        with ExitStack() as stack:
            with nullcontext() if wanted.replay else left_by_signals():
                kube = stack.enter_context(target.open_cluster(wanted, self._env, self._broken))
            yield kube

    def _named(self, given: Source | None) -> Source | None:
        """The snapshot of a run that goes on, by the name that it had at first."""
        origin = self._kept.origin(self._options.snapshot)
        return replace(given, origin=origin) if given and origin else given

    def _about(self, kube: Kube) -> Mapping[str, str]:
        """What the run tells of itself, and by what its cluster is known again."""
        options, served = self._options, self._served
        cluster_id = options.target.cluster_id(self._identity, served)
        where = options.target.title(kube, served)
        return begun.told(options, self._prepared, served, where, cluster_id)

    def _check_same(self, about: Mapping[str, str]) -> None:
        """Go on in the same cluster, with the same recipe only; UsageError for others."""
        unknown = part(self._identity, "unknown").get("uid", "")
        resumption.check_same(self._folder.path, about, self._prepared.data, unknown)

    def _take_from(self, kube: Kube) -> None:
        """Go on with a run of which only the cluster has something; StopError when it has not."""
        options, given = self._options, self._prepared.recipe
        wanted = Wanted(options.run_id, options.namespace, given, self._snapshot)
        self._snapshot = handover.take(kube, wanted, self._env)

    def _remember(self, about: Mapping[str, str]) -> None:
        """Keep how the run was started, so that it can go on after it was cut short."""
        try:
            flags, given = self._options.flags, self._prepared
            source, goes_on = given.recipe.source, self._options.resumes
            self._kept.begin(flags, given.data, source, about, goes_on=goes_on)
            self._record.begin(self._folder.path)
        except OSError as error:
            self._record.hold_no_more()
            words = f"this run cannot be resumed, {self._folder.path} does not take it: {error}"
            self._terminal.show(Notice(words, "warning"))

    def _remember_snapshot(self, run: Run) -> None:
        with suppress(OSError):  # the same snapshot is a courtesy, another one does as well
            if run.snapshot:
                self._kept.keep_snapshot(run.snapshot.text, run.snapshot.origin)

    def _broken(self, words: str) -> None:
        """End a run whose recorded cluster has broken down."""
        self._stop.request(Exit.INTERNAL, words)

    def _follow(self, run: Run, about: Mapping[str, str]) -> RunResult:
        """Show a run on the terminal until it is over."""
        with run:
            run.deploy({**about, **pulse.myself()}, self._hear_wait)
            self._remember_snapshot(run)
            self._tell_begun()
            with self._terminal:
                for event in run.events():
                    self._terminal.show(event)
        return run.result()

    def _hear_wait(self, event: Event) -> None:
        """Tell what the cluster is waited for: such a wait is part of a run that goes on."""
        self._terminal.show(event)
        if isinstance(event, ClusterSettling):
            self._tell_begun()

    def _tell_begun(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._began()

    def _dry_run(self) -> RunResult:
        self._terminal.head([f"aicr-orch {version()}: no cluster, input and plan only"])
        self._warn((*self._prepared.warnings, *self._gate()))
        result = without_cluster(self._prepared.plan)
        for phase in result.phases:
            for outcome in phase.outcomes:
                self._terminal.show(CheckFinished(outcome))
        return result

    def _gate(self) -> Sequence[str]:
        """Hold the recipe against the snapshot that was given, if one was; gives what warns."""
        if not self._snapshot:
            return ()
        given = self._prepared.recipe
        self._findings = readiness.gate(given.input, self._snapshot.parsed)
        return readiness.require(self._findings, given.source)

    def _warn(self, texts: Sequence[str]) -> None:
        for text in texts:
            self._terminal.show(Notice(text, "warning"))

    def _report(self, result: RunResult) -> dict[str, Any]:
        findings, waited = tuple(self._findings), self._convergence
        seen = account.Seen(self._served, self._identity, self._snapshot, findings, waited)
        build, folder = ci.build(self._env), self._folder.path
        return account.document(
            result, self._options, self._prepared, seen, build=build, folder=folder
        )

    def _keep(self, outcome: Outcome) -> None:
        try:
            self._folder.keep(outcome)
        except OSError as error:
            words = f"result of {outcome.check} is not kept in {self._folder.path}: {error}"
            self._terminal.show(Notice(words, "warning"))

    def _diagnose(self, outcome: Outcome, files: Mapping[str, str]) -> None:
        try:
            self._folder.diagnosis(outcome, files)
        except OSError as error:
            words = f"diagnostics of {outcome.check} are not kept in {self._folder.path}: {error}"
            self._terminal.show(Notice(words, "warning"))

"""One check's life in the cluster: identity, Job, end, log; and what cleans up behind it."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import CannotTell, KubeError
from helper.resource import name, text
from orchestrator import collected, logs, redaction, verdict
from orchestrator.diagnostics.collect import collect
from orchestrator.events import CheckProgressed, CheckSaid, Event, Notice
from orchestrator.follow import NO_LOG, Follower
from orchestrator.moments import split, unstarted
from orchestrator.outcome import Outcome, Split, Status
from orchestrator.plan import PlannedCheck
from orchestrator.sightings import Sightings
from orchestrator.stop import Stop
from orchestrator.vacancy import Vacancy
from orchestrator.verdict import Ending, Progress, Sighting, Stage
from orchestrator.waiting import Waiting
from orchestrator.workspace import Workspace

POD_END_WAIT_S = 60.0  # the check cleans up inside its pod; its rights stay until it ended
FOLLOW_END_S = 2.0  # from a container's end to the end of its followed log
LOST = "NodeLost"


class CheckLife:
    """Runs one planned check; `run` gives its outcome, `clean` removes what it made."""

    def __init__(
        self,
        planned: PlannedCheck,
        *,
        workspace: Workspace,
        sightings: Sightings,
        stop: Stop,
        others: Callable[[], Collection[str]],
        emit: Callable[[Event], None],
        patience_s: Mapping[Stage, float] = verdict.PATIENCE_S,
        release_wait_s: float = 0.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._planned = planned
        self._workspace = workspace
        self._sightings = sightings
        self._stop = stop
        self._others = others
        self._emit = emit
        self._patience_s = patience_s
        self._vacancy = Vacancy(planned, release_wait_s, stop, emit, clock)
        self._clock = clock
        self._asked = clock.wall()
        self._created: float | None = None
        self._follower: Follower | None = None

    def run(self) -> Outcome:
        """Create everything, wait for the end, collect; never raises for what a cluster does."""
        try:
            missing = self._workspace.create_identity(self._planned)
            for namespace in missing:
                self._notice(
                    f"namespace {namespace} is missing or ending, so no right in it was granted"
                )
            self._created = self._clock.wall()
            self._workspace.create_job(self._planned)
            for words in self._workspace.absent_neighbours(self._planned):
                self._notice(words, "warning")
        except CannotTell as error:
            words = f"failed to deploy Job: {error}"
            failed = Ending(Status.OTHER, words, "DeployError")
            ending = verdict.cancelled(self._stop.reason) if self._stop else failed
            return self._outcome(ending, logs.Log())
        waiting = Waiting(
            self._planned,
            workspace=self._workspace,
            sightings=self._sightings,
            stop=self._stop,
            others=self._others,
            patience_s=self._patience_s,
            clock=self._clock,
            progressed=self._progressed,
        )
        try:
            return self._collected(waiting.until_end())
        except CannotTell as error:
            words = f"the Job cannot be watched: {error}"
            return self._collected(Ending(Status.OTHER, words, "WatchError"))
        finally:
            if self._follower:
                self._follower.stop()

    def diagnosis(self) -> Mapping[str, str]:
        """What the cluster knows of the check, as it is before it is removed."""
        seen = self._sightings.of(self._planned.object_name)
        glance = self._workspace.glance(lambda: self._stop.hurry, self._clock)
        context = self._workspace.context
        return collect(glance, seen, self._planned, context.run_id, context.namespace)

    def clean(self, *, keep: bool = False) -> bool:
        """Remove Job and identity, then wait until what the check used is free again.

        What fails here is found again by the run's final sweep. With `keep` a Job stays that is
        over, its rights go all the same. Gives whether it stays.
        """
        stays = keep and self._is_done()
        try:
            if not stays:
                self._workspace.delete_job(self._planned)
            self._wait_for_pod_end()
            self._workspace.delete_identity(self._planned)
            self._vacancy.await_release(self._workspace.remains(self._planned).look)
        except CannotTell as error:
            self._notice(f"clean-up after {self._planned.name}: {error}", "warning")
        return stays

    def _is_done(self) -> bool:
        """Whether the Job is there and its check over: it neither runs nor may begin any more."""
        seen = self._sightings.of(self._planned.object_name)
        if seen.job_gone:
            return False
        if verdict.ended(seen):
            return True
        if seen.job:
            words = "it is not over, and would go on without its rights and locks"
            self._notice(f"its Job is not kept: {words}", "warning")
        return False

    def _progressed(self, found: Progress, seen: Sighting) -> None:
        if found.stage is Stage.RUNNING and seen.pod:
            self._follower = self._workspace.follow_log(name(seen.pod), self._said)
            self._follower.start()
        detail = found.message if found.stage is Stage.PENDING else found.reason
        self._emit(CheckProgressed(self._planned.name, found.stage, detail))

    def _said(self, line: str) -> None:
        self._emit(CheckSaid(self._planned.name, redaction.line(line)))

    def _collected(self, ending: Ending) -> Outcome:
        """Add the log to an ending; what the check said and nobody heard yet is told now."""
        log, note = self._log(ending)
        ending = self._timed(ending)
        told = Counter(map(redaction.line, self._follower.told if self._follower else []))
        for line in log.results:
            told[line] -= 1
            if told[line] < 0:
                self._said(line)
        ending = collected.with_words(ending, log)
        if note and ending.status is Status.PASSED:
            self._notice(note, "warning")
        elif note:
            ending = replace(ending, message=f"{ending.message}\n{note}")
        return self._outcome(ending, log)

    def _log(self, ending: Ending) -> tuple[logs.Log, str]:
        """The check's log, and what is to be said about it; empty where no container ran.

        The pod's own log is the whole one. Where it cannot be had, what was followed is kept.
        """
        seen = self._sightings.of(self._planned.object_name)
        if not verdict.has_run(seen):
            return logs.Log(), ""
        whole: str | None = None
        why = "its node is lost"
        if ending.raw_status != LOST:  # nobody would answer
            try:
                whole = self._workspace.log(name(seen.pod or {}))
            except KubeError as error:
                why = str(error)
        if whole and whole.startswith(NO_LOG):
            why, whole = whole.strip(), None
        if self._follower:
            self._follower.stop(grace_s=FOLLOW_END_S if whole is None else 0.0)
        if whole is not None:
            return logs.split(whole), ""
        followed = self._follower.text if self._follower else ""
        if followed:
            return logs.split(followed), f"the log is what was followed until then: {why}"
        return logs.Log(stderr=(f"log not available: {why}",)), f"its log is lost: {why}"

    def _wait_for_pod_end(self) -> None:
        """Wait until the pod holds no resources any more, unless the operator is in a hurry."""
        limit = self._clock.now() + POD_END_WAIT_S
        with self._sightings.changed:
            while not _is_over(self._sightings.of(self._planned.object_name)):
                left = limit - self._clock.now()
                if left <= 0 or self._stop.hurry or self._sightings.failure:
                    return
                self._sightings.changed.wait(left)

    def _outcome(self, ending: Ending, log: logs.Log) -> Outcome:
        place = {"job": self._planned.object_name}
        return collected.outcome(self._planned, ending, log, self._split(ending), place)

    def _timed(self, ending: Ending) -> Ending:
        """Give an end that kubelet has missed the times that the watch showed."""
        running = self._sightings.of(self._planned.object_name).moments.running
        if running is None or ending.started is not None:
            return ending
        return replace(ending, started=running, stopped=self._clock.wall())

    def _split(self, ending: Ending) -> Split:
        """Where the time went, as the watch showed it."""
        if self._created is None:
            return Split()
        seen = self._sightings.of(self._planned.object_name)
        now = self._clock.wall()
        if ending.started is None:
            return unstarted(seen.moments, self._asked, self._created, now)
        if ending.stopped is None:
            return Split()
        return split(seen.moments, self._asked, self._created, ending.started, now)

    def _notice(self, words: str, level: str = "info") -> None:
        self._emit(Notice(f"{self._planned.name}: {words}", level))


def _is_over(seen: Sighting) -> bool:
    if seen.pod is None or seen.pod_gone:
        return True
    return text(seen.pod, "status", "phase") in ("Succeeded", "Failed")

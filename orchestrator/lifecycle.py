"""One check's life in the cluster: identity, Job, end, log; and what cleans up behind it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from helper import contract
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import CannotTell, KubeError
from helper.resource import container_status, name, part, text
from orchestrator import logs, verdict
from orchestrator.events import CheckProgressed, Event, Notice
from orchestrator.manifests import job_deadline_s
from orchestrator.outcome import Outcome, Split, Status
from orchestrator.plan import PlannedCheck
from orchestrator.sightings import Sightings
from orchestrator.stop import Stop
from orchestrator.verdict import Ending, Progress, Sighting, Stage
from orchestrator.workspace import Workspace

WAIT_MARGIN_S = 30.0  # beyond the Job's own deadline, for Kubernetes to act on it
POD_END_WAIT_S = 60.0  # the check cleans up inside its pod; its rights stay until it ended
# Only events tell that the API server refuses a pod, or that an autoscaler will not help.
FIRST_LOOK_AT_EVENTS_S = {Stage.CREATED: 3.0, Stage.PENDING: 10.0}
SCALE_UP_PATIENCE_S = 600.0  # a new node takes minutes; the autoscaler has said that it comes
EVENTS_SHOWN = 10
LAST_LOG_LINES = 10


class CheckLife:
    """Runs one planned check; `run` gives its outcome, `clean` removes what it made."""

    def __init__(
        self,
        planned: PlannedCheck,
        *,
        workspace: Workspace,
        sightings: Sightings,
        stop: Stop,
        emit: Callable[[Event], None],
        patience_s: Mapping[Stage, float] = verdict.PATIENCE_S,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._planned = planned
        self._workspace = workspace
        self._sightings = sightings
        self._stop = stop
        self._emit = emit
        self._patience_s = patience_s
        self._clock = clock
        # Kubernetes writes whole seconds; what the watch showed is finer.
        self._created: float | None = None
        self._seen_running: float | None = None
        self._seen_ended: float | None = None

    def run(self) -> Outcome:
        """Create everything, wait for the end, collect; never raises for what a cluster does."""
        try:
            missing = self._workspace.create_identity(self._planned)
            for namespace in missing:
                self._notice(f"namespace {namespace} does not exist, so no right in it was granted")
            self._created = self._clock.wall()
            self._workspace.create_job(self._planned)
        except CannotTell as error:
            words = f"failed to deploy Job: {error}"
            return self._outcome(Ending(Status.OTHER, words, "DeployError"), logs.Log())
        try:
            ending = self._wait()
        except CannotTell as error:
            ending = Ending(Status.OTHER, f"the Job cannot be watched: {error}", "WatchError")
        log = self._collect()
        return self._outcome(_with_words(ending, log), log)

    def clean(self, *, keep: bool = False) -> None:
        """Remove Job and identity; what fails here is found again by the run's final sweep."""
        try:
            if not keep:
                self._workspace.delete_job(self._planned)
            self._wait_for_pod_end()
            if not keep:
                self._workspace.delete_identity(self._planned)
        except CannotTell as error:
            self._notice(f"clean-up after {self._planned.name}: {error}", "warning")

    def _wait(self) -> Ending:
        """Wait for the container's end, with patience for each stage on the way."""
        begun = since = self._clock.now()
        last = Progress(Stage.CREATED)
        patience_s = FIRST_LOOK_AT_EVENTS_S[Stage.CREATED]
        give_up = begun + job_deadline_s(self._planned.timeout_s) + WAIT_MARGIN_S
        while True:
            with self._sightings.changed:
                seen = self._sightings.of(self._planned.object_name)
                ending = self._over(seen)
                if ending:
                    return ending
                found, now = verdict.progress(seen), self._clock.now()
                if found.stage is last.stage and now < min(since + patience_s, give_up):
                    self._sightings.changed.wait(min(since + patience_s, give_up) - now)
                    continue
            if found.stage is not last.stage:
                last, since = found, now
                if found.stage is Stage.RUNNING:
                    self._seen_running = self._clock.wall()
                patience_s = self._first_patience_s(found, give_up - now)
                self._emit(CheckProgressed(self._planned.name, found.stage, found.reason))
                continue
            if now >= give_up:
                return Ending(Status.OTHER, _overdue(now - begun), "OrchestratorDeadline")
            ending, patience_s = self._lost_patience(seen, found, now - since)
            if ending:
                return ending

    def _over(self, seen: Sighting) -> Ending | None:
        """The end of the wait for reasons that need no patience."""
        ending = verdict.ended(seen)
        if ending:
            self._seen_ended = self._clock.wall()
            return ending
        if self._stop:
            return Ending(Status.OTHER, f"cancelled: {self._stop.reason}", "Cancelled")
        if self._sightings.failure:
            raise self._sightings.failure
        return None

    def _first_patience_s(self, found: Progress, left_s: float) -> float:
        limit_s = self._patience_s.get(found.stage, left_s)
        return min(limit_s, FIRST_LOOK_AT_EVENTS_S.get(found.stage, limit_s))

    def _lost_patience(
        self, seen: Sighting, found: Progress, waited_s: float
    ) -> tuple[Ending | None, float]:
        """Look at events: the end they call for, or how long a stage may last in all."""
        limit_s = self._patience_s.get(found.stage, waited_s)
        subjects = [self._planned.object_name] + ([name(seen.pod)] if seen.pod else [])
        events = [event for subject in subjects for event in self._workspace.events(subject)]
        refused = [event for event in events if event.get("reason") == "FailedCreate"]
        if found.stage is Stage.CREATED and refused:
            return verdict.failed_create(text(refused[-1], "message")), waited_s
        reasons = {text(event, "reason") for event in events}
        if found.stage is Stage.PENDING and "TriggeredScaleUp" in reasons:
            limit_s = SCALE_UP_PATIENCE_S
        if found.stage is Stage.PENDING and "NotTriggerScaleUp" in reasons:
            limit_s = 0.0  # the autoscaler has said that no node will come
        if waited_s < limit_s:
            return None, min(limit_s, 2 * waited_s)
        told = [
            f"event {text(event, 'reason')}: {text(event, 'message')}"
            for event in events[-EVENTS_SHOWN:]
        ]
        return verdict.stuck(found, self._planned.image, waited_s, told), waited_s

    def _collect(self) -> logs.Log:
        """The check's whole log; empty where no container ran."""
        seen = self._sightings.of(self._planned.object_name)
        if not seen.pod or verdict.progress(seen).stage not in (Stage.RUNNING, Stage.ENDED):
            return logs.Log()
        status = container_status(seen.pod, contract.CONTAINER)
        terminated = part(status, "state", "terminated")
        if terminated and not text(terminated, "containerID"):
            return logs.Log()
        try:
            return logs.split(self._workspace.log(name(seen.pod)))
        except KubeError as error:
            self._notice(f"the log of {self._planned.name} is lost: {error}", "warning")
            return logs.Log(stderr=(f"log not available: {error}",))

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
        planned, entry = self._planned, self._planned.entry
        extra = {
            "job": planned.object_name,
            "description": entry.description if entry else "",
            "requirement": entry.requirement if entry else "",
            "locks": sorted(planned.locks),
            "image": planned.image,
            **ending.extra,
        }
        return Outcome(
            check=planned.name,
            phase=planned.phase,
            status=ending.status,
            message=ending.message,
            raw_status=ending.raw_status,
            exit_code=ending.exit_code,
            started=ending.started,
            stopped=ending.stopped,
            stdout=log.stdout,
            stderr=log.stderr,
            facts=log.facts,
            extra={key: value for key, value in extra.items() if value},
            split=self._split(ending),
        )

    def _split(self, ending: Ending) -> Split:
        """Where the time went, as the watch showed it; a container that never ran has no times."""
        if ending.started is None or ending.stopped is None or self._created is None:
            return Split()
        ended = self._seen_ended or ending.stopped
        # A container that lives shorter than kubelet reports may never be seen running.
        running = self._seen_running or min(max(ending.started, self._created), ended)
        return Split(
            wait_s=running - self._created,
            run_s=ended - running,
            collect_s=self._clock.wall() - ended,
        )

    def _notice(self, words: str, level: str = "info") -> None:
        self._emit(Notice(f"{self._planned.name}: {words}", level))


def _with_words(ending: Ending, log: logs.Log) -> Ending:
    """Give an end without a message the last words of the log; a pass needs none."""
    if ending.message or ending.status is Status.PASSED:
        return ending
    last = [line for line in (log.stderr or log.stdout)[-LAST_LOG_LINES:] if line]
    words = "\n".join(["no reason given; its last lines:", *last]) if last else "no reason given"
    return replace(ending, message=words[:2000])


def _overdue(waited_s: float) -> str:
    return f"no end seen after {waited_s:.0f} s, past the Job's own deadline"


def _is_over(seen: Sighting) -> bool:
    if seen.pod is None or seen.pod_gone:
        return True
    return text(seen.pod, "status", "phase") in ("Succeeded", "Failed")

"""Waiting for a check's end: patience for each stage, and doubt about what only seems final."""

from collections.abc import Callable, Collection, Mapping

from helper.deadline import Clock
from helper.errors import Unreachable
from helper.resource import condition, condition_is, is_being_deleted, name, number, text
from orchestrator import verdict
from orchestrator.manifests import job_deadline_s
from orchestrator.outcome import Status
from orchestrator.plan import PlannedCheck
from orchestrator.sightings import Sightings
from orchestrator.stop import Stop
from orchestrator.verdict import Ending, Progress, Sighting, Stage
from orchestrator.workspace import Workspace

WAIT_MARGIN_S = 30.0  # beyond the Job's own deadline, for Kubernetes to act on it
# Only events tell that the API server refuses a pod, or that an autoscaler will not help.
FIRST_LOOK_AT_EVENTS_S = {Stage.CREATED: 3.0, Stage.PENDING: 10.0}
# By what an autoscaler has said last: a node comes, which takes minutes, or none will.
SCALE_UP = {"TriggeredScaleUp": 600.0, "NotTriggerScaleUp": 0.0}
EVENTS_SHOWN = 10
PODLESS_S = 3.0  # a Job may end before a watch that was cut has shown its pod
LOST_NODE_S = 60.0  # beyond a deleted pod's grace period; kubelet needs a moment after it
BLIND_S = 1.0  # until the next look, when what was seen may be long over
NEVER = float("inf")


class Waiting:
    """The wait for the end of one check; `progressed` hears of each new stage.

    `others` names the checks whose turn it is beside this one.
    """

    def __init__(
        self,
        planned: PlannedCheck,
        *,
        workspace: Workspace,
        sightings: Sightings,
        stop: Stop,
        others: Callable[[], Collection[str]],
        patience_s: Mapping[Stage, float],
        clock: Clock,
        progressed: Callable[[Progress, Sighting], None],
    ) -> None:
        self._planned = planned
        self._workspace = workspace
        self._sightings = sightings
        self._stop = stop
        self._others = others
        self._patience_s = verdict.patience_with(planned, patience_s)
        self._clock = clock
        self._progressed = progressed
        # When to look again at what an event will perhaps never change.
        self._sure_at = NEVER
        self._lost_at = NEVER

    def until_end(self) -> Ending:
        """Wait for the container's end; CannotTell when nothing can be seen any more."""
        begun = since = self._clock.now()
        last = Progress(Stage.CREATED)
        patience_s = FIRST_LOOK_AT_EVENTS_S[Stage.CREATED]
        limit_s = job_deadline_s(self._workspace.context, self._planned) + WAIT_MARGIN_S
        give_up = begun + limit_s
        while True:
            with self._sightings.changed:
                seen, now = self._sightings.of(self._planned.object_name), self._clock.now()
                ending = self._over(seen, now)
                if ending:
                    return ending
                found = verdict.progress(seen)
                next_look = min(since + patience_s, give_up, self._sure_at, self._lost_at)
                if found.stage is last.stage and now < next_look:
                    self._sightings.changed.wait(next_look - now)
                    continue
            if found.stage is not last.stage:
                last, since = found, now
                patience_s = self._first_patience_s(found, give_up - now)
                self._progressed(found, seen)
                continue
            if now >= self._lost_at:
                ending = self._lost_node(seen, now)
            elif now >= give_up:
                ending, give_up = self._overdue(now, now - begun), now + BLIND_S
            elif now >= since + patience_s:
                ending, patience_s = self._lost_patience(seen, found, now - since)
            if ending:
                return ending

    def _over(self, seen: Sighting, now: float) -> Ending | None:
        """The end of the wait for reasons that need no patience."""
        ending = verdict.ended(seen)
        if ending and (seen.pod or self._is_podless(now)):
            return ending
        if self._stop:
            return verdict.cancelled(self._stop.reason)
        if self._sightings.failure:
            raise self._sightings.failure
        self._watch_termination(seen, now)
        return None

    def _overdue(self, now: float, waited_s: float) -> Ending | None:
        """The end of a check that nobody saw end; this program may have slept through it."""
        could_look = self._sightings.look_again() or self._sightings.pods_since is not None
        with self._sightings.changed:
            ending = self._over(self._sightings.of(self._planned.object_name), now)
        if not could_look:
            return ending  # the run knows how long it waits for a server that is away
        words = f"no end seen after {waited_s:.0f} s, past the Job's own deadline"
        return ending or Ending(Status.OTHER, words, "OrchestratorDeadline")

    def _is_podless(self, now: float) -> bool:
        """Whether a Job that ended had no pod: pods must have been watched for a while since."""
        watched_since = self._sightings.pods_since
        if watched_since is None:
            self._sure_at = NEVER  # the watch wakes us when it is back
            return False
        if self._sure_at == NEVER:
            self._sure_at = now + PODLESS_S
        return now >= max(self._sure_at, watched_since + PODLESS_S)

    def _watch_termination(self, seen: Sighting, now: float) -> None:
        """Set the time by which a pod that was told to end must have ended.

        It is counted from when the deletion was seen: the server's clock may be another.
        """
        if self._lost_at == NEVER and seen.pod and is_being_deleted(seen.pod):
            grace_s = number(seen.pod, "metadata", "deletionGracePeriodSeconds") or 0
            self._lost_at = now + grace_s + LOST_NODE_S

    def _lost_node(self, seen: Sighting, now: float) -> Ending | None:
        """The end of a check whose pod does not end because nobody is there to end it."""
        node_name = text(seen.pod or {}, "spec", "nodeName")
        try:
            node = self._workspace.node(node_name)
        except Unreachable:  # the server is away, which says nothing about a node
            self._lost_at = now + BLIND_S
            return None
        if node and condition_is(node, "Ready"):
            self._lost_at = now + LOST_NODE_S  # kubelet is at it
            return None
        ready = condition(node or {}, "Ready") or {}
        state = f"is not ready ({text(ready, 'reason')})" if node else "no longer exists"
        words = f"node {node_name} {state}; the check's pod was told to end and never did"
        return Ending(Status.OTHER, words, "NodeLost", extra=verdict.where(seen.pod or {}))

    def _first_patience_s(self, found: Progress, left_s: float) -> float:
        limit_s = self._patience_s.get(found.stage, left_s)
        return min(limit_s, FIRST_LOOK_AT_EVENTS_S.get(found.stage, limit_s))

    def _lost_patience(
        self, seen: Sighting, found: Progress, waited_s: float
    ) -> tuple[Ending | None, float]:
        """Look at events: the end they call for, or how long a stage may last in all."""
        crowded = verdict.crowded(found)
        if crowded and self._sightings.hold_room(self._others()):
            return crowded, waited_s
        limit_s = self._patience_s.get(found.stage, waited_s)
        subjects = [self._planned.object_name] + ([name(seen.pod)] if seen.pod else [])
        try:
            events = self._workspace.events(subjects)
        except Unreachable:
            events = []  # a server that is away is no reason for anything, see below
        sightings = self._sightings
        if sightings.pods_since is None or sightings.of(self._planned.object_name) != seen:
            # While the watch was down, as an API server restarted, the check went on.
            return None, waited_s + BLIND_S
        refused = [event for event in events if event.get("reason") == "FailedCreate"]
        if found.stage is Stage.CREATED and refused:
            return verdict.failed_create(text(refused[-1], "message")), waited_s
        if found.stage is Stage.PENDING:
            said = [reason for event in events if (reason := text(event, "reason")) in SCALE_UP]
            limit_s = SCALE_UP[said[-1]] if said else limit_s
        if waited_s < limit_s:
            self._progressed(found, seen)  # its words may have come since the stage began
            return None, min(limit_s, 2 * waited_s)
        told = [
            f"event {text(event, 'reason')}: {text(event, 'message')}"
            for event in events[-EVENTS_SHOWN:]
        ]
        return verdict.stuck(found, self._planned.image, waited_s, told), waited_s

"""The Job controller: keeps as many pods as a Job wants, and ends the Job."""

from functools import partial

from helper import kinds
from orchestrator.replay import creation, deletion
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.objects import (
    Json,
    is_deleting,
    meta,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from orchestrator.replay.state import State
from orchestrator.replay.store import Change
from orchestrator.replay.workloads import jobstatus, podkeeper
from orchestrator.replay.workloads.events import JOB_CONTROLLER, EventWriter, Note
from orchestrator.replay.workloads.jobstatus import Tally, Target
from orchestrator.replay.workloads.loop import Loop, Once
from orchestrator.replay.workloads.podkeeper import PodKeeper

_TRACKING = "batch.kubernetes.io/job-tracking"
_SYNC_S = 0.01  # a real controller syncs once a second
_CREATE_AGAIN_S = 0.2  # after a pod was refused; a real one doubles from one second


class JobController:
    """Runs the Jobs that were created here."""

    def __init__(self, state: State, loop: Loop, events: EventWriter) -> None:
        self._state = state
        self._loop = loop
        self._keeper = PodKeeper(state, events, JOB_CONTROLLER)
        self._tallies: dict[str, Tally] = {}  # by uid of the Job
        self._once = Once(loop, self._sync)
        self._pods = state.kinds.of(kinds.PODS)
        self._jobs = state.kinds.of(kinds.JOBS)

    def job_changed(self, change: Change) -> None:
        """Take note of a new or altered Job."""
        uid = uid_of(change.new)
        if change.type == "ADDED" and change.live:
            place = (change.key.namespace, change.key.name)
            tally = self._tallies[uid] = Tally()
            self._once.later(0, *place)
            self._watch_deadline(*place, tally)
        elif change.type == "DELETED":
            self._tallies.pop(uid, None)
            self._release_all(change.key.namespace, uid)
        elif uid in self._tallies:
            self._once.later(_SYNC_S, change.key.namespace, change.key.name)
            if _deadline_of(change.new) != _deadline_of(change.old):
                self._watch_deadline(change.key.namespace, change.key.name, self._tallies[uid])

    def pod_changed(self, change: Change) -> None:
        """Look at the Job whose pod has changed."""
        owners = [owner for owner in owners_of(change.new) if owner.get("kind") == "Job"]
        if not owners and change.live:
            self._release(change.new)  # nobody counts an orphan
        for owner in owners:
            if owner["uid"] in self._tallies:
                self._once.later(_SYNC_S, change.key.namespace, owner["name"])
            elif is_deleting(change.new):
                self._release(change.new)

    def _sync(self, namespace: str, name: str) -> None:
        job = self._state.store.find(kinds.JOBS, namespace, name)
        tally = self._tallies.get(uid_of(job)) if job else None
        if job is None or tally is None:
            return
        pods = self._keeper.pods_of(job)
        if is_deleting(job) or jobstatus.is_over(job):
            for pod in pods:
                self._release(pod)
        else:
            self._advance(job, pods, tally)

    def _advance(self, job: Json, pods: list[Json], tally: Tally) -> None:
        fresh = tally.count(job, pods)
        target = jobstatus.target_of(job) or self._target(job, pods, tally)
        if target is None:
            self._supply(job, pods, tally)
            pods = self._keeper.pods_of(job)
        else:
            self._withdraw(job, pods, target)
            pods = self._keeper.pods_of(job)

        def edit(current: Json) -> Json:
            jobstatus.counted(current, pods, tally, fresh)
            return jobstatus.bound_for(current, target) if target else current

        after = self._keeper.write(job, edit)
        for pod in pods:
            if not jobstatus.is_active(pod) and (target or tally.has(pod)):
                self._release(pod)
        if fresh:  # counted now; the next sync writes the numbers
            self._again(job, _SYNC_S)
        elif target and after and not any(_is_working(pod) for pod in self._keeper.pods_of(job)):
            self._end(job, target)

    def _target(self, job: Json, pods: list[Json], tally: Tally) -> Target | None:
        spec = job["spec"]
        left_s = tally.overdue_in(job)
        if left_s is not None and left_s <= 0:
            return jobstatus.DEADLINE
        if len(tally.failed) > spec["backoffLimit"] or jobstatus.restarts_too_often(job, pods):
            return jobstatus.BACKOFF
        if len(tally.succeeded) >= spec["completions"]:
            return jobstatus.COMPLETED
        return None

    def _supply(self, job: Json, pods: list[Json], tally: Tally) -> None:
        """Create the pods that are missing."""
        spec = job["spec"]
        if spec.get("suspend"):
            return
        open_ends = spec["completions"] - len(tally.succeeded)
        active = sum(_is_working(pod) for pod in pods)
        for _ in range(min(spec["parallelism"], open_ends) - active):
            if not self._keeper.create(job, _pod_of(job)):
                self._again(job, _CREATE_AGAIN_S)
                return

    def _withdraw(self, job: Json, pods: list[Json], target: Target) -> None:
        """Delete the pods that are no longer wanted."""
        for pod in filter(jobstatus.is_active, pods):
            self._keeper.delete(job, pod)
        if target.kind == jobstatus.DEADLINE.kind:
            note = Note(target.reason, target.message, warning=True)
            if jobstatus.target_of(job) is None:
                self._keeper.note(job, note)

    def _end(self, job: Json, target: Target) -> None:
        self._keeper.write(job, jobstatus.ended)
        if target == jobstatus.COMPLETED:
            self._keeper.note(job, Note("Completed", "Job completed"))
        elif target == jobstatus.BACKOFF:
            self._keeper.note(job, Note(target.reason, target.message, warning=True))
        ttl_s = job["spec"].get("ttlSecondsAfterFinished")
        if ttl_s is not None:
            self._loop.later(ttl_s, partial(self._expire, job))

    def _expire(self, job: Json) -> None:
        current = self._state.store.find(kinds.JOBS, namespace_of(job), name_of(job))
        if creation.is_same(current, uid_of(job)):
            options = DeleteOptions(propagation="Foreground")
            kind = self._jobs
            deletion.delete_quietly(self._state, kind, namespace_of(job), name_of(job), options)

    def _watch_deadline(self, namespace: str, name: str, tally: Tally) -> None:
        """Look at a Job again when its deadline is over."""
        job = self._state.store.find(kinds.JOBS, namespace, name)
        left_s = tally.overdue_in(job) if job else None
        if left_s is None:
            return
        if left_s <= 0:
            self._sync(namespace, name)
        else:
            again = partial(self._watch_deadline, namespace, name, tally)
            self._loop.later(left_s, again)

    def _again(self, job: Json, delay_s: float) -> None:
        self._once.later(delay_s, namespace_of(job), name_of(job))

    def _release(self, pod: Json) -> None:
        """Let a pod go that was counted: its finalizer held it until now."""
        if _TRACKING in (meta(pod).get("finalizers") or []):
            deletion.drop_finalizer(
                self._state, self._pods, namespace_of(pod), name_of(pod), _TRACKING
            )

    def _release_all(self, namespace: str, uid: str) -> None:
        for pod in self._state.store.objects(kinds.PODS, namespace):
            if any(owner.get("uid") == uid for owner in owners_of(pod)):
                self._release(pod)


def _deadline_of(job: Json | None) -> int | None:
    limit = job["spec"].get("activeDeadlineSeconds") if job else None
    return None if limit is None else int(limit)


def _is_working(pod: Json) -> bool:
    return jobstatus.is_active(pod) or jobstatus.is_terminating(pod)


def _pod_of(job: Json) -> Json:
    """Compose a pod that stays until it was counted."""
    pod = podkeeper.composed(job)
    meta(pod)["finalizers"] = [_TRACKING]
    return pod

"""One watch for all Jobs of a run and one for all pods; what they last showed, by Job name."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial

from helper import contract
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Forbidden, KubeError
from helper.kinds import JOBS, PODS, Resource
from helper.kube import Kube
from helper.resource import labels, name, text
from helper.transport import Json, Watch
from orchestrator.moments import Moments
from orchestrator.outage import Outage
from orchestrator.verdict import Sighting, holds_room
from orchestrator.watching import RETRY_S, Watching

Note = Callable[[str, Json], None]  # takes in a change: ADDED, MODIFIED or DELETED, and the object

JOB_NAME_LABEL = "batch.kubernetes.io/job-name"


class Sightings:
    """The shared view of a run's Jobs and pods; `changed` is notified with each change."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        run_id: str,
        changed: threading.Condition,
        clock: Clock = SYSTEM_CLOCK,
        *,
        outage: Outage | None = None,
    ) -> None:
        self._kube = kube
        self._hasty = kube.patient(RETRY_S)  # the watches try again themselves
        self._outage = outage
        self._namespace = namespace
        self._selector = f"{contract.LABEL_RUN_ID}={run_id}"
        self._seen: dict[str, Sighting] = {}
        self._notes = ((JOBS, self._note_job), (PODS, self._note_pod))
        self._watchings: list[Watching] = []
        self._pods_since: float | None = None
        self._clock = clock
        self.changed = changed
        self.failure: KubeError | None = None  # the watch may not look; nothing will be seen

    def start(self) -> None:
        """Begin to watch; what happens from now on is seen. KubeError when that is impossible."""
        for resource, note in self._notes:
            version = self._relist(self._kube, resource, note)
            watching = Watching(
                f"watch-{resource.plural}",
                partial(self._relist, self._hasty, resource, note),
                partial(self._watch, resource),
                self._noting(note),
                self._refused,
                outage=self._outage,
                watched=self._watching_pods if resource is PODS else nullcontext,
            )
            self._watchings.append(watching)
            watching.start(version)

    def look_again(self) -> bool:
        """Read everything anew, whatever the watches show; False when not all could be read."""
        looked = 0
        for resource, note in self._notes:
            with suppress(KubeError):
                self._relist(self._hasty, resource, note)
                looked += 1
        return looked == len(self._notes)

    def of(self, job_name: str) -> Sighting:
        """What was last seen of one check."""
        return self._seen.get(job_name, Sighting())

    def hold_room(self, checks: Collection[str]) -> bool:
        """Whether pods of these checks are on nodes, where they leave room when they end."""
        now = self._clock.wall()
        with self.changed:
            return any(
                holds_room(seen, now)
                for seen in self._seen.values()
                if labels(seen.pod or {}).get(contract.LABEL_CHECK) in checks
            )

    @property
    def pods_since(self) -> float | None:
        """Since when pods have been watched without a gap; None while they are not."""
        return self._pods_since

    def stop(self) -> None:
        """End both watches and wait for their threads."""
        for watching in self._watchings:
            watching.close()

    def _watch(self, resource: Resource, version: str) -> Watch:
        return self._kube.watch(resource, version, self._namespace, self._selector)

    def _noting(self, note: Note) -> Note:
        """Take a change in, and let those know who wait for one."""

        def noting(kind: str, obj: Json) -> None:
            with self.changed:
                note(kind, obj)
                self.changed.notify_all()

        return noting

    def _refused(self, error: Forbidden) -> None:
        with self.changed:
            self.failure = error
            self.changed.notify_all()

    @contextmanager
    def _watching_pods(self) -> Iterator[None]:
        """Let those who miss a pod know whether anybody would see it."""
        with self.changed:
            self._pods_since = self._clock.now()
            self.changed.notify_all()
        try:
            yield
        finally:
            self._pods_since = None

    def _relist(self, kube: Kube, resource: Resource, note: Note) -> str:
        """Read everything anew; what is no longer there was deleted in between.

        A watch may have shown something younger while the answer was on its way.
        """
        before = self._shown(resource)
        page = kube.page(resource, self._namespace, self._selector)
        with self.changed:
            shown = self._shown(resource)
            newer = {key: obj for key, obj in shown.items() if obj is not before.get(key)}
            for item in page.items:
                if _version(item) >= _version(newer.get(name(item), {})):
                    note("ADDED", item)
            self._note_missing(resource, before.keys() - set(map(name, page.items)))
            self.changed.notify_all()
        return page.version

    def _shown(self, resource: Resource) -> Mapping[str, Json]:
        """The Jobs or pods that were seen last, by their names."""
        with self.changed:
            seen = list(self._seen.values())
        found = [item.job if resource is JOBS else item.pod for item in seen]
        return {name(obj): obj for obj in found if obj}

    def _note_missing(self, resource: Resource, missing: Collection[str]) -> None:
        for job_name, seen in self._seen.items():
            if resource is JOBS and seen.job and job_name in missing:
                self._seen[job_name] = replace(seen, job_gone=True)
            if resource is PODS and seen.pod and name(seen.pod) in missing:
                self._seen[job_name] = replace(seen, pod_gone=True)

    def _note_job(self, kind: str, job: Json) -> None:
        seen = self.of(name(job))
        self._seen[name(job)] = replace(seen, job=job, job_gone=kind == "DELETED")

    def _note_pod(self, kind: str, pod: Json) -> None:
        job_name = labels(pod).get(JOB_NAME_LABEL, "")
        seen = self.of(job_name)
        gone = kind == "DELETED"
        is_other = seen.pod is not None and name(seen.pod) != name(pod)
        if is_other and gone:
            return  # an older pod of the same Job; the younger one counts
        moments = Moments() if is_other else seen.moments
        moments = moments.with_pod(pod, self._clock.wall())
        self._seen[job_name] = replace(seen, pod=pod, pod_gone=gone, moments=moments)


def _version(obj: Json) -> int:
    """How old what was seen of an object is; versions have an order."""
    version = text(obj, "metadata", "resourceVersion")
    return int(version) if version.isdecimal() else 0

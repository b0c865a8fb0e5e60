"""One watch for all Jobs of a run and one for all pods; what they last showed, by Job name."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from helper import contract
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Expired, Forbidden, KubeError
from helper.kinds import JOBS, PODS, Resource
from helper.kube import Kube
from helper.resource import labels, name
from helper.transport import Json, Watch
from orchestrator.moments import Moments
from orchestrator.outage import Outage
from orchestrator.verdict import Sighting, holds_room

RETRY_S = 1.0
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
        self._watches: dict[Resource, Watch] = {}
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._pods_since: float | None = None
        self._clock = clock
        self.changed = changed
        self.failure: KubeError | None = None  # the watch may not look; nothing will be seen

    def start(self) -> None:
        """Begin to watch; what happens from now on is seen. KubeError when that is impossible."""
        for resource, note in self._notes:
            version = self._relist(self._kube, resource, note)
            thread = threading.Thread(
                target=self._follow, args=(resource, note, version), daemon=True
            )
            thread.name = f"watch-{resource.plural}"
            self._threads.append(thread)
            thread.start()

    def look_again(self) -> None:
        """Read everything anew, whatever the watches show; what cannot be read stays as it was."""
        for resource, note in self._notes:
            with suppress(KubeError):
                self._relist(self._hasty, resource, note)

    def of(self, job_name: str) -> Sighting:
        """What was last seen of one check."""
        return self._seen.get(job_name, Sighting())

    def others_hold_room(self, job_name: str) -> bool:
        """Whether pods of the run's other checks are on nodes."""
        with self.changed:
            return any(holds_room(seen) for other, seen in self._seen.items() if other != job_name)

    @property
    def pods_since(self) -> float | None:
        """Since when pods have been watched without a gap; None while they are not."""
        return self._pods_since

    def stop(self) -> None:
        """End both watches and wait for their threads."""
        self._stopped.set()
        with self.changed:
            watches = list(self._watches.values())
        for watch in watches:
            watch.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _follow(self, resource: Resource, note: Callable[[str, Json], None], version: str) -> None:
        """Watch until told to stop; a stream that ends is opened again where it ended."""
        while not self._stopped.is_set():
            try:
                version = self._stream(resource, note, version)
            except Expired:
                version = self._relist_until_done(resource, note)
            except Forbidden as error:
                with self.changed:
                    self.failure = error
                    self.changed.notify_all()
                return
            except KubeError as error:
                self._failed(error)
                version = self._relist_until_done(resource, note)

    def _stream(self, resource: Resource, note: Callable[[str, Json], None], version: str) -> str:
        watch = self._kube.watch(resource, version, self._namespace, self._selector)
        if self._outage:
            self._outage.answered()
        with self.changed:
            self._watches[resource] = watch
        with watch, self._noted(resource):
            if self._stopped.is_set():  # stop() may have run before this watch was known
                return version
            for event in watch:
                version = str((event.object.get("metadata") or {}).get("resourceVersion", version))
                if event.type != "BOOKMARK":
                    with self.changed:
                        note(event.type, event.object)
                        self.changed.notify_all()
        return version

    @contextmanager
    def _noted(self, resource: Resource) -> Iterator[None]:
        """Let those who miss a pod know whether anybody would see it."""
        if resource is not PODS:
            yield
            return
        with self.changed:
            self._pods_since = self._clock.now()
            self.changed.notify_all()
        try:
            yield
        finally:
            self._pods_since = None

    def _relist_until_done(self, resource: Resource, note: Callable[[str, Json], None]) -> str:
        while not self._stopped.is_set():
            try:
                return self._relist(self._hasty, resource, note)
            except KubeError as error:
                self._failed(error)
        return ""

    def _failed(self, error: KubeError) -> None:
        """Wait before the next attempt, if there shall be one."""
        if self._outage:
            self._outage.failed(error)
        self._stopped.wait(RETRY_S)

    def _relist(self, kube: Kube, resource: Resource, note: Callable[[str, Json], None]) -> str:
        """Read everything anew; what is no longer there was deleted in between."""
        page = kube.page(resource, self._namespace, self._selector)
        with self.changed:
            for item in page.items:
                note("ADDED", item)
            self._note_missing(resource, page.items)
            self.changed.notify_all()
        return page.version

    def _note_missing(self, resource: Resource, items: list[Json]) -> None:
        if resource is JOBS:
            there = {name(item) for item in items}
            for job_name, seen in self._seen.items():
                if seen.job and job_name not in there:
                    self._seen[job_name] = replace(seen, job_gone=True)
            return
        there = {name(item) for item in items}
        for job_name, seen in self._seen.items():
            if seen.pod and name(seen.pod) not in there:
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

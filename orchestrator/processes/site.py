"""A run's place on this machine: a private folder, and nothing in the cluster."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from helper.deadline import Deadline
from helper.errors import InputError
from orchestrator.errors import ClusterError, UsageError
from orchestrator.events import Notice
from orchestrator.executor import Ground
from orchestrator.leases import Holder
from orchestrator.local.guardian import Guardian
from orchestrator.local.scratch import Scratch
from orchestrator.plan import PlannedCheck
from orchestrator.processes.attempt import Bounds, ProcessAttempt
from orchestrator.processes.room import Identity, Rooms
from orchestrator.stop import Stop

FOLDER = "aicr-run-"  # how the name of the folder begins
TOLD = (
    "checks run on this machine with the rights of its kubeconfig; nothing is made in the cluster: "
    "results are kept here only, and no locks are taken"
)


class NoLocks:
    """Locks that no other run could see, since nothing is written to the cluster."""

    def acquire(
        self, locks: Iterable[str], waiting: Callable[[Holder], None], stop: Stop | None = None
    ) -> None:
        """Take nothing: what reads only disturbs nobody."""

    def release(self, locks: Iterable[str]) -> None:
        """Give back nothing."""

    def lost(self, locks: Iterable[str]) -> Sequence[str]:  # noqa: ARG002 - as other locks
        """None, for none was held."""
        return ()


class ProcessSite:
    """The folder of one run, and who ends its processes when this program is killed."""

    def __init__(
        self,
        ground: Ground,
        env: Mapping[str, str],
        command: Callable[[PlannedCheck], Sequence[str]],
        bounds: Bounds,
    ) -> None:
        self._ground = ground
        self._env = env
        self._command = command
        self._bounds = bounds
        self._scratch: Scratch | None = None
        self._guardian: Guardian | None = None
        self._rooms: Rooms | None = None
        self._attempts: list[ProcessAttempt] = []
        self.locks = NoLocks()

    def prepare(
        self,
        record: Mapping[str, str],  # noqa: ARG002  (for a cluster's object)
        data: Mapping[str, str],
    ) -> None:
        """Make the folder with the inputs of all checks; StopError when that cannot be."""
        try:
            self._make_folder(data)
        except InputError as error:
            raise UsageError(f"checks cannot connect as this program did: {error}") from error
        except OSError as error:
            place = tempfile.gettempdir()
            raise UsageError(f"{place} takes no files of checks: {error}; set TMPDIR") from error
        self._ground.emit(Notice(TOLD))

    def _make_folder(self, data: Mapping[str, str]) -> None:
        kube = self._ground.kube
        if kube.credentials is None:
            raise ClusterError("checks cannot connect as this program does: no credentials known")
        identity = Identity.read(kube.credentials, kube.context, self._env)
        self._scratch = Scratch(FOLDER)
        self._guardian = Guardian(self._scratch.path)
        self._guardian.begin()
        self._rooms = Rooms(self._scratch.path, self._ground.context, identity)
        self._rooms.put_inputs(data)

    def shortage(self, planned: PlannedCheck) -> None:
        """Nothing: a check that only reads takes no GPUs."""

    def attempt(
        self,
        planned: PlannedCheck,
        stop: Stop,
        others: Callable[[], Collection[str]],  # noqa: ARG002  (a process finds room at once)
    ) -> ProcessAttempt:
        """One process."""
        if self._rooms is None or self._guardian is None:
            raise RuntimeError("prepare() comes first")
        attempt = ProcessAttempt(
            planned,
            self._command,
            rooms=self._rooms,
            guardian=self._guardian,
            stop=stop,
            emit=self._ground.emit,
            clock=self._ground.clock,
            bounds=self._bounds,
        )
        self._attempts.append(attempt)
        return attempt

    def persist(self, planned: PlannedCheck, result: Mapping[str, object]) -> None:
        """Leave it at the run's folder, which has the result already."""

    def close(self) -> None:
        """End what an error has left running."""
        for attempt in self._attempts:
            attempt.clean()

    def clean_up(
        self,
        deadline: Deadline,  # noqa: ARG002  (of requests to a cluster)
        *,
        keeping: Collection[str],  # noqa: ARG002  (Jobs, of which there are none)
    ) -> Sequence[str]:
        """Remove the folder with its kubeconfigs; only then nobody has to watch any more.

        Names the folder if it is still there; nothing can be left in the cluster.
        """
        if self._scratch:
            self._scratch.remove()
        if self._guardian:
            self._guardian.stop()
        folder = self._scratch.path if self._scratch else None
        return [f"folder {folder}"] if folder and folder.exists() else ()

    def remove_namespace(self) -> str:
        """Nothing to remove, for none was made."""
        return ""

"""The cluster that a run is about: a real one, or a recorded one that is served here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helper.credentials import Credentials
from helper.errors import CannotTell, Forbidden, InputError, Unreachable
from helper.kube import Kube, connect
from helper.resource import text
from helper.served import ServerVersion
from helper.transport import REQUEST_TIMEOUT_S
from orchestrator import durations
from orchestrator.errors import ClusterError, PermissionsError, UsageError

FIRST_ANSWER_S = 3.0  # a cluster that does not answer is usually a wrong address
CLUSTER_FILE = "cluster.yaml"
PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Target:
    """Which cluster is meant; without a word of the operator the one that kubectl would use."""

    replay: str = ""  # folder of a recorded cluster, or file of a defect of one
    kubeconfig: str = ""
    context: str = ""
    faults: tuple[str, ...] = ()  # that the recorded cluster is to have
    user: str = ""  # in whose name all is asked; empty: of whom the kubeconfig names
    groups: tuple[str, ...] = ()  # of that user
    request_timeout_s: float = REQUEST_TIMEOUT_S  # of one answer

    @classmethod
    def of(cls, flags: Mapping[str, object]) -> "Target":
        """Read the flags; UsageError when they name two clusters."""
        replay = replay_folder(str(flags.get("replay") or ""))
        if replay and (flags["kubeconfig"] or flags["context"]):
            raise UsageError(
                "--replay is a cluster of its own; leave out --kubeconfig and --context"
            )
        faults = _faults(flags.get("fault"))
        if faults and not replay:
            raise UsageError("--fault strikes a recorded cluster only; give --replay as well")
        if replay and not Path(replay).exists():
            raise UsageError(f"--replay {replay}: no such folder or file")
        found = cls(
            replay,
            kubeconfig=str(flags["kubeconfig"] or ""),
            context=str(flags["context"] or ""),
            faults=faults,
            user=str(flags.get("as") or ""),
            groups=_texts(flags.get("as_group")),
            request_timeout_s=durations.seconds(flags, "request_timeout") or REQUEST_TIMEOUT_S,
        )
        for flag, value in [("--as", found.user), *(("--as-group", it) for it in found.groups)]:
            if not value.isprintable():
                raise UsageError(f"{flag} {value}: want a name without control characters")
        if found.groups and not found.user:
            raise UsageError("--as-group: groups of whom? give --as as well")
        if replay and not found.recorded(CLUSTER_FILE).is_file():
            it = "it" if Path(replay).is_dir() else "the folder above a defect's own"
            raise UsageError(f"--replay {replay}: no recorded cluster, {it} has no {CLUSTER_FILE}")
        return found

    def recorded(self, name: str) -> Path:
        """A file that belongs to the recorded cluster; a defect shares those of its cluster."""
        from orchestrator.replay.folder import base_folder  # noqa: PLC0415 - only for replays

        return base_folder(Path(self.replay)) / name

    def is_replayed(self, served: ServerVersion) -> bool:
        """Whether it is a recorded cluster, served here or by somebody else."""
        return bool(self.replay) or served.is_replay

    def cluster_id(self, found: Mapping[str, Any], served: ServerVersion) -> str:
        """What tells this cluster from any other; `found` is what it says of its identity.

        Its UID; the address where nobody may ask for that.
        """
        if self.replay:
            return f"recorded in {Path(self.replay).resolve()}"
        # UIDs of recorded objects are made of their names, and the same in each recording.
        uid = "" if served.is_replay else text(found, "uid")
        return uid or text(found, "server")

    def title(self, kube: Kube, served: ServerVersion) -> str:
        """Name the cluster for people, once it has answered."""
        acting = f", as {self.user}" if self.user else ""
        if not self.replay:
            where = f"context {kube.context}{acting}"
            return f"replay of a recorded cluster, {where}" if served.is_replay else where
        faults = f" with {', '.join(self.faults)}" if self.faults else ""
        return f"replay of {self.replay}{faults}{acting}"


def replay_folder(given: str) -> str:
    """Where a recorded cluster is; the examples come with the installed program."""
    packaged = PACKAGE / given
    return str(packaged) if given and not Path(given).exists() and packaged.exists() else given


@contextmanager
def open_cluster(
    target: Target, env: Mapping[str, str], on_failure: Callable[[str], object] | None = None
) -> Iterator[Kube]:
    """Connect to the target; UsageError when the operator named none that can be used.

    `on_failure` hears that a recorded cluster has broken down and proves nothing any more.
    """
    with ExitStack() as stack:
        source = target.kubeconfig
        if target.replay:
            source = str(stack.enter_context(_replay(target, on_failure)))
        try:
            found = Credentials.discover(env, source, target.context)
            credentials = replace(found, user=target.user, groups=target.groups)
            kube = connect(
                credentials, env, patience_s=FIRST_ANSWER_S, timeout_s=target.request_timeout_s
            )
        except InputError as error:
            raise UsageError(str(error)) from error
        stack.callback(kube.close)
        yield kube


def server_version(kube: Kube) -> ServerVersion:
    """Ask the target who it is, before anything is written to it."""
    try:
        return kube.server_version()
    except Unreachable as error:
        raise ClusterError(f"no answer from the cluster: {error}") from error
    except Forbidden as error:
        raise PermissionsError(f"the cluster refuses even its version: {error}") from error
    except InputError as error:
        raise UsageError(str(error)) from error
    except CannotTell as error:
        raise ClusterError(f"the cluster does not tell its version: {error}") from error


@contextmanager
def _replay(target: Target, on_failure: Callable[[str], object] | None) -> Iterator[Path]:
    """Serve a recorded cluster and give the path of its kubeconfig."""
    from orchestrator.replay import ReplayCluster, ReplayError  # noqa: PLC0415 - only for replays
    from orchestrator.replay.faultspec import parse_fault  # noqa: PLC0415 - only for replays

    with ExitStack() as stack:
        try:
            cluster = ReplayCluster.load(Path(target.replay))
            for text in target.faults:
                cluster.inject(parse_fault(text))
            server = stack.enter_context(cluster.serve(on_failure=on_failure))
        except ReplayError as error:
            raise UsageError(str(error)) from error
        yield server.write_kubeconfig(server.folder / "kubeconfig")


def _faults(given: object) -> tuple[str, ...]:
    """Check the faults that the operator asks for; UsageError for one that is not known."""
    texts = _texts(given)
    if texts:
        from orchestrator.replay.faultspec import parse_fault  # noqa: PLC0415 - only for replays
        from orchestrator.replay.models import ReplayError  # noqa: PLC0415 - likewise

        try:
            for text in texts:
                parse_fault(text)
        except ReplayError as error:
            raise UsageError(str(error)) from error
    return texts


def _texts(given: object) -> tuple[str, ...]:
    """The values of a repeatable flag."""
    return tuple(map(str, given)) if isinstance(given, (list, tuple)) else ()

"""The cluster that a run is about: a real one, or a recorded one that is served here."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from helper.errors import CannotTell, InputError, Unreachable
from helper.kube import Credentials, Kube, connect
from orchestrator.errors import ClusterError, UsageError

FIRST_ANSWER_S = 3.0  # a cluster that does not answer is usually a wrong address
PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Target:
    """Which cluster is meant; without a word of the operator the one that kubectl would use."""

    replay: str = ""  # folder of a recorded cluster
    kubeconfig: str = ""
    context: str = ""

    @classmethod
    def of(cls, flags: Mapping[str, object]) -> "Target":
        """Read the flags; UsageError when they name two clusters."""
        replay = str(flags["replay"] or "")
        packaged = PACKAGE / replay
        if replay and not Path(replay).is_dir() and packaged.is_dir():
            replay = str(packaged)  # the examples come with the installed program
        if replay and (flags["kubeconfig"] or flags["context"]):
            raise UsageError(
                "--replay is a cluster of its own; leave out --kubeconfig and --context"
            )
        return cls(replay, str(flags["kubeconfig"] or ""), str(flags["context"] or ""))

    def title(self, kube: Kube) -> str:
        """Name the cluster for people, once it is open."""
        return f"replay of {self.replay}" if self.replay else f"context {kube.context}"


@contextmanager
def open_cluster(target: Target, env: Mapping[str, str]) -> Iterator[Kube]:
    """Connect to the target; UsageError when the operator named none that can be used."""
    with ExitStack() as stack:
        source = target.kubeconfig
        if target.replay:
            source = str(stack.enter_context(_replay(Path(target.replay))))
        try:
            credentials = Credentials.discover(env, source, target.context)
            kube = connect(credentials, env, patience_s=FIRST_ANSWER_S)
        except InputError as error:
            raise UsageError(str(error)) from error
        stack.callback(kube.close)
        yield kube


def server_version(kube: Kube) -> str:
    """Ask the target who it is, before anything is written to it."""
    try:
        return kube.server_version()
    except Unreachable as error:
        raise ClusterError(f"no answer from the cluster: {error}") from error
    except CannotTell as error:
        raise ClusterError(f"the cluster refuses even its version: {error}") from error


@contextmanager
def _replay(folder: Path) -> Iterator[Path]:
    """Serve a recorded cluster and give the path of its kubeconfig."""
    from orchestrator.replay import ReplayCluster, ReplayError  # noqa: PLC0415 - only for replays

    with ExitStack() as stack:
        try:
            server = stack.enter_context(ReplayCluster.load(folder).serve())
        except ReplayError as error:
            raise UsageError(str(error)) from error
        path = Path(stack.enter_context(TemporaryDirectory(prefix="aicr-replay-")), "kubeconfig")
        server.write_kubeconfig(path)
        yield path

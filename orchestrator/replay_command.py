"""`aicr-orch replay DIR`: serve a recorded cluster until somebody ends it."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.replay import ReplayCluster, ReplayError, ReplayServer
from orchestrator.signals import answered
from orchestrator.target import replay_folder

Say = Callable[[str], object]


def run(flags: Mapping[str, Any], say: Say) -> Exit:
    """Serve a folder; ending that is no failure."""
    folder = Path(replay_folder(str(flags["folder"])))
    if not folder.exists():
        raise UsageError(f"{folder}: no such folder or file")
    given = Path(flags["kubeconfig"]) if flags["kubeconfig"] else None
    if given:
        _check_kubeconfig(given)
    with ExitStack() as stack:
        # Unlike an Event, a signal handler may use it at any moment of its own thread's wait.
        ended: SimpleQueue[str] = SimpleQueue()
        stack.enter_context(answered(lambda _: ended.put("")))
        server = stack.enter_context(_served(folder, int(flags["port"]), ended.put))
        path = given or Path(
            stack.enter_context(TemporaryDirectory(prefix="aicr-replay-")), "kubeconfig"
        )
        _write(path, server, str(flags["user"]))
        stack.callback(path.unlink, missing_ok=True)
        for line in _usage(folder, server, path, str(flags["user"])):
            say(line)
        failure = ended.get()
    if failure:
        say(failure)
    return Exit.INTERNAL if failure else Exit.OK


def _usage(folder: Path, server: ReplayServer, path: Path, user: str) -> Iterator[str]:
    yield f"replay of {folder}, {server.version}: {server.url} as {user}"
    if server.gaps:
        yield f"  incomplete: {', '.join(server.gaps)}; reading that is refused"
    yield "in another terminal:"
    yield f"  export KUBECONFIG={shlex.quote(str(path.absolute()))}"
    yield "  kubectl get nodes"
    yield "Ctrl-C ends it; what was changed in it is lost then."


@contextmanager
def _served(folder: Path, port: int, fail: Say) -> Iterator[ReplayServer]:
    with ExitStack() as stack:
        try:
            cluster = ReplayCluster.load(folder)
            server = stack.enter_context(cluster.serve(port=port, on_failure=fail))
        except ReplayError as error:
            raise UsageError(str(error)) from error
        except OSError as error:
            raise UsageError(f"--port {port}: {error.strerror}") from error
        yield server


def _check_kubeconfig(path: Path) -> None:
    """Refuse to overwrite a kubeconfig that is not ours."""
    if not path.parent.is_dir():
        raise UsageError(f"--kubeconfig {path}: its folder does not exist")
    if not path.exists():
        return
    try:
        is_ours = json.loads(path.read_text(encoding="utf-8"))["current-context"] == "replay"
    except (OSError, ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise UsageError(f"--kubeconfig {path}: exists already; it is written and removed here")


def _write(path: Path, server: ReplayServer, user: str) -> None:
    try:
        server.write_kubeconfig(path, user, for_kubectl=True)
    except OSError as error:
        raise UsageError(f"--kubeconfig {path}: {error.strerror}") from error

"""A replay cluster: made from a folder or from objects, served on localhost."""

import json
import logging
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.replay.access import user_named
from orchestrator.replay.api.server import TOKEN_PATH, Listener
from orchestrator.replay.creation import fill_recorded
from orchestrator.replay.faults import Fault, compiled
from orchestrator.replay.faultspec import FaultSpec
from orchestrator.replay.folder import read
from orchestrator.replay.kinds import recorded_kind
from orchestrator.replay.loading import add_namespace, load_objects, unserved
from orchestrator.replay.models import PodOutcome, Reply
from orchestrator.replay.objects import Json, clone, meta, name_of, namespace_of
from orchestrator.replay.state import State
from orchestrator.replay.store import Store
from orchestrator.replay.tokens import ADMIN
from orchestrator.replay.workloads.manager import Workloads

DEFAULT_VERSION = "v1.36.2"
_log = logging.getLogger(__name__)

OnFailure = Callable[[str], object]
"""Hears at once that a controller failed, and why: from then on the cluster proves nothing."""


class ReplayCluster:
    """The objects of one cluster, and what is known beside them; it outlives its servers.

    One server at a time: two sets of controllers would both make the pods of one Job.

    `images` maps a repository to the local command that stands for its entry point.
    """

    def __init__(
        self,
        objects: Iterable[Json] = (),
        images: Mapping[str, Sequence[str]] | None = None,
        outcomes: Sequence[PodOutcome] = (),
        replies: Sequence[Reply] = (),
        server_version: str = DEFAULT_VERSION,
    ) -> None:
        self.state = State(server_version, dict(images or {}), list(outcomes), list(replies))
        self.faults = self.state.faults  # errors to inject: append to it
        self.requests = self.state.requests  # the latest that were answered, in order
        located = [(f"objects[{index}]", clone(obj)) for index, obj in enumerate(objects)]
        load_objects(self.state, located)

    @classmethod
    def load(cls, place: Path) -> "ReplayCluster":
        """Read a replay folder, or the file of a defect; raises ReplayError."""
        recording = read(place)
        cluster = cls(
            images={image.name: image.command for image in recording.cluster.images},
            outcomes=recording.outcomes,
            replies=recording.replies,
            server_version=recording.cluster.server_version,
        )
        if recording.cluster.kinds:
            cluster.state.kinds.serve_recorded(map(recorded_kind, recording.cluster.kinds))
        cluster.state.kinds.withdraw(recording.cluster.unserved)
        cluster.state.gaps.declare(recording.cluster.gaps, recording.cluster.namespaces)
        load_objects(cluster.state, recording.objects)
        for fault in recording.faults:
            cluster.inject(fault)
        return cluster

    @property
    def store(self) -> Store:
        """The objects, for looking without HTTP."""
        return self.state.store

    def inject(self, fault: FaultSpec) -> None:
        """Let a fault strike from now on, or when its time comes."""
        found = compiled(fault)
        if isinstance(found, Fault):
            self.faults.append(found)
        else:
            self.state.planned.append(fault)

    def add(self, obj: Json) -> Json:
        """Put an object in or replace it, seen by watches; no controller acts on a new one."""
        kind = self.state.kinds.of_object(obj)
        if kind is None:
            raise unserved("add", obj)
        obj = fill_recorded(kind, clone(obj))
        if kind.resource.namespaced:
            add_namespace(self.state, namespace_of(obj))
        place = (kind.resource, namespace_of(obj), name_of(obj))
        old = self.store.find(*place)
        if old is None:
            return self.store.insert(kind.resource, obj, live=False)
        for field in ("uid", "creationTimestamp", "resourceVersion"):
            meta(obj)[field] = meta(old)[field]
        return self.store.update(*place, lambda _: obj)

    def remove(self, obj: Json) -> None:
        """Take an object out at once, seen by watches; raises Missing when it is not there."""
        kind = self.state.kinds.of_object(obj)
        if kind is None:
            raise unserved("remove", obj)
        namespace = namespace_of(obj) or ("default" if kind.resource.namespaced else "")
        self.store.remove(kind.resource, namespace, name_of(obj))

    def compact(self) -> None:
        """Forget the past: watches and list pages from before answer 410."""
        self.store.compact()

    def serve(self, *, port: int = 0, on_failure: OnFailure | None = None) -> "ReplayServer":
        """Give a server of this cluster; it runs inside its `with` block, by default on any port.

        Without `on_failure`, the failure of a controller is raised at the end. Entering the block
        raises RuntimeError while another server of the cluster runs.
        """
        return ReplayServer(self.state, port, on_failure)


class ReplayServer:
    """Serves a cluster on a port of 127.0.0.1, and runs what is created in it."""

    def __init__(self, state: State, port: int, on_failure: OnFailure | None) -> None:
        self._state = state
        self._on_failure = on_failure
        self._port = port
        self._listener: Listener | None = None
        self._workloads: Workloads | None = None

    def __enter__(self) -> Self:
        if not self._state.served.acquire(blocking=False):
            raise RuntimeError("the replay cluster is served already; use that server")
        with ExitStack() as failing:
            failing.callback(self._state.served.release)
            self._listener = Listener(self._state, self._port)
            self._workloads = Workloads(
                self._state, self.kubeconfig, self._listener.go_away, self._failed
            )
            self._listener.start()
            self._workloads.start()
            failing.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._workloads is None or self._listener is None:
            return
        failure = self._workloads.stop()
        self._listener.stop()
        self._state.served.release()
        if failure is not None and error is None and self._on_failure is None:
            raise RuntimeError("a controller of the replay cluster failed") from failure

    def _failed(self, error: Exception) -> None:
        if self._on_failure is None:
            _log.error("a controller of the replay cluster failed", exc_info=error)
        else:
            words = f"a controller of the replay cluster failed: {type(error).__name__}: {error}"
            self._on_failure(words)

    @property
    def folder(self) -> Path:
        """A folder for files that go with the server, even when it is killed."""
        if self._workloads is None:
            raise RuntimeError("the replay server does not run; use it in a `with` block")
        return self._workloads.folder

    @property
    def url(self) -> str:
        """Where the cluster is served."""
        if self._listener is None:
            raise RuntimeError("the replay server does not run; use it in a `with` block")
        return f"http://{self._listener.address}"

    def end_watches(self) -> None:
        """End every stream properly, as an API server does with old watches."""
        if self._listener is not None:
            self._listener.end_streams()

    def drop_connections(self) -> None:
        """Close every connection at once, as an API server that crashes does."""
        if self._listener is not None:
            self._listener.drop_connections()

    def go_away(self, seconds: float) -> None:
        """Drop every connection and refuse new ones for a while, as an API server that restarts."""
        if self._listener is not None:
            self._listener.go_away(seconds)

    def come_back(self) -> None:
        """Answer again, before that while is over."""
        if self._listener is not None:
            self._listener.come_back()

    def token(self, user: str = ADMIN.name) -> str:
        """Give a token of a user: the admin, a ServiceAccount by its full name, anybody."""
        tokens = self._state.tokens
        if user == ADMIN.name:
            return tokens.admin
        named = user_named(user)
        return tokens.mint_for_account(*named.account) if named.account else tokens.mint(named)

    def kubeconfig(self, user: str = ADMIN.name, namespace: str = "default") -> Json:
        """Give a kubeconfig for a user."""
        context = {"cluster": "replay", "user": user, "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "replay", "cluster": {"server": self.url}}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": "replay", "context": context}],
            "current-context": "replay",
        }

    @property
    def version(self) -> str:
        """The version that the cluster claims to be."""
        return self._state.server_version

    @property
    def gaps(self) -> list[str]:
        """What could not be recorded of the cluster."""
        return self._state.gaps.missing

    def kubectl_config(self, user: str = ADMIN.name) -> Json:
        """Give a kubeconfig that kubectl can use, too: its token stands in the server's address."""
        config = self.kubeconfig(user)
        url = f"{self.url}{TOKEN_PATH}{config['users'][0]['user']['token']}"
        return {**config, "clusters": [{"name": "replay", "cluster": {"server": url}}]}

    def write_kubeconfig(
        self, path: Path, user: str = ADMIN.name, *, for_kubectl: bool = False
    ) -> Path:
        """Write a kubeconfig, readable by its owner only, and give its path.

        Who waits for the file finds it whole.
        """
        config = self.kubectl_config(user) if for_kubectl else self.kubeconfig(user)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            partial = Path(folder, path.name)
            partial.touch(mode=0o600)
            partial.write_text(json.dumps(config, indent=2))
            partial.replace(path)
        return path

"""All controllers of one server, and who hears of which change."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from helper import kinds
from orchestrator.replay.access import service_account
from orchestrator.replay.objects import Json
from orchestrator.replay.state import State
from orchestrator.replay.store import Change
from orchestrator.replay.workloads.collector import Collector
from orchestrator.replay.workloads.events import EventWriter
from orchestrator.replay.workloads.jobs import JobController
from orchestrator.replay.workloads.kubelet import Kubelet
from orchestrator.replay.workloads.loop import Loop
from orchestrator.replay.workloads.placing import PlacingController
from orchestrator.replay.workloads.podrun import Node


class Workloads:
    """Runs what is created in a cluster while it is served.

    `kubeconfig` gives one for a user's name and a namespace.
    """

    def __init__(self, state: State, kubeconfig: Callable[[str, str], Json]) -> None:
        self._state = state
        self._loop = Loop()
        events = EventWriter(state)
        folder = Path(tempfile.mkdtemp(prefix="aicr-replay-"))

        def account_config(namespace: str, name: str) -> Json:
            return kubeconfig(service_account(namespace, name).name, namespace)

        self._kubelet = Kubelet(Node(state, self._loop, events, folder, account_config))
        self._jobs = JobController(state, self._loop, events)
        self._placing = PlacingController(state, self._loop, events)
        self._collector = Collector(state, self._loop)

    def start(self) -> None:
        """Begin to act on changes."""
        self._loop.start()
        self._state.store.subscribe(self._hear)

    def stop(self) -> Exception | None:
        """End every process, remove every file; give what went wrong in a controller."""
        self._state.store.unsubscribe(self._hear)
        self._loop.stop()
        self._kubelet.stop()
        return self._loop.failure

    def _hear(self, change: Change) -> None:
        # Called while the store is locked: the loop does the work.
        self._loop.soon(partial(self._tell, change))

    def _tell(self, change: Change) -> None:
        match change.key.group, change.key.plural:
            case kinds.PODS.group, kinds.PODS.plural:
                self._placing.pod_changed(change)
                self._kubelet.pod_changed(change)
                self._jobs.pod_changed(change)
            case kinds.JOBS.group, kinds.JOBS.plural:
                self._jobs.job_changed(change)
            case kinds.NODES.group, kinds.NODES.plural:
                self._placing.node_changed()
        self._collector.changed(change)

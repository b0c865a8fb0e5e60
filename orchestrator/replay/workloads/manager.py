"""All controllers of one server, and who hears of which change."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from helper import kinds
from orchestrator.local.guardian import Guardian
from orchestrator.local.scratch import Scratch
from orchestrator.replay.access import service_account
from orchestrator.replay.faultspec import NodeLost
from orchestrator.replay.objects import Json
from orchestrator.replay.state import State
from orchestrator.replay.store import Change
from orchestrator.replay.workloads import claims
from orchestrator.replay.workloads.claims import ClaimController
from orchestrator.replay.workloads.collector import Collector
from orchestrator.replay.workloads.daemonsets import DaemonSetController
from orchestrator.replay.workloads.deployments import DeploymentController
from orchestrator.replay.workloads.disruptions import Disruptions, Powers
from orchestrator.replay.workloads.events import EventWriter
from orchestrator.replay.workloads.jobs import JobController
from orchestrator.replay.workloads.kubelet import Kubelet
from orchestrator.replay.workloads.loop import Loop
from orchestrator.replay.workloads.node import Node
from orchestrator.replay.workloads.placing import PlacingController
from orchestrator.replay.workloads.quotas import QuotaController
from orchestrator.replay.workloads.replicasets import ReplicaSetController

FOLDER = "aicr-replay-"  # how the name of a server's folder begins


class Workloads:
    """Runs what is created in a cluster while it is served.

    `kubeconfig` gives one for a user's name and a namespace, `restart` takes the API away for a
    while, `failed` hears of the first error of a controller.
    """

    def __init__(
        self,
        state: State,
        kubeconfig: Callable[[str, str], Json],
        restart: Callable[[float], None],
        failed: Callable[[Exception], object],
    ) -> None:
        self._state = state
        self._loop = Loop(failed)
        self._scratch = Scratch(FOLDER)
        self._guardian = Guardian(self._scratch.path)
        events = EventWriter(state)

        def account_config(namespace: str, name: str) -> Json:
            return kubeconfig(service_account(namespace, name).name, namespace)

        powers = Powers(restart, self._lose_node)
        self._disruptions = Disruptions(state, self._loop, events, powers)
        node = Node(
            state,
            self._loop,
            events,
            self._disruptions,
            self._guardian,
            self._scratch.path,
            account_config,
        )
        self._kubelet = Kubelet(node)
        self._jobs = JobController(state, self._loop, events)
        self._deployments = DeploymentController(state, self._loop, events)
        self._replica_sets = ReplicaSetController(state, self._loop, events)
        self._daemon_sets = DaemonSetController(state, self._loop, events)
        self._claims = ClaimController(state, self._loop, events)
        self._placing = PlacingController(
            state, self._loop, events, self._claims, self._disruptions
        )
        self._collector = Collector(state, self._loop)
        self._quotas = QuotaController(state, self._loop)

    @property
    def folder(self) -> Path:
        """A folder that goes with the server, even when it is killed."""
        return self._scratch.path

    def start(self) -> None:
        """Begin to act on changes."""
        self._loop.start()
        self._state.store.subscribe(self._hear)

    def stop(self) -> Exception | None:
        """End every process, remove every file; give what went wrong in a controller."""
        self._state.store.unsubscribe(self._hear)
        self._loop.stop()
        self._kubelet.stop()
        self._disruptions.stop()
        self._scratch.remove()
        self._guardian.stop()
        return self._loop.failure

    def _lose_node(self, name: str, fault: NodeLost) -> None:
        self._kubelet.lose(name, fault)

    def _hear(self, change: Change) -> None:
        # Called while the store is locked: the loop does the work.
        self._loop.soon(partial(self._tell, change))

    def _tell(self, change: Change) -> None:
        match change.key.group, change.key.plural:
            case kinds.PODS.group, kinds.PODS.plural:
                self._claims.pod_changed(change)
                self._placing.pod_changed(change)
                self._kubelet.pod_changed(change)
                self._jobs.pod_changed(change)
                self._replica_sets.pod_changed(change)
                self._daemon_sets.pod_changed(change)
            case kinds.JOBS.group, kinds.JOBS.plural:
                self._jobs.job_changed(change)
            case kinds.DEPLOYMENTS.group, kinds.DEPLOYMENTS.plural:
                self._deployments.deployment_changed(change)
            case kinds.REPLICA_SETS.group, kinds.REPLICA_SETS.plural:
                self._replica_sets.set_changed(change)
                self._deployments.set_changed(change)
            case kinds.DAEMON_SETS.group, kinds.DAEMON_SETS.plural:
                self._daemon_sets.set_changed(change)
            case kinds.NODES.group, kinds.NODES.plural:
                self._daemon_sets.node_changed()
                self._placing.surroundings_changed()
            case claims.GROUP, plural:
                if plural == claims.TEMPLATES.plural:
                    self._claims.template_changed()
                self._placing.surroundings_changed()
        self._collector.changed(change)
        self._quotas.changed(change)

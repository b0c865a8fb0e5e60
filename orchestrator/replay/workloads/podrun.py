"""One pod on its node, from the first look at it until it is gone."""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from helper import kinds
from orchestrator.replay import deletion
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.objects import Json, meta, name_of, namespace_of, uid_of
from orchestrator.replay.outcomes import outcome_for
from orchestrator.replay.state import State
from orchestrator.replay.store import Edit, Missing
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.container import Container
from orchestrator.replay.workloads.events import KUBELET, EventWriter, Note
from orchestrator.replay.workloads.loop import Loop
from orchestrator.replay.workloads.podstatus import Ended
from orchestrator.replay.workloads.sandbox import AccountConfig, MountError, Outfitter

# A real node takes 0.5 s to start a container and 1.1 s from its end to the pod's phase; the
# order is kept, the waiting is not.
_START_S = 0.01
_PHASE_S = 0.03
_AGAIN_S = 0.2  # after a mount that failed
GONE_S = 0.01


@dataclass(frozen=True)
class Node:
    """What all pods share."""

    state: State
    loop: Loop
    events: EventWriter
    folder: Path
    account_config: AccountConfig


class PodRun:
    """A pod that its node has taken on; all methods run in the controllers' loop."""

    def __init__(self, node: Node, pod: Json, address: str) -> None:
        self.loop = node.loop
        self.ending = False
        self._node = node
        self._pod = pod  # as it came: only its spec and its identity count
        self._folder = node.folder / uid_of(pod)
        self._address = address
        self._gone = False
        specs = pod["spec"]["containers"]
        self._containers = [Container(self, spec, node.state.images) for spec in specs]

    def begin(self) -> None:
        """Show the pod as seen by its node, and start it soon."""
        self._folder.mkdir()
        self.write(partial(podstatus.creating, host_ip=self._host_ip()))
        self.loop.later(_START_S, self._start)

    def end(self, pod: Json) -> None:
        """End what runs because the pod was deleted, then let the pod go."""
        if self.ending:
            return
        self.ending = True
        if not self._is_running:
            self.loop.later(GONE_S, partial(remove, self._node.state, pod))
        grace_s = int(meta(pod).get("deletionGracePeriodSeconds") or 0)
        for container in self._containers:
            container.terminate(grace_s)

    def forget(self) -> None:
        """Clean up after a pod that is gone; what still runs is ended first."""
        self.ending = self._gone = True
        for container in self._containers:
            container.kill()
            self._node.state.logs.pop((uid_of(self._pod), container.name), None)
        if not self._is_running:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End every process now and wait for it."""
        for container in self._containers:
            container.kill()
        for container in self._containers:
            container.join()

    def finished(self, container: str, ended: Ended) -> None:
        """Show a container that has ended, and a little later the phase that follows."""
        if self._gone:
            self.forget()
            return
        restarts = self._pod["spec"].get("restartPolicy") == "Always" and not self.ending
        edit = podstatus.crash_looping if restarts else podstatus.terminated
        pod = self.write(partial(edit, container=container, ended=ended))
        if pod is None or restarts or not podstatus.all_ended(pod):
            return
        if self.ending:
            self.write(podstatus.final)
            self.loop.later(GONE_S, partial(remove, self._node.state, pod))
        else:
            self.loop.later(_PHASE_S, partial(self.write, podstatus.final))

    def write(self, edit: Edit) -> Json | None:
        """Change the pod's status, unless it is gone or has been replaced."""

        def checked(pod: Json) -> Json:
            return edit(pod) if uid_of(pod) == uid_of(self._pod) else pod

        place = (kinds.PODS, namespace_of(self._pod), name_of(self._pod))
        try:
            return self._node.state.store.update(*place, checked)
        except Missing:
            return None

    def note(self, note: Note) -> None:
        """Write an event about the pod."""
        self._node.events.write(self._pod, KUBELET, note, host=self._pod["spec"]["nodeName"])

    def address(self) -> str:
        """Give the pod's IP address."""
        return self._address

    def keep_log(self, container: str, file: Path) -> None:
        """Let pods/log serve a file."""
        self._node.state.logs[uid_of(self._pod), container] = file

    @property
    def _is_running(self) -> bool:
        return any(container.is_running for container in self._containers)

    def _start(self) -> None:
        if self.ending:
            return
        scripted = outcome_for(self._node.state.outcomes, self._pod)
        if scripted is not None:
            for container in self._containers:
                container.play(scripted, self._folder)
            return
        config = self._node.account_config
        outfitter = Outfitter(self._node.state, self._pod, self._folder, config)
        try:
            outfitter.mount()
        except MountError as error:
            self.note(Note("FailedMount", str(error), warning=True))
            self.loop.later(_AGAIN_S, self._start)
            return
        for container in self._containers:
            container.start(outfitter)

    def _host_ip(self) -> str:
        node_name = self._pod["spec"]["nodeName"]
        node = self._node.state.store.find(kinds.NODES, "", node_name) or {}
        addresses = (node.get("status") or {}).get("addresses") or []
        found = [a["address"] for a in addresses if a.get("type") == "InternalIP"]
        return str(found[0]) if found else "192.0.2.1"


def remove(state: State, pod: Json) -> None:
    """Let a pod go that has nothing left to end, as kubelet confirms a deletion."""
    current = state.store.find(kinds.PODS, namespace_of(pod), name_of(pod))
    if current is None or uid_of(current) != uid_of(pod):
        return
    options = DeleteOptions(grace_s=0)
    kind = state.kinds.of(kinds.PODS)
    deletion.delete_quietly(state, kind, namespace_of(pod), name_of(pod), options)

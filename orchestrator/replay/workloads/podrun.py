"""One pod on its node, from the first look at it until it is gone."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from helper import kinds
from orchestrator.replay.models import Outcome
from orchestrator.replay.objects import Json, meta, name_of, namespace_of, uid_of
from orchestrator.replay.outcomes import outcome_for
from orchestrator.replay.store import Edit, Missing
from orchestrator.replay.workloads import podconditions, podstatus
from orchestrator.replay.workloads.container import Container
from orchestrator.replay.workloads.events import KUBELET, Note
from orchestrator.replay.workloads.images import Refusal
from orchestrator.replay.workloads.local import LocalContainer
from orchestrator.replay.workloads.node import GONE_S, Node
from orchestrator.replay.workloads.podstatus import Ended
from orchestrator.replay.workloads.sandbox import MountError, Outfitter
from orchestrator.replay.workloads.scripted import ScriptedContainer

# A real node takes 0.5 s to start a container and 1.1 s from its end to the pod's phase; the
# order is kept, the waiting is not.
_START_S = 0.01
_PHASE_S = 0.03
_AGAIN_S = 0.2  # after a mount that failed


class PodRun:
    """A pod that its node has taken on; all methods run in the controllers' loop."""

    def __init__(self, node: Node, pod: Json, address: str) -> None:
        self.loop = node.loop
        self.guardian = node.guardian
        self.ending = False
        self.title = f"{name_of(pod)}_{namespace_of(pod)}({uid_of(pod)})"
        self.pod = pod  # as it came: only its spec and its identity count
        self._node = node
        self._folder = node.folder / uid_of(pod)
        self._address = address
        self._gone = False
        self._lost = False
        self._eviction = ""
        self._outfitter = Outfitter(node.state, pod, self._folder, node.account_config)
        self._scripted = outcome_for(node.state.outcomes, pod)
        self._init = list(self._made("initContainers", Outcome(exit_code=0)))
        self._main = list(self._made("containers", self._scripted))

    @property
    def node_name(self) -> str:
        """The node that the pod is on."""
        return str(self.pod["spec"]["nodeName"])

    def begin(self) -> None:
        """Show the pod as seen by its node, and start it soon."""
        self._folder.mkdir()
        self.write(partial(podstatus.creating, host_ip=self._node.address(self.node_name)))
        self.loop.later(_START_S, self._start)

    def end(self, pod: Json) -> None:
        """End what runs because the pod was deleted, then let the pod go."""
        if self.ending or self._lost:
            return
        self.ending = True
        if not self._has_process:
            self.loop.later(GONE_S, partial(self._node.let_go, pod))
        grace_s = int(meta(pod).get("deletionGracePeriodSeconds") or 0)
        for container in self._all:
            container.terminate(grace_s)

    def evict(self, message: str) -> None:
        """End the pod for lack of something on its node, as kubelet does; its object stays."""
        if self.ending or self._eviction:
            return
        self._eviction = message
        self.write(partial(podstatus.disrupted, reason="TerminationByKubelet", message=message))
        self.note(Note("Evicted", message, warning=True))
        for container in self._all:
            container.break_off()

    def run_out_of_memory(self) -> None:
        """Let the containers end as if they had used more memory than their limit."""
        for container in self._main:
            container.break_off("OOMKilled")

    def lose(self) -> None:
        """Fall silent: the node is gone, and nobody hears of its containers any more."""
        self._lost = True
        for container in self._all:
            container.kill()

    def forget(self) -> None:
        """Clean up after a pod that is gone; what still runs is ended first."""
        self.ending = self._gone = True
        for container in self._all:
            container.kill()
            self._node.state.logs.pop((uid_of(self.pod), container.name), None)
        if not self._has_process:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End every process now and wait for it."""
        for container in self._all:
            container.kill()
        for container in self._all:
            container.join()

    def started(self, container: Container) -> None:
        """Let what is planned for a running pod take its course."""
        if container in self._main:
            self._node.disruptions.pod_runs(self)

    def finished(self, container: Container, ended: Ended) -> None:
        """Show a container that has ended, and go on with what follows from it."""
        if self._gone:
            self.forget()
            return
        pod = self.write(partial(podstatus.terminated, container=container.name, ended=ended))
        if pod is None:
            return
        if self.ending:
            if not self._has_process:  # what has not begun yet never will
                self.write(self._final)
                self.loop.later(GONE_S, partial(self._node.let_go, pod))
        elif self._eviction:
            if not self._has_process:
                self.loop.later(_PHASE_S, partial(self.write, self._final))
        elif container in self._init and ended.exit_code == 0:
            self._advance()
        elif podconditions.is_over(pod):
            self.loop.later(_PHASE_S, partial(self.write, self._final))
        elif self._restarts(ended):
            container.start_again()

    def write(self, edit: Edit) -> Json | None:
        """Change the pod's status, unless it is gone, has been replaced, or its node is lost."""

        def checked(pod: Json) -> Json:
            return edit(pod) if uid_of(pod) == uid_of(self.pod) else pod

        if self._lost:
            return None
        place = (kinds.PODS, namespace_of(self.pod), name_of(self.pod))
        try:
            return self._node.state.store.update(*place, checked)
        except Missing:
            return None

    def note(self, note: Note) -> None:
        """Write an event about the pod."""
        self._node.events.write(self.pod, KUBELET, note, host=self.node_name)

    def address(self) -> str:
        """Give the pod's IP address."""
        return self._address

    def keep_log(self, container: str, file: Path) -> None:
        """Let pods/log serve a file."""
        self._node.state.logs[uid_of(self.pod), container] = file

    def withheld_image(self, image: str) -> Refusal | None:
        """Give why an image that is known cannot be had all the same."""
        return self._node.disruptions.withheld_image(self.pod, image)

    @property
    def _all(self) -> list[Container]:
        return [*self._init, *self._main]

    @property
    def _has_process(self) -> bool:
        return any(container.has_process for container in self._all)

    def _made(self, key: str, script: Outcome | None) -> Iterator[Container]:
        """Make containers: scripted ones when the pod has a script, else processes."""
        for spec in self.pod["spec"].get(key) or []:
            if self._scripted and script:
                yield ScriptedContainer(self, spec, f"spec.{key}", script, self._folder)
            else:
                images = self._node.state.images
                yield LocalContainer(self, spec, f"spec.{key}", self._outfitter, images)

    def _start(self) -> None:
        if self.ending:
            return
        try:
            if not self._scripted:
                self._outfitter.mount()
        except MountError as error:
            self.note(Note("FailedMount", str(error), warning=True))
            self.loop.later(_AGAIN_S, self._start)
            return
        self._advance()

    def _advance(self) -> None:
        """Start the next init container, or the containers when all of those are done."""
        pod = self.write(lambda pod: pod)
        if pod is None or self.ending:
            return
        done = {status["name"] for status in podconditions.init_statuses(pod) if status["ready"]}
        following = [container for container in self._init if container.name not in done]
        for container in following[:1] or self._main:
            container.start()

    def _restarts(self, ended: Ended) -> bool:
        policy = self.pod["spec"].get("restartPolicy")
        return policy == "Always" or (policy == "OnFailure" and ended.exit_code != 0)

    def _final(self, pod: Json) -> Json:
        return podstatus.final(pod, "Evicted" if self._eviction else "", self._eviction)

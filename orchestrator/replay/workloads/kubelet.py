"""The kubelets of all nodes: take on placed pods, and let deleted ones go."""

from functools import partial

from orchestrator.replay.faultspec import NodeLost
from orchestrator.replay.objects import Json, is_deleting, uid_of
from orchestrator.replay.store import Change
from orchestrator.replay.workloads import nodeloss
from orchestrator.replay.workloads.node import GONE_S, Node
from orchestrator.replay.workloads.podrun import PodRun

_PER_NET = 254  # addresses of a /24


class Kubelet:
    """Runs the pods that were created here."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._runs: dict[str, PodRun] = {}  # by pod uid
        self._lost: set[str] = set()  # names of nodes
        self._taken = 0  # addresses

    def pod_changed(self, change: Change) -> None:
        """Start a pod that has its node, end one that is to go."""
        pod = change.new
        run = self._runs.get(uid_of(pod))
        if change.type == "DELETED":
            if run:
                run.forget()
                del self._runs[uid_of(pod)]
        elif pod["spec"].get("nodeName") in self._lost:
            return
        elif is_deleting(pod):
            if run:
                run.end(pod)
            else:  # a recorded pod, which runs nothing
                self._node.loop.later(GONE_S, partial(self._node.let_go, pod))
        elif run is None and change.live and _is_fresh(pod):
            run = self._runs[uid_of(pod)] = PodRun(self._node, pod, self._next_address())
            run.begin()

    def lose(self, name: str, fault: NodeLost) -> None:
        """Let a node fall silent."""
        self._lost.add(name)
        for run in self._runs.values():
            if run.node_name == name:
                run.lose()
        nodeloss.strike(self._node, name, fault)

    def stop(self) -> None:
        """End every process."""
        for run in self._runs.values():
            run.kill()
        self._runs.clear()
        self._node.state.logs.clear()

    def _next_address(self) -> str:
        net, host = divmod(self._taken, _PER_NET)
        self._taken += 1
        return f"10.244.{net}.{host + 1}"


def _is_fresh(pod: Json) -> bool:
    """Whether a pod has its node, and nobody has begun with it."""
    return bool(pod["spec"].get("nodeName")) and not pod["status"].get("containerStatuses")

"""The kubelets of all nodes: take on placed pods, and let deleted ones go."""

import shutil
from functools import partial

from orchestrator.replay.objects import Json, is_deleting, uid_of
from orchestrator.replay.store import Change
from orchestrator.replay.workloads.podrun import GONE_S, Node, PodRun, remove

_PER_NET = 254  # addresses of a /24


class Kubelet:
    """Runs the pods that were created here."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._runs: dict[str, PodRun] = {}  # by pod uid
        self._taken = 0  # addresses

    def pod_changed(self, change: Change) -> None:
        """Start a pod that has its node, end one that is to go."""
        pod = change.new
        run = self._runs.get(uid_of(pod))
        if change.type == "DELETED":
            if run:
                run.forget()
                del self._runs[uid_of(pod)]
        elif is_deleting(pod):
            if run:
                run.end(pod)
            else:  # a recorded pod, which runs nothing
                self._node.loop.later(GONE_S, partial(remove, self._node.state, pod))
        elif run is None and change.live and _is_fresh(pod):
            run = self._runs[uid_of(pod)] = PodRun(self._node, pod, self._next_address())
            run.begin()

    def stop(self) -> None:
        """End every process and remove every file."""
        for run in self._runs.values():
            run.kill()
        self._runs.clear()
        self._node.state.logs.clear()
        shutil.rmtree(self._node.folder, ignore_errors=True)

    def _next_address(self) -> str:
        net, host = divmod(self._taken, _PER_NET)
        self._taken += 1
        return f"10.244.{net}.{host + 1}"


def _is_fresh(pod: Json) -> bool:
    """Whether a pod has its node, and nobody has begun with it."""
    return bool(pod["spec"].get("nodeName")) and not pod["status"].get("containerStatuses")

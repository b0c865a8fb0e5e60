"""Deletions by controllers, which nobody asked for and nobody answers."""

import threading

from helper.kinds import NODES, Resource
from orchestrator.replay import ReplayCluster
from orchestrator.replay.deletion import DeleteOptions, delete_quietly
from orchestrator.replay.objects import Json
from orchestrator.replay.store import Missing, Store
from tests.fakes.objects import node


class Contended(Store):
    """A store in which somebody else removes each object right after it was found, if he may."""

    def find(self, resource: Resource, namespace: str, name: str) -> Json | None:
        found = super().find(resource, namespace, name)
        other = threading.Thread(target=self._remove, args=(resource, namespace, name))
        other.start()
        other.join()
        return found

    def _remove(self, resource: Resource, namespace: str, name: str) -> None:
        if self.changed.acquire(blocking=False):
            try:
                self.remove(resource, namespace, name)
            except Missing:
                pass
            finally:
                self.changed.release()


def test_what_a_controller_deletes_may_go_at_any_moment() -> None:
    state = ReplayCluster([node("node-1")]).state
    state.store.__class__ = Contended
    kind = state.kinds.of(NODES)

    for _ in range(2):  # also when it is gone
        delete_quietly(state, kind, "", "node-1", DeleteOptions())

    assert state.store.objects(NODES) == []

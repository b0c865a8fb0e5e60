"""Keeps the status of each ResourceQuota up to date."""

from contextlib import suppress

from orchestrator.replay import quota
from orchestrator.replay.objects import Json
from orchestrator.replay.state import State
from orchestrator.replay.store import Change, Missing
from orchestrator.replay.workloads.loop import Loop, Once

_COUNT_S = 0.01


class QuotaController:
    """Counts again after each change in a namespace that has quotas."""

    def __init__(self, state: State, loop: Loop) -> None:
        self._store = state.store
        self._counting = Once(loop, lambda namespace, _: self._count(namespace))

    def changed(self, change: Change) -> None:
        """Take note of a change of any object."""
        namespace = change.key.namespace
        if namespace and self._store.objects(quota.QUOTAS, namespace):
            self._counting.later(_COUNT_S, namespace, "")

    def _count(self, namespace: str) -> None:
        for found in self._store.objects(quota.QUOTAS, namespace):
            status = quota.status_of(self._store, found)

            def edit(obj: Json, status: Json = status) -> Json:
                return {**obj, "status": status}

            with suppress(Missing):
                self._store.update(quota.QUOTAS, namespace, found["metadata"]["name"], edit)

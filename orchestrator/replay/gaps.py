"""What a recording lacks: reading it is refused, so that a gap never looks like an empty cluster.

Objects that are made while the cluster is served are known completely. That is why all reads in
a namespace that came into being here are answered, and reads by the label of a run.
"""

from collections.abc import Sequence

from helper import contract, kinds
from helper.kinds import Resource
from orchestrator.replay.access import Action
from orchestrator.replay.models import Gap
from orchestrator.replay.statuses import ApiError, forbidden, not_emulated
from orchestrator.replay.store import Store

FORBIDDEN = 403  # the server refused to let the capture look; any other gap was not served

_READS = frozenset({"get", "list", "watch"})


class Gaps:
    """Answers for what was not recorded."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._gaps: Sequence[Gap] = ()
        self._namespaces: frozenset[str] = frozenset()

    def declare(self, gaps: Sequence[Gap], namespaces: Sequence[str] = ()) -> None:
        """Take over what a recording says of itself; no namespaces stand for all of them."""
        self._gaps = gaps
        self._namespaces = frozenset(namespaces)

    @property
    def missing(self) -> list[str]:
        """What somebody wanted to record and could not; the rest was left out on purpose."""
        return [gap.resource for gap in self._gaps if gap.status == FORBIDDEN]

    def undiscovered(self, group: str, version: str) -> str:
        """Why nobody knows which kinds a group serves in a version; empty where it is known."""
        place = (f"*.{group}", version)
        found = (gap.reason for gap in self._gaps if (gap.resource, gap.version) == place)
        return next(found, "")

    def refusal(self, resource: Resource, action: Action, labels: str = "") -> ApiError | None:
        """Give the answer to a read that the recording is too small for, or None."""
        if action.verb not in _READS or action.subresource:
            return None
        gap = self._gap(resource, action.namespace)
        if gap is None or self._is_known(resource, action, labels):
            return None
        if gap.status == FORBIDDEN:
            return forbidden(resource, action.name, f"not in this recording: {gap.reason}")
        where = f" in {action.namespace}" if action.namespace else ""
        what = f"{resource.title} {action.name}".strip()
        return not_emulated(f"{action.verb} {what}{where}", f"not in this recording: {gap.reason}")

    def _gap(self, resource: Resource, namespace: str) -> Gap | None:
        for gap in self._gaps:
            if (
                gap.resource == resource.title
                and gap.version in ("", resource.version)
                and (not namespace or gap.namespace in ("", namespace))
            ):
                return gap
        if resource.namespaced and self._namespaces and namespace not in self._namespaces:
            chosen = ", ".join(sorted(self._namespaces))
            return Gap(resource=resource.title, reason=f"only these namespaces are: {chosen}")
        return None

    def _is_known(self, resource: Resource, action: Action, labels: str) -> bool:
        """Whether the answer does not depend on what is missing."""
        place = (resource, action.namespace, action.name)
        if action.verb == "get" and self._store.find(*place) is not None:
            return True
        if f"{contract.LABEL_RUN_ID}=" in labels.replace("==", "="):
            return True  # run ids are unique, and this one began here
        if not (resource.namespaced and action.namespace):
            return False
        home = self._store.find(kinds.NAMESPACES, "", action.namespace)
        return home is not None and not self._store.is_recorded(home)

"""One authorised request to a served kind, as its handlers get it."""

from collections.abc import Callable
from dataclasses import dataclass

from helper.kinds import Resource
from orchestrator.replay.access import User
from orchestrator.replay.api.request import Request, Target
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json
from orchestrator.replay.state import State
from orchestrator.replay.store import Store


@dataclass(frozen=True)
class Call:
    """Who asks what of which kind, in which cluster."""

    state: State
    kind: Served
    target: Target
    request: Request
    user: User
    stopping: Callable[[], bool]  # whether streams are to end

    @property
    def store(self) -> Store:
        """The objects."""
        return self.state.store

    @property
    def resource(self) -> Resource:
        """The kind's group, version and names."""
        return self.kind.resource

    def find(self) -> Json | None:
        """Give the object that the path names."""
        return self.store.find(self.resource, self.target.namespace, self.target.name)

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set to true."""
        return self.request.query.get(name, "").lower() in ("1", "true")

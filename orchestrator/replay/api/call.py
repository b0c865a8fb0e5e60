"""One authorised request to a served kind, as its handlers get it."""

from collections.abc import Callable
from dataclasses import dataclass

from helper.kinds import Resource
from orchestrator.replay.access import User
from orchestrator.replay.api.forms import Form, form_of
from orchestrator.replay.api.request import Request, Target
from orchestrator.replay.kinds import Served
from orchestrator.replay.mirror import stored_as
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

    @property
    def form(self) -> Form:
        """How the caller wants to see objects; raises ApiError 406."""
        return form_of(self.request, self.kind)

    @property
    def place(self) -> Resource:
        """Where the kind's objects stand in the store."""
        return stored_as(self.resource)

    def find(self) -> Json | None:
        """Give the object that the path names."""
        return self.store.find(self.place, self.target.namespace, self.target.name)

    @property
    def validation(self) -> str:
        """What is to happen to fields that the kind does not have: Strict, Warn or Ignore."""
        return self.request.query.get("fieldValidation") or "Warn"

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set to true."""
        return self.request.query.get(name, "").lower() in ("1", "true")

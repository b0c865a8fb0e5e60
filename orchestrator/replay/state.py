"""Everything that a replay cluster consists of, as the API and the controllers share it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.replay.access import Access
from orchestrator.replay.faults import Faults, Recorded
from orchestrator.replay.faultspec import FaultSpec
from orchestrator.replay.gaps import Gaps
from orchestrator.replay.kinds import Kinds
from orchestrator.replay.models import PodOutcome, Reply
from orchestrator.replay.objects import Json
from orchestrator.replay.store import Change, Store
from orchestrator.replay.tokens import Tokens


@dataclass
class State:
    """One cluster: its objects, who may see them, what is known beside them."""

    server_version: str
    images: Mapping[str, Sequence[str]]  # repository to local command
    outcomes: Sequence[PodOutcome]
    replies: Sequence[Reply]
    store: Store = field(default_factory=Store)
    kinds: Kinds = field(default_factory=Kinds)
    faults: Faults = field(default_factory=Faults)
    planned: list[FaultSpec] = field(default_factory=list)  # faults that hit pods or the server
    requests: list[Recorded] = field(default_factory=list)
    logs: dict[tuple[str, str], Path] = field(default_factory=dict)  # by pod uid and container
    served: threading.Lock = field(default_factory=threading.Lock)  # held by its one server

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.store)
        self.gaps = Gaps(self.store)
        self.access = Access(self.store.objects, self.store.find)
        self.store.subscribe(self._follow_definitions)

    def _follow_definitions(self, change: Change) -> None:
        if change.key.plural == "customresourcedefinitions":
            self.follow_definition(change.new, gone=change.type == "DELETED")

    def follow_definition(self, definition: Json, *, gone: bool = False) -> None:
        """Serve what a CustomResourceDefinition defines, or stop serving it."""
        if gone:
            self.kinds.discard(definition)
        else:
            self.kinds.add(definition)

"""What goes back to the caller."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.replay.objects import Json
from orchestrator.replay.statuses import ApiError

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A whole answer: an object, or text."""

    status: int
    body: Json | str
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()  # sent beside, as kubectl prints them

    @property
    def media_type(self) -> str:
        """The content type, by the kind of body when none is given."""
        return self.content_type or (TEXT if isinstance(self.body, str) else JSON)


@dataclass(frozen=True)
class Stream:
    """An answer that goes on: each part is sent as it comes.

    An empty part sends nothing and lets the server notice that the caller has left.
    """

    parts: Iterator[bytes]
    content_type: str = JSON
    status: int = 200


@dataclass(frozen=True)
class Hangup:
    """No answer: the connection is closed."""

    status: int = 0


def refusal(error: ApiError) -> Answer:
    """Give the answer that an ApiError stands for."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return Answer(error.status, error.body, headers=headers)

"""Errors on demand, and the record of what was asked."""

import threading
from dataclasses import dataclass, field

from orchestrator.replay.access import Action
from orchestrator.replay.statuses import ApiError, status_body

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass
class Fault:
    """Requests that match are answered with an error; what is left out matches anything.

    `resource` is a plural, with group or subresource if wanted: `pods`, `jobs.batch`, `pods/log`.
    With `status=None` the request is only delayed; with `drop` the connection is closed unanswered.
    """

    verb: str | None = None
    resource: str | None = None
    namespace: str | None = None
    name: str | None = None
    user: str | None = None
    status: int | None = 500
    reason: str = ""
    message: str = "injected fault"
    delay_s: float = 0
    times: int | None = None  # None: until it is taken out of the list
    drop: bool = False
    retry_after_s: int | None = None
    hits: int = field(default=0, init=False)

    def matches(self, action: Action, user: str) -> bool:
        """Whether a request is meant, and the fault not used up."""
        if self.times is not None and self.hits >= self.times:
            return False
        plural = action.title
        titles = {plural, f"{plural}.{action.group}" if action.group else plural}
        return (
            self.verb in (None, action.verb)
            and (self.resource is None or self.resource in titles)
            and self.namespace in (None, action.namespace)
            and self.name in (None, action.name)
            and self.user in (None, user)
        )

    def error(self) -> ApiError | None:
        """Give the answer, or None when the request is to go on."""
        if self.status is None:
            return None
        reason = self.reason or _REASONS.get(self.status, "Unknown")
        body = status_body(self.status, reason, self.message)
        return ApiError(self.status, body, self.retry_after_s)


class Faults(list[Fault]):
    """The faults in force; the first that matches counts."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def take(self, action: Action, user: str) -> Fault | None:
        """Give the fault for a request and count it."""
        with self._lock:
            for fault in self:
                if fault.matches(action, user):
                    fault.hits += 1
                    return fault
        return None


@dataclass(frozen=True)
class Recorded:
    """One request that was answered."""

    method: str
    path: str
    query: str
    user: str
    status: int
    action: Action

"""Errors on demand, and the record of what was asked."""

import threading
from dataclasses import dataclass, field
from typing import Any

from orchestrator.replay.access import Action
from orchestrator.replay.faultspec import (
    DroppedWatch,
    FaultSpec,
    OfRequests,
    ServerError,
    Slow,
    TooManyRequests,
)
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
    every: int = 1  # hit every so many matching requests, beginning with the first
    cut_after_s: float | None = None  # how long a stream lives; other answers are not concerned
    hits: int = field(default=0, init=False)
    seen: int = field(default=0, init=False)

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
                if not fault.matches(action, user):
                    continue
                fault.seen += 1
                if (fault.seen - 1) % fault.every == 0:
                    fault.hits += 1
                    return fault
        return None


def compiled(spec: FaultSpec) -> Fault | None:
    """Give the fault of requests that a description stands for; None for those of pods."""
    match spec:
        case TooManyRequests():
            return _of_requests(spec, status=429, retry_after_s=spec.retry_after, every=spec.every)
        case ServerError():
            return _of_requests(spec, status=spec.status, message=spec.message, every=spec.every)
        case Slow():
            return _of_requests(spec, status=None, delay_s=spec.seconds, every=spec.every)
        case DroppedWatch():
            return _of_requests(spec, status=None, cut_after_s=spec.seconds)
    return None


def _of_requests(spec: OfRequests, **effect: Any) -> Fault:
    return Fault(
        verb=spec.verb or None,
        resource=spec.resource or None,
        namespace=spec.namespace or None,
        name=spec.name or None,
        user=spec.user or None,
        times=spec.times,
        **effect,
    )


@dataclass(frozen=True)
class Recorded:
    """One request that was answered."""

    method: str
    path: str
    query: str
    user: str
    status: int
    action: Action

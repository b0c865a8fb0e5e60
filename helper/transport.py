"""Requests on their way to the API server and back: retries, errors, streams.

Nothing here knows what the requests are about, except what it takes to name them in a message.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import urllib3

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Expired, InputError, KubeError, Unreachable, distrust, kube_error

Json = dict[str, Any]

REQUEST_TIMEOUT_S = 10.0  # the client library has none of its own
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
WEBHOOK_PATIENCE_S = 10.0
CALLED_IN_VAIN = "failed calling webhook"  # with 500, by every API server
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
SENT_BEFORE_WORK = frozenset({429, 503})  # any other failure may come after the work was done
LINE_BYTES = 256 * 1024  # of a stream of text
OK_BELOW = 300
FORBIDDEN = 403
TRANSPORT_ERRORS = (urllib3.exceptions.HTTPError, OSError)
UNFIT_FOR_HEADERS = re.compile("[\x00-\x1f\x7f]|[^\x00-\xff]")
WORDS_OF_HEADERS = {
    "Authorization": "the token for the cluster",
    "Impersonate-User": "the user of --as",
    "Impersonate-Group": "a group of --as-group",
}
# What a response says when one thread closes it while another reads its end.
ENDED_TWICE = (AttributeError, OSError, RuntimeError, TypeError, ValueError)
KNOWN_CAUSES = (
    "Connection refused",
    "timed out",
    "Name or service not known",
)


@dataclass(frozen=True)
class Request:
    """One request, with the words that name it in a message."""

    verb: str  # "list"
    what: str  # "pods in gpu-operator"
    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Json | None = None
    content_type: str = "application/json"
    accept: str = "application/json"


class Transport:
    """A connection with credentials that is tried again while trying again can help."""

    def __init__(
        self,
        api: Any,
        *,
        patience_s: float = 8.0,
        forbidden_grace_s: float = 0.0,
        hurried: Callable[[], bool] = lambda: False,
        extra_s: Callable[[], float] = lambda: 0.0,
        clock: Clock = SYSTEM_CLOCK,
        timeout_s: float = REQUEST_TIMEOUT_S,
        own_headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Take the client library's `ApiClient`; 403 is retried for a grace time from now on.

        `own_headers` go with every request; a name may come several times.
        """
        self._api = api
        self._timeout_s = timeout_s
        self._own_headers = tuple(own_headers)
        self._clock = clock
        self._patience_s = patience_s
        self._hurried = hurried
        self._extra_s = extra_s
        self._forbidden_until = clock.now() + forbidden_grace_s
        self.server = str(api.configuration.host).rstrip("/")
        self.title = self.server.partition("/token/")[0]  # no credential in a message

    def patient(
        self,
        seconds: float,
        hurried: Callable[[], bool] = lambda: False,
        extra_s: Callable[[], float] = lambda: 0.0,
    ) -> "Transport":
        """Give the same connection with another patience, until somebody is `hurried`.

        Who was hurried before still is. `extra_s` is asked before each retry for what is waited
        beyond `seconds`.
        """
        return Transport(
            self._api,
            patience_s=seconds,
            hurried=lambda: self._hurried() or hurried(),
            extra_s=extra_s,
            clock=self._clock,
            timeout_s=self._timeout_s,
            own_headers=self._own_headers,
        )

    def send(self, request: Request) -> bytes:
        """Send until there is an answer worth having, within this connection's patience.

        A KubeError that follows a lost answer carries the note `after a lost answer`.
        """
        begun = self._clock.now()
        attempt, lost_answer = 0, False
        while True:
            pause_s = BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)]
            try:
                response = self.open(request)
                status, data = response.status, response.read()
                response.release_conn()
            except TRANSPORT_ERRORS as error:
                cause = f"{self.title}: {_cause(error)}"
                failure: KubeError = Unreachable(request.verb, request.what, message=cause)
                lost_answer = True
            else:
                if status < OK_BELOW:
                    return bytes(data)
                failure = kube_error(request.verb, request.what, status, data)
                failure.after_lost_answer = lost_answer
                pause_s = max(pause_s, _retry_after_s(response.headers))
                if not self._is_worth_retrying(request, status):
                    raise failure
                lost_answer = lost_answer or status not in SENT_BEFORE_WORK
            is_too_late = self._clock.now() + pause_s > begun + self._patience_with(failure)
            if is_too_late or self._hurried():
                raise failure
            self._clock.sleep(pause_s)
            attempt += 1

    def _patience_with(self, failure: KubeError) -> float:
        """A server comes back soon; the webhook that it asks may be gone for good."""
        if CALLED_IN_VAIN in failure.message:
            return min(self._patience_s, WEBHOOK_PATIENCE_S)
        return self._patience_s + self._extra_s()

    def _is_worth_retrying(self, request: Request, status: int) -> bool:
        if status == FORBIDDEN and self._clock.now() < self._forbidden_until:
            return True
        return status in (RETRIED_STATUS if _is_repeatable(request) else SENT_BEFORE_WORK)

    def open(self, request: Request, timeout_s: float | None = None) -> Any:
        """Send a request once; the caller reads and releases the response."""
        url = self.server + request.path
        query = {key: value for key, value in (request.query or {}).items() if value}
        if query:
            url += "?" + urlencode(query)
        headers = urllib3.HTTPHeaderDict(self._own_headers)
        headers["Accept"] = request.accept
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        auth = self._api.configuration.auth_settings().get("BearerToken")
        if auth and auth.get("value"):
            headers["Authorization"] = auth["value"].strip()  # files of tokens end with a line
        _check(headers)
        return self._api.rest_client.pool_manager.request(
            request.method,
            url,
            body=json.dumps(request.body) if request.body is not None else None,
            headers=headers,
            timeout=urllib3.Timeout(connect=self._timeout_s, read=timeout_s or self._timeout_s),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def watch(self, request: Request, timeout_s: float) -> "Watch":
        """Open a stream of changes that the server ends by itself after `timeout_s`."""
        return Watch(self._stream(request, timeout_s + self._timeout_s), request)

    def lines(self, request: Request, silence_s: float) -> "Lines":
        """Open a stream of text that may be silent for a while."""
        return Lines(self._stream(request, silence_s), request)

    def headers(self, request: Request) -> Mapping[str, str]:
        """Send a request once, for the head of its answer."""
        response = self._stream(request, self._timeout_s)
        response.read()
        response.release_conn()
        return dict(response.headers)

    def _stream(self, request: Request, timeout_s: float) -> Any:
        """Send a request once whose answer comes bit by bit."""
        try:
            response = self.open(request, timeout_s)
            if response.status >= OK_BELOW:
                raise kube_error(request.verb, request.what, response.status, response.read())
        except TRANSPORT_ERRORS as error:
            cause = f"{self.title}: {_cause(error)}"
            raise Unreachable(request.verb, request.what, message=cause) from error
        return response

    def close(self) -> None:
        """Close all connections."""
        self._api.rest_client.pool_manager.clear()


@dataclass(frozen=True)
class Event:
    """One line of a watch."""

    type: str  # ADDED, MODIFIED, DELETED or BOOKMARK
    object: Json


class Stream:
    """An open answer that goes on; `close` may be called from another thread."""

    def __init__(self, response: Any, request: Request) -> None:
        self._response = response
        self._verb, self._what = request.verb, request.what
        self._closed = False

    def _chunks(self) -> Iterator[bytes]:
        """Yield what arrives until the server ends the stream; Unreachable when it breaks."""
        try:
            yield from self._response.stream(65536, decode_content=True)
        except (*TRANSPORT_ERRORS, ValueError, AttributeError) as error:
            # ValueError and AttributeError: what a response says that was closed while being read.
            if not self._closed:
                raise Unreachable(self._verb, self._what, message=_cause(error)) from error

    def close(self) -> None:
        """End the stream; a reader in another thread sees it as finished."""
        self._closed = True
        for end in (self._response.shutdown, self._response.close):
            with contextlib.suppress(*ENDED_TWICE):
                end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Lines(Stream):
    """A text that grows."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield lines with their line ends; only what comes last may lack one.

        The end of a line that is longer than LINE_BYTES is left out. Raises Unreachable when the
        connection breaks; what came of a line until then is not given.
        """
        rest = b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line[:LINE_BYTES] + b"\n"
            rest = rest[:LINE_BYTES]
        if rest and not self._closed:
            yield rest


class Watch(Stream):
    """A stream of changes."""

    def __iter__(self) -> Iterator[Event]:
        """Yield changes until the server ends the stream.

        Raises Expired when the version is too old, Unreachable when the connection breaks.
        """
        rest = b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in filter(None, lines):
                yield self._event(line)

    def _event(self, line: bytes) -> Event:
        try:
            document = json.loads(line)
            event = Event(str(document["type"]), dict(document["object"]))
        except (ValueError, KeyError, TypeError) as error:
            message = f"a line of the watch is no event: {line[:80]!r}"
            raise Unreachable("watch", self._what, message=message) from error
        if event.type == "ERROR":
            code = int(event.object.get("code") or 0)
            failure = kube_error("watch", self._what, code, json.dumps(event.object))
            # Quiet servers say this of a version that they do not know yet; a new list cures it.
            if "Too large resource version" in failure.message:
                raise Expired("watch", self._what, code, failure.reason, failure.message)
            raise failure
        return event


def _is_repeatable(request: Request) -> bool:
    """Whether a second attempt does no harm: a create of a named object shows as a conflict."""
    metadata = (request.body or {}).get("metadata") or {}
    return request.method != "POST" or "generateName" not in metadata


def _check(headers: Mapping[str, str]) -> None:
    """Refuse what no header can carry; the library would quote the whole of it, a token too."""
    for name, value in headers.items():
        if UNFIT_FOR_HEADERS.search(value):
            what = WORDS_OF_HEADERS.get(name, name)
            wrong = "holds a line break, or a character that no header can carry"
            raise InputError(f"{what} {wrong}; give it as it was issued")


def _retry_after_s(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "")
    return min(float(value), 30.0) if value.isdigit() else 0.0


def _cause(error: Exception) -> str:
    """Name what went wrong on the way to the server, without the library's nesting."""
    text = str(getattr(error, "reason", None) or error)
    for cause in KNOWN_CAUSES:
        if cause.lower() in text.lower():
            return cause.lower()
    if distrusted := distrust(text):
        return distrusted
    return text.splitlines()[0] if text else type(error).__name__

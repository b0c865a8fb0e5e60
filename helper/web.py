"""Documents by HTTP, within bounds; the one module that imports requests.

A URL may hold a password or a token. What is said of it here is `public_name`, and errors of the
library, which quote it whole, end here.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from helper.errors import WebError, distrust

if TYPE_CHECKING:
    import requests

SCHEMES = ("http", "https")
CHUNK_BYTES = 16 * 1024
PASSING_STATUS = frozenset(
    {408, 425, 429}
)  # of the client errors those that may pass by themselves
NO_URL = ("InvalidSchema", "InvalidURL", "MissingSchema")  # errors of the library
# What the libraries write, in the order in which it counts, and what it means.
CAUSES = {
    "Connection refused": "connection refused",
    "Failed to resolve": "the name of the host is not known",
    "Name or service not known": "the name of the host is not known",
    "Read timed out": "the server fell silent",
    "timed out": "no connection in time",
    "Cannot connect to proxy": "the proxy does not let it through",
    "Connection reset": "the connection was cut",
    "Connection aborted": "the connection was cut",
    "IncompleteRead": "the connection was cut",
    "Connection broken": "the connection was cut",
}


@dataclass(frozen=True)
class Limits:
    """How much of an operator's time and memory one document may take."""

    size_bytes: int
    total_s: float = 30.0
    connect_s: float = 5.0
    silence_s: float = 10.0
    redirects: int = 5


def public_name(url: str) -> str:
    """A URL without what may be secret: user, password, query and fragment."""
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # where the host ends cannot be told, nor where a password does
        return f"{scheme}://…"
    host = parts.hostname or ""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"


@dataclass(frozen=True)
class Question:
    """One request; its Authorization is for the server that the URL names only."""

    url: str = field(repr=False)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Answer:
    """What a server said, whatever its status; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def fetch(url: str, limits: Limits) -> bytes:
    """Read one document by GET; WebError says in a line why there is none."""
    answer = ask(Question(url), limits, accept_errors=False)
    return answer.body


def ask(question: Question, limits: Limits, *, accept_errors: bool = True) -> Answer:
    """Send one request and follow redirects; WebError says in a line why there is no answer.

    Certificates are verified. Proxies and certificate authorities come from the usual variables;
    credentials only from the question itself, and only for the server that it names.
    """
    try:
        download = _Download(question, limits, accept_errors=accept_errors)
    except ValueError:
        raise WebError("no valid URL", is_final=True) from None  # the cause quotes a part of it
    # A thread, because nothing else bounds the time of looking up a name or of endless headers.
    thread = Thread(target=download.run, name="download", daemon=True)
    thread.start()
    thread.join(limits.total_s)
    if thread.is_alive():
        download.abandon()
        raise WebError(f"no complete answer within {limits.total_s:g} s")
    if download.error:
        raise download.error from None
    return download.answer()


class _Download:
    """One document on its way."""

    def __init__(self, question: Question, limits: Limits, *, accept_errors: bool) -> None:
        self._question, self._limits = question, limits
        self._accept_errors = accept_errors
        self._origin = _origin(question.url)
        self._response: requests.Response | None = None
        self._is_abandoned = False
        self.body = bytearray()
        self.error: WebError | None = None

    def run(self) -> None:
        """Fill `body`, or `error`."""
        try:
            with ExitStack() as opened:
                self._read(self._follow(opened))
        except WebError as error:
            self.error = error
        except Exception as error:  # whatever it is, its words may hold the URL
            is_final = type(error).__name__ in NO_URL
            self.error = WebError("no valid URL" if is_final else _cause(error), is_final=is_final)

    def answer(self) -> Answer:
        """What arrived; only after a `run` without error."""
        response = self._response
        if response is None:
            raise WebError("no answer")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(self.body))

    def abandon(self) -> None:
        """End the connection that the thread reads from, at the latest when an answer begins."""
        self._is_abandoned = True
        if self._response is not None:
            with suppress(RuntimeError, TypeError, ValueError, OSError):  # finished already
                self._response.raw.shutdown()

    def _follow(self, opened: ExitStack) -> "requests.Response":
        """Go where the server points, within reason; the last answer, its body unread."""
        import requests  # noqa: PLC0415 - 60 ms, only for URLs

        session = opened.enter_context(requests.Session())
        session.headers["Accept-Encoding"] = "identity"
        url = self._question.url
        for _ in range(self._limits.redirects + 1):
            at_home = _origin(url) == self._origin
            response = session.request(
                self._question.method,
                _without_user(url),
                headers=self._headers(at_home=at_home),
                auth=_credentials(self._question.url if at_home else ""),
                stream=True,
                allow_redirects=False,
                timeout=(self._limits.connect_s, self._limits.silence_s),
            )
            self._response = opened.enter_context(response)
            if self._is_abandoned:  # looked at after the response is known: nobody misses it
                raise WebError("no longer wanted")
            if not response.is_redirect:
                if not self._accept_errors:
                    _check_status(response.status_code)
                return response
            url = _next(url, response.headers["Location"])
        raise WebError(f"more than {self._limits.redirects} redirects")

    def _headers(self, *, at_home: bool) -> dict[str, str]:
        given = self._question.headers.items()
        return {name: value for name, value in given if at_home or name != "Authorization"}

    def _read(self, response: "requests.Response") -> None:
        size = self._limits.size_bytes
        for chunk in response.iter_content(CHUNK_BYTES):
            self.body += chunk
            if len(self.body) > size:
                raise WebError(f"larger than the {size} bytes that are read", is_final=True)


def _check_status(status: int) -> None:
    if status == HTTPStatus.OK:
        return
    try:
        phrase = f" {HTTPStatus(status).phrase}"  # the server's own words may be anything
    except ValueError:
        phrase = ""
    is_final = 400 <= status < 500 and status not in PASSING_STATUS  # noqa: PLR2004 - classes
    raise WebError(f"HTTP {status}{phrase}", is_final=is_final)


def _next(url: str, location: str) -> str:
    """Where a redirect leads; WebError where no document should come from."""
    target = urljoin(url, location)
    scheme = urlsplit(target).scheme
    if scheme not in SCHEMES:
        raise WebError(f"redirects to {scheme[:20]!r}, want one of {', '.join(SCHEMES)}")
    if scheme == "http" and urlsplit(url).scheme == "https":
        raise WebError("redirects from https to http")
    return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _credentials(url: str) -> Callable[[Any], Any]:
    """Sign requests with the user of a URL; without one with nothing, not even .netrc."""
    from requests.auth import HTTPBasicAuth  # noqa: PLC0415 - with requests

    parts = urlsplit(url)
    if parts.username is None:
        return lambda request: request
    user, password = (unquote(text or "").encode() for text in (parts.username, parts.password))
    return HTTPBasicAuth(user, password)


def _cause(error: Exception) -> str:
    """Name what went wrong without the library's words, which hold the URL."""
    text = str(error)
    if distrusted := distrust(text):
        return distrusted
    if "SSL" in type(error).__name__:
        return "no TLS connection"
    for words, meaning in CAUSES.items():
        if words in text:
            return meaning
    return f"no valid answer: {type(error).__name__}"

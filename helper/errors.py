"""Everything that an edge module raises.

CannotTell                the check could not look; never a pass
├── KubeError             the API server's answer, or that none came
│   ├── NotFound          404
│   ├── Forbidden         401, 403
│   ├── Conflict          409
│   ├── Expired           410: a version or continue token that is too old
│   ├── Invalid           400, 422
│   └── Unreachable       no HTTP answer, or 429 and 5xx after the last retry
├── WebError              a URL gives no document
└── InputError            a mounted or given file that cannot be read
DeadlineError             time is up while waiting for something
"""

import json
import re


class CannotTell(Exception):
    """Something could not be looked at."""


class KubeError(CannotTell):
    """The API server refused a request, or never answered it.

    `verb` and `what` name the request ("list", "pods in gpu-operator"), `status` is the HTTP
    status or None without an answer, `reason` the server's CamelCase word for it.
    """

    def __init__(
        self, verb: str, what: str, status: int | None = None, reason: str = "", message: str = ""
    ) -> None:
        self.verb = verb
        self.what = what
        self.status = status
        self.reason = reason
        self.message = message
        self.after_lost_answer = False  # an earlier try of the same request may have worked
        answer = " ".join(str(part) for part in (status, reason) if part) or "no answer"
        super().__init__(f"{verb} {what}: {answer}" + (f": {message}" if message else ""))


class NotFound(KubeError):
    """The object, or its whole API, does not exist."""


class Forbidden(KubeError):
    """The identity is not allowed to look."""

    @property
    def is_for_ending(self) -> bool:
        """Whether a create is refused only because the namespace is being deleted."""
        return "being terminated" in self.message


class Conflict(KubeError):
    """The object exists already, or changed in between."""


class Expired(KubeError):
    """The version asked for is older than what the server remembers."""


class Invalid(KubeError):
    """The server does not accept the request's content."""


class Unreachable(KubeError):
    """No usable answer after all retries."""


class WebError(CannotTell):
    """A URL gives no document; `is_final` when asking again would change nothing."""

    def __init__(self, problem: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        super().__init__(problem)


class InputError(CannotTell):
    """A file or variable that was given cannot be used."""


class DeadlineError(Exception):
    """Time ran out while waiting; the message holds the last observation."""


UNAUTHORIZED = 401
NOT_KNOWN = "the server does not know these credentials, which may have expired"
TOO_MANY_REQUESTS = 429
BY_STATUS: dict[int, type[KubeError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    422: Invalid,
}


def kube_error(verb: str, what: str, status: int, data: bytes | str) -> KubeError:
    """Turn an error answer into our type; the body is a Status object or anything at all."""
    text = data if isinstance(data, str) else data.decode(errors="replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    message = str(body.get("message") or text[:200]).strip()
    if status == UNAUTHORIZED and message == "Unauthorized":  # all that API servers say
        message = NOT_KNOWN
    kind = BY_STATUS.get(status, Unreachable if status >= TOO_MANY_REQUESTS else Invalid)
    return kind(verb, what, status, str(body.get("reason") or ""), message)


def distrust(text: str) -> str:
    """Say why a server's certificate was refused; "" when the error is another one.

    `text` holds OpenSSL's words: "certificate verify failed: self-signed certificate (_ssl.c:1)".
    """
    found = re.search(r"certificate verify failed: ([^(\n]+)", text)
    return f"its certificate is not trusted: {found[1].strip()}" if found else ""

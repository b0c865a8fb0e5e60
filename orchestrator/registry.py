"""Which image a tag means now, as its registry says it: the OCI distribution API.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from helper.errors import WebError
from helper.web import Answer, Limits, Question, ask

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
LIMITS = Limits(4 * 1024 * 1024, total_s=15.0)  # 4 MiB: registries store no larger manifest
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PARAMETER = re.compile(r'(realm|service|scope)="([^"]*)"')
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")  # as Docker does, these are asked without TLS
DOCKER_HUB = "docker.io"
DOCKER_HUB_SERVER = "registry-1.docker.io"
DOCKER_HUB_KEY = "https://index.docker.io/v1/"  # under which `docker login` keeps its credentials
OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404

Credentials = Mapping[str, str]  # registry to base64 of `user:password`


class NoSuchTagError(Exception):
    """The registry answers, and has no such tag."""


@dataclass(frozen=True)
class Reference:
    """The parts of an image reference."""

    registry: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, image: str) -> "Reference":
        """Read a reference without a digest, with Docker's defaults for what it leaves out."""
        head, slash, rest = image.partition("/")
        is_host = bool(slash) and ("." in head or ":" in head or head == "localhost")
        registry, path = (head, rest) if is_host else (DOCKER_HUB, image)
        name, colon, tag = path.rpartition(":")
        repository, tag = (name, tag) if colon else (path, "latest")
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        return cls(registry, repository, tag)

    @property
    def url(self) -> str:
        """Where its manifest is."""
        host = DOCKER_HUB_SERVER if self.registry == DOCKER_HUB else self.registry
        return f"{_scheme(host)}://{host}/v2/{self.repository}/manifests/{self.tag}"


@dataclass(frozen=True)
class Registries:
    """All registries, under the credentials that an operator has for them."""

    credentials: Credentials = field(default_factory=dict, repr=False)

    def digest(self, image: str) -> str:
        """The digest of a tag; NoSuchTagError when there is none, WebError without an answer."""
        wanted = Reference.parse(image)
        basic = self.credentials.get(wanted.registry, "")
        headers = {"Accept": ", ".join(MEDIA_TYPES)}
        answer = _manifest(wanted, headers)
        if answer.status == UNAUTHORIZED:
            challenge = answer.headers.get("www-authenticate", "")
            headers["Authorization"] = _authorization(challenge, basic, wanted)
            answer = _manifest(wanted, headers)
        return _digest(answer, wanted)


def _manifest(wanted: Reference, headers: Mapping[str, str]) -> Answer:
    """Ask for the manifest's headers; for itself where the headers do not name its digest."""
    found = ask(Question(wanted.url, "HEAD", dict(headers)), LIMITS)
    if found.status != OK or DIGEST.fullmatch(found.headers.get("docker-content-digest", "")):
        return found
    return ask(Question(wanted.url, "GET", dict(headers)), LIMITS)


def _digest(answer: Answer, wanted: Reference) -> str:
    if answer.status == NOT_FOUND:
        raise NoSuchTagError(
            f"{wanted.registry} has no {wanted.repository} with the tag {wanted.tag}"
        )
    if answer.status in (UNAUTHORIZED, FORBIDDEN):
        raise WebError(
            f"not allowed to look (HTTP {answer.status}); see docker login", is_final=True
        )
    if answer.status != OK:
        raise WebError(f"HTTP {answer.status}", is_final=False)
    told = answer.headers.get("docker-content-digest", "")
    return told if DIGEST.fullmatch(told) else f"sha256:{hashlib.sha256(answer.body).hexdigest()}"


def _authorization(challenge: str, basic: str, wanted: Reference) -> str:
    """What the registry wants to see: the operator's password, or a token made with it."""
    kind = challenge.partition(" ")[0].lower()
    if kind == "basic" and basic:
        return f"Basic {basic}"
    if kind != "bearer":
        raise WebError("not allowed to look without credentials; see docker login", is_final=True)
    given = dict(PARAMETER.findall(challenge))
    realm = given.get("realm", "")
    if not _may_have_a_password(realm, wanted):
        raise WebError("names a token server without TLS", is_final=True)
    scope = given.get("scope") or f"repository:{wanted.repository}:pull"
    query = urlencode({"service": given.get("service", ""), "scope": scope})
    headers = {"Authorization": f"Basic {basic}"} if basic else {}
    answer = ask(Question(f"{realm}?{query}", headers=headers), LIMITS)
    return f"Bearer {_token(answer)}"


def _token(answer: Answer) -> str:
    if answer.status != OK:
        raise WebError(f"gives no token (HTTP {answer.status}); see docker login", is_final=True)
    try:
        found = json.loads(answer.body)
        token = found.get("token") or found["access_token"]
    except (ValueError, KeyError, AttributeError):
        raise WebError("gives no token", is_final=True) from None
    if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
        raise WebError("gives no token", is_final=True)
    return token


def _may_have_a_password(realm: str, wanted: Reference) -> bool:
    """Whether a token server is reached over TLS, or is on this machine as its registry is."""
    try:
        parts = urlsplit(realm)
        host = parts.netloc
    except ValueError:
        return False
    here = _scheme(host) == _scheme(wanted.registry) == "http"
    return parts.scheme == "https" or (parts.scheme == "http" and here)


def _scheme(host: str) -> str:
    return "http" if re.sub(r":\d+$", "", host) in LOOPBACK else "https"


def read_credentials(
    env: Mapping[str, str], read: Callable[[str], bytes], home: str
) -> Credentials:
    """The credentials that `docker login` keeps in its file; none when there is no such file.

    What a credential helper or another program keeps is not asked for.
    """
    folder = env.get("DOCKER_CONFIG") or f"{home}/.docker"
    try:
        auths = json.loads(read(f"{folder}/config.json"))["auths"]
        found = {str(key): entry.get("auth") for key, entry in auths.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}
    return {_registry(key): auth for key, auth in found.items() if isinstance(auth, str) and auth}


def _registry(key: str) -> str:
    """The registry of a key in Docker's file, which may be a URL."""
    if key == DOCKER_HUB_KEY:
        return DOCKER_HUB
    return re.sub(r"^https?://", "", key).partition("/")[0]

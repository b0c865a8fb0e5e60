"""Which cluster is meant: a kubeconfig and context found as kubectl does, or a pod's files."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from helper import documents
from helper.errors import InputError

SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Credentials:
    """Where a connection comes from: a kubeconfig and context, or the files of a pod."""

    kubeconfig: str = ""  # one path, or several joined as in KUBECONFIG; empty for a pod
    context: str = ""
    root: Path = Path("/")
    user: str = ""  # in whose name requests are made; empty: of the credentials' own holder
    groups: tuple[str, ...] = ()  # of that user

    @property
    def impersonation(self) -> tuple[tuple[str, str], ...]:
        """Headers that let the API server take every request for this user's."""
        if not self.user:
            return ()
        groups = (("Impersonate-Group", _in_header(group)) for group in self.groups)
        return (("Impersonate-User", _in_header(self.user)), *groups)

    @classmethod
    def discover(
        cls, env: Mapping[str, str], kubeconfig: str = "", context: str = "", root: Path = Path("/")
    ) -> "Credentials":
        """Follow kubectl: explicit path, KUBECONFIG, ~/.kube/config, the pod's own files."""
        found = kubeconfig.strip() or env.get("KUBECONFIG", "").strip()
        home = Path(env.get("HOME", ""), ".kube/config")
        if not found and env.get("HOME") and home.is_file():
            found = str(home)
        return cls(found, context, root)


def current_context(source: str) -> str:
    """The context that is used when none is named; InputError when there is none.

    Of several files the first that names a context counts, as for kubectl.
    """
    for path in (Path(path) for path in source.split(":") if path and Path(path).is_file()):
        document = documents.load_mapping(path.read_bytes(), f"kubeconfig {path}")
        if document.get("current-context"):
            return str(document["current-context"])
    raise InputError(f"kubeconfig {source}: no current context; name one with --context")


def _in_header(text: str) -> str:
    """Text of which a header's encoding, Latin-1, makes the bytes that servers read: UTF-8."""
    return text.encode().decode("latin-1")


def check_server(url: object) -> None:
    """Refuse a server that no request can go to; ValueError, with what stands before its path."""
    found = urlsplit(url if isinstance(url, str) else "")
    where = f"{found.scheme}://{found.netloc.rpartition('@')[2]}" if found.scheme else str(url)
    try:
        is_usable = found.scheme in SCHEMES and bool(found.hostname) and found.port != 0
    except ValueError:  # of a port
        is_usable = False
    if not is_usable or set(found.netloc) & set(string.whitespace):
        raise ValueError(f"its server is {where!r}, want https://HOST or https://HOST:PORT")


def trouble(error: Exception) -> str:
    """What is wrong with a kubeconfig, in one line; the client library looks at no types."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    is_surprise = isinstance(error, AttributeError | TypeError | KeyError)
    return f"something in it is missing, or of another kind ({said})" if is_surprise else said

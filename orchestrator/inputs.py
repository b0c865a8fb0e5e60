"""What the operator names, read within bounds: files, URLs, ConfigMaps and standard input."""

import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from helper.documents import MAX_BYTES
from helper.errors import CannotTell, Forbidden, NotFound, WebError
from helper.kinds import CONFIG_MAPS
from helper.kube import Kube
from helper.web import SCHEMES, Limits, fetch, public_name
from orchestrator.errors import (
    ClusterError,
    MissingError,
    PermissionsError,
    SourceError,
    UsageError,
    nearest,
    shown,
)

STDIN = "-"
STDIN_NAME = "standard input"
CONFIG_MAP = "cm"
FORMS = "want a file, -, http://…, https://… or cm://NAMESPACE/NAME"
MAX_BESIDE = 500  # names that are compared with a misspelt one
UNREADABLE = (".table", ".txt")  # report formats of the reference that cannot be read back
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
CONFIG_MAP_NAME = re.compile(r"cm://([a-z0-9][-a-z0-9]{0,62})/([a-z0-9][-a-z0-9.]{0,252})")

Connect = Callable[[], AbstractContextManager[Kube]]


@dataclass(frozen=True)
class Given:
    """One input, and what messages, reports and records call it: a name without credentials."""

    data: bytes
    name: str

    @property
    def origin(self) -> str:
        """Where it came from, for people."""
        is_file = "://" not in self.name and self.name != STDIN_NAME
        return f"file {Path(self.name).name}" if is_file else self.name


def read(location: str, what: str, connect: Connect | None = None) -> Given:
    """Read one input; StopError says which one and why not.

    `connect` opens the cluster that `cm://` is about; without it such a location is refused.
    """
    scheme = scheme_of(location)
    if location == STDIN:
        return Given(_bounded(_stdin(what), what, STDIN_NAME), STDIN_NAME)
    if not scheme:
        return Given(_bounded(_file(location, what), what, location), location)
    name = public_name(location)
    if scheme == CONFIG_MAP:
        return Given(_config_map(location, what, connect), name)
    if scheme in SCHEMES:
        return Given(_web(location, what), name)
    hint = "leave out file://" if scheme == "file" else f"{FORMS}{_near(scheme)}"
    raise UsageError(f"{what} {name}: {scheme}:// is not read; {hint}")


def scheme_of(location: str) -> str:
    """The scheme of a URL in lower case; empty for a path."""
    match = SCHEME.match(location)
    return match[1].lower() if match else ""


def _near(scheme: str) -> str:
    return nearest(scheme, (*SCHEMES, CONFIG_MAP))


def _bounded(data: bytes, what: str, name: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise UsageError(f"{what} {name}: larger than the {MAX_BYTES} bytes that are read")
    return data


def _stdin(what: str) -> bytes:
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except (OSError, ValueError, AttributeError) as error:  # closed, or not there at all
        raise UsageError(f"{what} {STDIN_NAME}: cannot be read") from error


def _file(location: str, what: str) -> bytes:
    _check_suffix(location, location, what)
    try:
        with Path(location).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise MissingError(f"{what} {location}: no such file{_beside(Path(location))}") from error
    except OSError as error:
        raise UsageError(f"{what} {location}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{what} {shown(location)}: no path") from error


def _beside(path: Path) -> str:
    """A file of almost that name in the same folder."""
    try:
        return nearest(path.name, [item.name for item in islice(path.parent.iterdir(), MAX_BESIDE)])
    except OSError:
        return ""


def _check_suffix(path: str, name: str, what: str) -> None:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in UNREADABLE:
        raise UsageError(f"{what} {name}: a {suffix} file is for people; give YAML or JSON")


def _web(url: str, what: str) -> bytes:
    name = public_name(url)
    try:
        _check_suffix(urlsplit(url).path, name, what)
        return fetch(url, Limits(MAX_BYTES))
    except ValueError:
        raise UsageError(f"{what} {name}: no valid URL") from None  # the cause quotes a part of it
    except WebError as error:
        kind = UsageError if error.is_final else SourceError
        raise kind(f"{what} {name}: {error}") from None


def _config_map(location: str, what: str, connect: Connect | None) -> bytes:
    match = CONFIG_MAP_NAME.fullmatch(location)
    if not match:
        raise UsageError(f"{what} {public_name(location)}: want cm://NAMESPACE/NAME")
    if connect is None:
        raise UsageError(f"{what} {location}: no cluster is asked here; give a file or a URL")
    namespace, name = match.groups()
    try:
        with connect() as kube:
            found = kube.get(CONFIG_MAPS, name, namespace)
    except NotFound as error:
        raise MissingError(f"{what} {location}: no such ConfigMap") from error
    except Forbidden as error:
        raise PermissionsError(f"{what} {location}: not allowed to look: {error}") from error
    except CannotTell as error:
        raise ClusterError(f"{what} {location}: {error}") from error
    data = _content(found, what, location).encode(errors="surrogatepass")
    return _bounded(data, what, location)


def _content(config_map: dict[str, Any], what: str, location: str) -> str:
    """The document in a ConfigMap; AICR keeps recipes under the keys of snapshots, too."""
    data = config_map.get("data") or {}
    wanted = [f"{stem}.{suffix}" for stem in (what, "snapshot") for suffix in ("yaml", "json")]
    named = str(data.get("format") or "")
    if f"snapshot.{named}" in wanted:
        wanted.insert(0, f"snapshot.{named}")
    for key in wanted:
        if data.get(key):
            return str(data[key])
    keys = ", ".join(dict.fromkeys(wanted))
    raise MissingError(f"{what} {location}: has none of the keys {keys}")

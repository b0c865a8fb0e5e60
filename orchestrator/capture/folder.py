"""A folder that appears complete or not at all, and the files in it."""

import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from orchestrator.errors import UsageError
from orchestrator.replay.models import CLUSTER_FILE

Json = dict[str, Any]

_PARTIAL, _REPLACED = ".partial-", ".replaced-"
_SAFE = re.compile(r"[a-z0-9][-a-z0-9.]{0,252}")
_ODD = "other"  # the file of objects whose namespace makes no file name
# Characters that JSON leaves as they are and YAML refuses, or takes for the end of a line.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a place that the folder cannot take, before a cluster is asked; UsageError."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"--output {target}: is no folder")
    if not target.parent.is_dir():
        raise UsageError(f"--output {target}: the folder {target.parent} does not exist")
    if not _has_content(target):
        return
    if not force:
        raise UsageError(f"--output {target}: is not empty; --force replaces a capture")
    if not (target / CLUSTER_FILE).is_file():
        raise UsageError(f"--output {target}: is no capture, so --force does not replace it")


@contextmanager
def appearing(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a folder to write into that becomes `target` at the end of the block.

    With `force` it takes the place of the capture that is there.

    When the block is left by an error, nothing is left of it. UsageError when there is no room.
    """
    with _as_usage_error(target):
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}{_PARTIAL}", dir=target.parent))
    try:
        with _as_usage_error(target):
            yield partial
            if force and _has_content(target):
                _replace(partial, target)
            else:
                partial.replace(target)  # refused when there is anything by now
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _as_usage_error(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"--output {target}: {error.strerror or error}") from error


def _replace(partial: Path, target: Path) -> None:
    """Put the finished folder in the place of another, which goes only after that."""
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}{_REPLACED}", dir=target.parent))
    target.replace(old)
    try:
        partial.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _has_content(target: Path) -> bool:
    return target.is_dir() and any(target.iterdir())


def line(document: Json) -> str:
    """Write a document as one line of JSON that is YAML as well."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ": "))
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class Documents:
    """The file, or files by namespace, of one kind; objects are written as they come."""

    def __init__(self, folder: Path, title: str, *, by_namespace: bool) -> None:
        self._base = folder / (title if _SAFE.fullmatch(title) else _ODD)
        self._by_namespace = by_namespace
        self._counts: Counter[str] = Counter()  # by namespace
        self._open: tuple[str, IO[str]] | None = None  # the namespace that is written, its file

    @property
    def count(self) -> int:
        """How many documents have been written."""
        return self._counts.total()

    def write(self, document: Json, namespace: str = "") -> None:
        """Add a document; those of a namespace should come together."""
        self._file(namespace).write(f"---\n{line(document)}\n")
        self._counts[namespace] += 1

    def discard(self, only: str | None = None) -> None:
        """Forget what was written, of one namespace or at all."""
        self.close()
        for namespace in [only] if only is not None else list(self._counts):
            self._path(namespace).unlink(missing_ok=True)
            del self._counts[namespace]

    def close(self) -> None:
        """End the file."""
        if self._open is not None:
            self._open[1].close()
        self._open = None

    def _file(self, namespace: str) -> IO[str]:
        if self._open is None or self._open[0] != namespace:
            self.close()
            path = self._path(namespace)
            # Without `parents`: a folder that was given up must not come back.
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._open = (namespace, path.open("a", encoding="utf-8", newline="\n"))
        return self._open[1]

    def _path(self, namespace: str) -> Path:
        if not self._by_namespace:
            return self._base.with_name(f"{self._base.name}.yaml")
        return self._base / f"{namespace if _SAFE.fullmatch(namespace) else _ODD}.yaml"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

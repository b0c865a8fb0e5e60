"""Reads kinds page by page, redacts what comes, and writes it down: no kind is held in memory."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helper.errors import Expired, Forbidden, KubeError, NotFound
from helper.kinds import PODS, SECRETS
from helper.kube import JSON, METADATA_LIST, PAGE_SIZE, Kube
from orchestrator.capture.folder import Documents
from orchestrator.capture.redaction import Redactor
from orchestrator.capture.survey import Kind, is_removed
from orchestrator.replay.models import Gap

Json = dict[str, Any]

ATTEMPTS = 3  # at lists that change faster than they can be read page by page
LOG_LINES = 1000
LOG_BYTES = 1 << 20
OBJECTS = "objects"
FORBIDDEN, NOT_IMPLEMENTED = 403, 501


class StoppedError(Exception):
    """The capture is given up."""


@dataclass(frozen=True)
class LogOf:
    """A container whose log is asked for."""

    namespace: str
    pod: str
    container: str


@dataclass
class Outcome:
    """What came of reading one kind."""

    kind: Kind
    count: int = 0
    gaps: list[Gap] = field(default_factory=list)
    problem: str = ""  # for people; it may say who they are, so it never gets into a file
    is_denied: bool = False
    redacted: Counter[str] = field(default_factory=Counter)
    logs: list[LogOf] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """Reads from one cluster into one folder."""

    kube: Kube
    folder: Path
    stop: threading.Event
    redactor: Callable[[], Redactor]
    wants_log: Callable[[str, str], bool]
    namespaces: Sequence[str] = ()

    def read(self, kind: Kind, excluded: Collection[str] = ()) -> Outcome:
        """Record all objects of a kind; what cannot be read is a gap. Raises StoppedError."""
        outcome, redactor = Outcome(kind), self.redactor()
        resource = kind.resource
        places = self.namespaces if resource.namespaced and self.namespaces else (None,)
        with Documents(
            self.folder / OBJECTS, resource.title, by_namespace=resource.namespaced
        ) as files:
            for place in places:
                try:
                    outcome.logs += self._read_in(place, kind, excluded, files, redactor)
                except KubeError as error:
                    files.discard(place)
                    if not self._is_gone(kind, error):
                        _note(outcome, place, error)
            outcome.count, outcome.redacted = files.count, +redactor.found
        return outcome

    def _is_gone(self, kind: Kind, error: KubeError) -> bool:
        """Whether a kind is not served since somebody has just removed it: that is no gap."""
        title = kind.resource.title
        return isinstance(error, NotFound) and kind.is_custom and is_removed(self.kube, title)

    def _read_in(
        self,
        place: str | None,
        kind: Kind,
        excluded: Collection[str],
        files: Documents,
        redactor: Redactor,
    ) -> list[LogOf]:
        """Record the objects of one namespace, or of all; gives the containers with logs."""
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                return self._written(self._items(kind, place), kind, excluded, files, redactor)
            except Expired:
                if not attempts_left:
                    raise
                files.discard(place)
        return []

    def _written(
        self,
        items: Iterator[Json],
        kind: Kind,
        excluded: Collection[str],
        files: Documents,
        redactor: Redactor,
    ) -> list[LogOf]:
        logs: list[LogOf] = []
        for item in items:
            namespace, name = _place_of(item)
            if namespace in excluded:
                continue
            if kind.resource == PODS and self.wants_log(namespace, name):
                logs += _containers(namespace, name, item)
            files.write(redactor.object(item), namespace)
        return logs

    def _items(self, kind: Kind, place: str | None) -> Iterator[Json]:
        """The objects of a kind; of Secrets only metadata ever leave the server."""
        is_secret = kind.resource.title == SECRETS.title
        accept = METADATA_LIST if is_secret else JSON
        typed = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind}
        query = {"limit": str(PAGE_SIZE)}
        while not self.stop.is_set():
            page = self.kube.document(kind.resource.path(place), query, accept)
            items = [item for item in page.get("items") or [] if isinstance(item, dict)]
            query["continue"] = (page.get("metadata") or {}).get("continue") or ""
            del page
            items.reverse()
            while items:  # each is let go as soon as it is written
                yield {**typed, **items.pop(), **(typed if is_secret else {})}
            if not query["continue"]:
                return
        raise StoppedError

    def log(self, wanted: LogOf) -> str | None:
        """Read the end of a container's log; None when it has none, or may not be read."""
        if self.stop.is_set():
            raise StoppedError
        path = PODS.path(wanted.namespace, wanted.pod, "log")
        query = {"container": wanted.container}
        query |= {"tailLines": str(LOG_LINES), "limitBytes": str(LOG_BYTES)}
        try:
            return self.kube.request("GET", path, query).decode(errors="replace")
        except KubeError:
            return None


def _place_of(item: Json) -> tuple[str, str]:
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return "", ""
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def _containers(namespace: str, pod: str, item: Json) -> list[LogOf]:
    spec = item.get("spec") or {}
    found = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return [LogOf(namespace, pod, str(container["name"])) for container in found]


def _note(outcome: Outcome, place: str | None, error: KubeError) -> None:
    """Remember what could not be read; the file says less than the operator is told."""
    denied = isinstance(error, Forbidden)
    if denied:
        reason = "who captured was not allowed to list it"
    elif isinstance(error, NotFound):
        reason = "no longer served while it was captured"
    else:
        reason = f"the server did not list it: {error.status or 'no answer'}"
    outcome.is_denied |= denied
    outcome.problem = outcome.problem or str(error)
    title = outcome.kind.resource.title
    status = FORBIDDEN if denied else NOT_IMPLEMENTED
    gap = {"resource": title, "namespace": place or "", "status": status, "reason": reason}
    outcome.gaps.append(Gap.model_validate(gap))

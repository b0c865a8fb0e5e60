"""What reaches a run through its own ConfigMap: the order to end, or that somebody deleted it."""

import threading
from collections.abc import Callable

from helper.errors import Expired, Forbidden, KubeError
from helper.kinds import CONFIG_MAPS, NAMESPACES
from helper.kube import Kube
from helper.resource import is_being_deleted, part, text
from helper.transport import Json, Watch
from orchestrator.events import Event, Notice
from orchestrator.exits import Exit
from orchestrator.manifests import record_name
from orchestrator.owner import MAX_CHARS
from orchestrator.report import first_line
from orchestrator.stop import Stop

CANCEL, BY = "aicr.run/cancel", "aicr.run/cancelled-by"  # annotations
IN_ORDER, AT_ONCE = "in-order", "at-once"
RETRY_S = 1.0
JOIN_S = 5.0


class Orders:
    """Watches the ConfigMap of a run that goes on, in a thread of its own."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        run_id: str,
        stop: Stop,
        emit: Callable[[Event], None],
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = record_name(run_id)
        self._fields = f"metadata.name={self._name}"
        self._stop = stop
        self._emit = emit
        self._lock = threading.Lock()
        self._watch: Watch | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch-record", daemon=True)

    def start(self) -> None:
        """Begin, once the ConfigMap is there."""
        self._thread.start()

    def close(self) -> None:
        """End; whatever happens to the ConfigMap from now on is nobody's order."""
        self._closed.set()
        with self._lock:
            if self._watch:
                self._watch.close()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _follow(self) -> None:
        version = ""
        while not self._closed.is_set():
            try:
                version = self._stream(version or self._look())
            except Expired:
                version = ""
            except Forbidden as error:
                words = f"this run cannot be cancelled from another machine: {error}"
                self._emit(Notice(words, "warning"))
                return
            except KubeError:
                version = ""
                self._closed.wait(RETRY_S)

    def _look(self) -> str:
        """Read the ConfigMap; gives the version to watch from."""
        page = self._kube.page(CONFIG_MAPS, self._namespace, fields=self._fields)
        if not page.items:
            self._deleted()
        for item in page.items:
            self._obey(item)
        return page.version

    def _stream(self, version: str) -> str:
        watch = self._kube.watch(CONFIG_MAPS, version, self._namespace, fields=self._fields)
        with self._lock:
            self._watch = watch
        with watch:
            if self._closed.is_set():  # close() may have run before this watch was known
                return version
            for event in watch:
                version = text(event.object, "metadata", "resourceVersion") or version
                if event.type == "DELETED":
                    self._deleted()
                elif event.type != "BOOKMARK":
                    self._obey(event.object)
        return version

    def _obey(self, config_map: Json) -> None:
        given = part(config_map, "metadata", "annotations")
        order = text(given, CANCEL)
        if order and not self._closed.is_set():
            by = first_line(text(given, BY)[:MAX_CHARS]) or "an annotation of its ConfigMap"
            self._stop.request(Exit.TERMINATED, f"cancelled by {by}", hurry=order == AT_ONCE)

    def _deleted(self) -> None:
        """End the run: what belongs to its ConfigMap is collected, so nothing can be proven."""
        if self._closed.is_set() or self._stop:
            return
        words = f"somebody deleted ConfigMap {self._namespace}/{self._name}, and so the run"
        try:
            found = self._kube.find(NAMESPACES, self._namespace)
            if found is None or is_being_deleted(found):
                words = f"somebody deleted namespace {self._namespace} under the run"
        except KubeError:
            pass  # the ConfigMap is gone whatever became of its namespace
        self._emit(Notice(words, "error"))
        self._stop.request(Exit.INCONCLUSIVE, words)

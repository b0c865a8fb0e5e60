"""What reaches a run through its own ConfigMap: the order to end, or that somebody deleted it."""

from collections.abc import Callable

from helper.errors import Forbidden, KubeError
from helper.kinds import CONFIG_MAPS, NAMESPACES
from helper.kube import Kube
from helper.resource import is_being_deleted, part, text
from helper.transport import Json, Watch
from orchestrator.events import Event, Notice
from orchestrator.exits import Exit
from orchestrator.manifests import record_name
from orchestrator.outage import Outage
from orchestrator.owner import MAX_CHARS
from orchestrator.report import first_line
from orchestrator.stop import Stop
from orchestrator.watching import Watching

CANCEL, BY = "aicr.run/cancel", "aicr.run/cancelled-by"  # annotations
IN_ORDER, AT_ONCE = "in-order", "at-once"


class Orders:
    """Watches the ConfigMap of a run that goes on, in a thread of its own."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        run_id: str,
        stop: Stop,
        emit: Callable[[Event], None],
        *,
        outage: Outage | None = None,
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = record_name(run_id)
        self._fields = f"metadata.name={self._name}"
        self._stop = stop
        self._emit = emit
        self._watching = Watching(
            "watch-record", self._look, self._watch, self._hear, self._refused, outage=outage
        )

    def start(self) -> None:
        """Begin, once the ConfigMap is there."""
        try:
            version = self._look()
        except Forbidden as error:
            self._refused(error)
            return
        except KubeError:
            version = ""  # read by the watch itself, when the server is back
        self._watching.start(version)

    def close(self) -> None:
        """End; whatever happens to the ConfigMap from now on is nobody's order."""
        self._watching.close()

    def _look(self) -> str:
        """Read the ConfigMap; gives the version to watch from."""
        page = self._kube.page(CONFIG_MAPS, self._namespace, fields=self._fields)
        if not page.items:
            self._deleted()
        for item in page.items:
            self._obey(item)
        return page.version

    def _watch(self, version: str) -> Watch:
        return self._kube.watch(CONFIG_MAPS, version, self._namespace, fields=self._fields)

    def _refused(self, error: Forbidden) -> None:
        words = f"this run cannot be cancelled from another machine: {error}"
        self._emit(Notice(words, "warning"))

    def _hear(self, kind: str, config_map: Json) -> None:
        if kind == "DELETED":
            self._deleted()
        else:
            self._obey(config_map)

    def _obey(self, config_map: Json) -> None:
        given = part(config_map, "metadata", "annotations")
        order = text(given, CANCEL)
        if order and not self._watching.is_closed:
            by = first_line(text(given, BY)[:MAX_CHARS]) or "an annotation of its ConfigMap"
            self._stop.request(Exit.TERMINATED, f"cancelled by {by}", hurry=order == AT_ONCE)

    def _deleted(self) -> None:
        """End the run: what belongs to its ConfigMap is collected, so nothing can be proven."""
        if self._watching.is_closed or self._stop:
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

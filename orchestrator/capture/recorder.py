"""One capture from first question to last file."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helper import documents
from helper.errors import Forbidden, KubeError, NotFound
from helper.kinds import NAMESPACES, NODES, PODS
from helper.kube import Kube
from helper.resource import name
from orchestrator.capture.description import CAPTURE_FILE, cluster_file, without_defaults
from orchestrator.capture.folder import Documents
from orchestrator.capture.pseudonyms import Pseudonyms
from orchestrator.capture.reading import OBJECTS, LogOf, Outcome, Reader
from orchestrator.capture.redaction import Redactor
from orchestrator.capture.selection import Choice, Selection, select
from orchestrator.capture.survey import Survey, survey
from orchestrator.capture.workers import each
from orchestrator.errors import PermissionsError, UsageError
from orchestrator.replay.models import CLUSTER_FILE, CaptureFile, Reply

REPLIES = "replies"
LOGS_AT_MOST = 2000  # containers
LARGE = frozenset({"pods", "nodes", "replicasets", "resourceslices", "endpointslices"})

Say = Callable[[str], object]


@dataclass
class Recorder:
    """Reads a cluster into a folder; `progress` hears a line now and then."""

    kube: Kube
    choice: Choice
    folder: Path
    progress: Say
    stop: threading.Event = field(default_factory=threading.Event)
    problems: dict[str, str] = field(default_factory=dict)  # in full, so not for files
    redacted: Counter[str] = field(default_factory=Counter)
    _pseudonyms: Pseudonyms | None = None

    def record(self, started: str, version: str) -> CaptureFile:
        """Write everything; StopError when there is nothing that could be written."""
        self._check_namespaces()
        if self.choice.renames:
            self._pseudonyms = Pseudonyms(self._node_names(), secrets.token_bytes(16))
        self.progress("asking what the cluster serves")
        found = survey(self.kube)
        self.problems |= {f"discovery of {group}": why for group, why in found.problems.items()}
        selection = select(found.kinds, self.choice)
        if self.choice.logs and all(kind.resource != PODS for kind in selection.chosen):
            raise UsageError("--logs: pods are not among the kinds that were chosen")
        for part in (OBJECTS, REPLIES):
            (self.folder / part).mkdir(mode=0o700)
        reader = self._reader()
        outcomes = self._objects(reader, selection)
        logs = self._logs(reader, [log for outcome in outcomes for log in outcome.logs])
        replies = self._replies(found)
        described = cluster_file(found, selection, outcomes, self.choice.namespaces)
        self._write(CLUSTER_FILE, without_defaults(described))
        done = CaptureFile(
            taken=started,
            version=version,
            complete=not self.problems,
            objects={item.kind.resource.title: item.count for item in outcomes if item.count},
            logs=logs,
            replies=replies,
            redacted=dict(sorted(self.redacted.items())),
            left_out=_left_out(selection, self.choice)
            | {f"the name of node {node}": "an ordinary word" for node in self._kept_names()},
            problems=_problems(self.problems, outcomes),
        )
        self._write(CAPTURE_FILE, without_defaults(done))
        return done

    def _reader(self) -> Reader:
        return Reader(
            kube=self.kube,
            folder=self.folder,
            stop=self.stop,
            redactor=self._redactor,
            wants_log=self.choice.wants_log,
            namespaces=self.choice.namespaces,
        )

    def _redactor(self) -> Redactor:
        return Redactor(self.choice.config_maps, self._pseudonyms)

    def _node_names(self) -> list[str]:
        try:
            return [name(node) for node in self.kube.list(NODES)]
        except Forbidden as error:
            raise PermissionsError(f"--redact-names: the names are not known: {error}") from error

    def _kept_names(self) -> list[str]:
        return self._pseudonyms.kept if self._pseudonyms else []

    def _check_namespaces(self) -> None:
        for namespace in self.choice.namespaces:
            try:
                self.kube.get(NAMESPACES, namespace)
            except NotFound as error:
                raise UsageError(f"--namespace {namespace}: the cluster has no such one") from error
            except Forbidden:
                continue  # who may read a namespace's contents often may not read itself

    def _objects(self, reader: Reader, selection: Selection) -> list[Outcome]:
        """Read all chosen kinds, those that are large as a rule first."""
        ordered = sorted(
            selection.chosen,
            key=lambda kind: (kind.resource.plural not in LARGE, kind.resource.title),
        )
        outcomes: list[Outcome] = []

        def read(index: int) -> Outcome:
            return reader.read(ordered[index], selection.excluded_namespaces(ordered[index]))

        for outcome in each(range(len(ordered)), read, self.stop):
            outcomes.append(outcome)
            self.redacted += outcome.redacted
            title = outcome.kind.resource.title
            if outcome.problem:
                self.problems[title] = outcome.problem
            count = sum(item.count for item in outcomes)
            self.progress(f"{count} objects, {len(outcomes)} of {len(ordered)} kinds: {title}")
        if outcomes and all(outcome.is_denied for outcome in outcomes):
            raise PermissionsError(
                f"no kind may be listed, nothing is recorded: {outcomes[0].problem}"
            )
        return sorted(outcomes, key=lambda outcome: outcome.kind.resource.title)

    def _logs(self, reader: Reader, wanted: Sequence[LogOf]) -> int:
        """Record logs; gives how many there were."""
        if len(wanted) > LOGS_AT_MOST:
            words = f"{len(wanted)} containers, more than {LOGS_AT_MOST}: name fewer with --logs"
            raise UsageError(words)
        redactor = self._redactor()
        count = 0
        with Documents(self.folder / REPLIES, "logs", by_namespace=True) as files:
            ordered = sorted(wanted, key=lambda log: (log.namespace, log.pod, log.container))
            for log, text in each(ordered, lambda log: (log, reader.log(log)), self.stop):
                if text is None:
                    continue
                path = redactor.name(PODS.path(log.namespace, log.pod, "log"))
                reply = Reply.model_validate(
                    {
                        "request": {"path": path, "query": {"container": log.container}},
                        "response": {"body": redactor.text(text)},
                    }
                )
                files.write(without_defaults(reply), log.namespace)
                count += 1
                self.progress(f"{count} logs of {len(wanted)} containers")
        self.redacted += redactor.found
        return count

    def _replies(self, found: Survey) -> list[str]:
        """Record answers that no objects give; names those of services and pods."""
        redactor = self._redactor()
        recorded: list[str] = []
        with Documents(self.folder / REPLIES, "discovery", by_namespace=False) as files:
            for reply in found.documents:
                files.write(without_defaults(reply))
        with Documents(self.folder / REPLIES, "proxied", by_namespace=False) as files:
            for proxied in self.choice.proxies:
                self.progress(f"asking {proxied.given}")
                try:
                    answered = proxied.record(self.kube, redactor)
                except KubeError as error:
                    self.problems[proxied.given] = str(error)
                    continue
                if answered is None:
                    self.problems[proxied.given] = "the answer is too large"
                    continue
                files.write(without_defaults(answered))
                recorded.append(proxied.given)
        self.redacted += redactor.found
        return recorded

    def _write(self, file: str, document: dict[str, object]) -> None:
        (self.folder / file).write_text(documents.dump(document), encoding="utf-8")


def _left_out(selection: Selection, choice: Choice) -> dict[str, str]:
    """What is missing on purpose; other versions of what is there are not missing."""
    found = {
        gap.resource + (f" in {gap.namespace}" if gap.namespace else ""): gap.reason
        for gap in selection.gaps
        if not gap.version
    }
    if choice.namespaces:
        found["other namespaces"] = f"only {', '.join(choice.namespaces)} were asked for"
    return {**found, **selection.unread}


def _problems(problems: dict[str, str], outcomes: Sequence[Outcome]) -> dict[str, str]:
    """What could not be read, in words that do not say who asked."""
    found = dict.fromkeys(problems, "gave no answer")
    for outcome in outcomes:
        for gap in outcome.gaps:
            where = f" in {gap.namespace}" if gap.namespace else ""
            found.pop(gap.resource, None)
            found[gap.resource + where] = gap.reason
    return found

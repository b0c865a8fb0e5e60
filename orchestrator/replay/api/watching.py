"""Watch: a stream of changes to the objects that a selector picks."""

import json
import time
from collections.abc import Iterator

from orchestrator.replay.api import forms, reading
from orchestrator.replay.api.answer import Stream
from orchestrator.replay.api.call import Call
from orchestrator.replay.objects import Json
from orchestrator.replay.statuses import expired, unreadable_version
from orchestrator.replay.store import Change

_DEFAULT_TIMEOUT_S = 1800.0  # --min-request-timeout of a real server
_LOOK_UP_S = 0.5  # how often a quiet watch notices that its caller has left
_BOOKMARK_S = 60.0


def watch(call: Call) -> Stream:
    """Answer a watch; raises ApiError 400 for selectors that cannot be understood."""
    start = _start(call.request.query.get("resourceVersion", ""))
    return Stream(_Watch(call).events(start))


def _start(version: str) -> int:
    if version and not version.isdecimal():
        raise unreadable_version(version)
    return int(version or 0)


class _Watch:
    """One caller's view of the changes."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.store = call.store
        self.chosen = reading.selection(call)
        asked_s = reading.integer(call.request.query.get("timeoutSeconds", ""))
        timeout_s = asked_s or _DEFAULT_TIMEOUT_S
        self.end = time.monotonic() + timeout_s
        self.form = call.form
        self.described = False  # whether a table has named its columns
        self.bookmarks = call.flag("allowWatchBookmarks")

    def events(self, start: int) -> Iterator[bytes]:
        """Give the encoded events, first the present state when no version is given."""
        initial = self.call.flag("sendInitialEvents")
        seen = start
        if initial or not start:
            seen, namespace = self.store.version, self.call.target.namespace
            for obj in self.store.list_at(self.call.place, namespace, seen):
                if self.chosen(obj):
                    yield self._event("ADDED", obj)
            if initial:
                yield self._bookmark(seen, {"k8s.io/initial-events-end": "true"})
        elif start < self.store.floor:
            message = f"too old resource version: {start} ({self.store.floor})"
            yield _line({"type": "ERROR", "object": expired(message).body})
            return
        yield from self._changes(seen)

    def _changes(self, seen: int) -> Iterator[bytes]:
        marked = time.monotonic()
        while not self.call.stopping():
            wait_s = max(0.0, min(_LOOK_UP_S, self.end - time.monotonic()))
            changes = self.store.changes_after(seen, wait_s)
            for change in changes:
                if event := self._transition(change):
                    yield event
                seen = change.version
            if not wait_s:  # only now: however late it is, what has happened was given
                if self.bookmarks:
                    yield self._bookmark(seen)
                return
            if not changes:
                yield b""
            if self.bookmarks and time.monotonic() - marked > _BOOKMARK_S:
                marked = time.monotonic()
                yield self._bookmark(seen)

    def _transition(self, change: Change) -> bytes | None:
        """Give the event by which a change shows to this caller, None when it does not."""
        resource, key = self.call.place, change.key
        if (key.group, key.plural) != (resource.group, resource.plural):
            return None
        if self.call.target.namespace not in ("", key.namespace):
            return None
        was = change.old is not None and self.chosen(change.old)
        has = change.type != "DELETED" and self.chosen(change.new)
        if was and has:
            return self._event("MODIFIED", change.new)
        if has:
            return self._event("ADDED", change.new)
        if was:
            gone = change.new if change.type == "DELETED" else self._as_it_was(change)
            return self._event("DELETED", gone)
        return None

    @staticmethod
    def _as_it_was(change: Change) -> Json:
        """Give the last state that matched, with the version at which it stopped to."""
        old = change.old or {}
        return {**old, "metadata": {**old["metadata"], "resourceVersion": str(change.version)}}

    def _event(self, kind: str, obj: Json) -> bytes:
        shown = self.form.shown(obj, headers=not self.described)
        self.described = True
        return _line({"type": kind, "object": shown})

    def _bookmark(self, version: int, annotations: dict[str, str] | None = None) -> bytes:
        metadata: Json = {"resourceVersion": str(version)}
        if annotations:
            metadata["annotations"] = annotations
        resource = self.call.resource
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self.form.name == forms.TABLE:
            obj = self.form.table([], metadata, headers=not self.described)
        elif self.form.name == forms.METADATA:
            obj = forms.partial(obj)
        return _line({"type": "BOOKMARK", "object": obj})


def _line(event: Json) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"

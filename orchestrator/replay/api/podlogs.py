"""pods/log: what a container has written."""

import time
from collections.abc import Iterator
from pathlib import Path

from helper import kinds
from orchestrator.replay.api.answer import TEXT, Answer, Stream
from orchestrator.replay.api.call import Call
from orchestrator.replay.objects import Json, name_of, namespace_of, uid_of
from orchestrator.replay.outcomes import outcome_for
from orchestrator.replay.state import State
from orchestrator.replay.statuses import bad_request, not_emulated, not_found

_FOLLOW_S = 0.05  # how often a followed log is looked at
_REASONS = {  # kubelet puts two waiting reasons into words (kubelet_pods.go)
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def pod_log(call: Call) -> Answer | Stream:
    """Answer a container's log, as it is or as it grows; raises ApiError 400, 404 or 501."""
    pod = call.find()
    if pod is None:
        raise not_found(call.resource, call.target.name)
    container = _container(pod, call.request.query.get("container", ""))
    if not (pod.get("spec") or {}).get("nodeName"):
        return Answer(204, "")
    if call.flag("previous"):
        raise bad_request(
            f'previous terminated container "{container}" in pod "{name_of(pod)}" not found'
        )
    file = call.state.logs.get((uid_of(pod), container))
    if file is None:
        return Answer(200, _cut(_recorded_log(call.state, pod, container), call), TEXT)
    stamps = _Stamps(call, pod, container)
    if call.flag("follow"):
        return Stream(_Follower(call, pod, container, file, stamps).parts(), TEXT)
    return Answer(200, _cut(stamps.on(_read(file)), call), TEXT)


def _container(pod: Json, wanted: str) -> str:
    spec = pod.get("spec") or {}
    names = [container["name"] for container in spec.get("containers") or []]
    if wanted:
        first = [container["name"] for container in spec.get("initContainers") or []]
        if wanted not in (*names, *first):
            raise bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
        return wanted
    if len(names) != 1:
        choice = f", choose one of: [{' '.join(names)}]" if names else ""
        raise bad_request(f"a container name must be specified for pod {name_of(pod)}{choice}")
    return str(names[0])


def _recorded_log(state: State, pod: Json, container: str) -> str:
    """Give the recorded or scripted log of a pod that runs no process."""
    path = kinds.PODS.path(namespace_of(pod), name_of(pod), "log")
    for reply in state.replies:
        if reply.request.path == path and reply.request.query.get("container") == container:
            return reply.response.body
    status = container_status(pod, container)
    waiting = (status.get("state") or {}).get("waiting")
    if waiting is not None:
        reason = waiting.get("reason", "")
        raise bad_request(
            f'container "{container}" in pod "{name_of(pod)}" is waiting to start: '
            f"{_REASONS.get(reason, reason)}"
        )
    scripted = outcome_for(state.outcomes, pod)
    if scripted is None:
        place = f"{namespace_of(pod)}/{name_of(pod)}"
        raise not_emulated(f"the log of {place}", "none was recorded (pods/*.yaml, replies/*.yaml)")
    return scripted.log


def container_status(pod: Json, container: str) -> Json:
    """Give the status of one container, empty when there is none."""
    status = pod.get("status") or {}
    first, main = status.get("initContainerStatuses"), status.get("containerStatuses")
    return next(
        (own for own in [*(first or []), *(main or [])] if own.get("name") == container), {}
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except FileNotFoundError:  # the pod went while its log was asked for
        return ""


def _cut(text: str, call: Call) -> str:
    tail = call.request.query.get("tailLines", "")
    if tail.isdecimal():
        lines = text.splitlines(keepends=True)
        text = "".join(lines[len(lines) - min(int(tail), len(lines)) :])
    limit = call.request.query.get("limitBytes", "")
    return text[: int(limit)] if limit.isdecimal() else text


class _Stamps:
    """Puts times before lines, and leaves out what is older than asked for.

    Nobody noted when a line was written: all of them bear the second of their container's start,
    and their number as nanoseconds, so that a line has the same time whenever it is asked for.
    """

    def __init__(self, call: Call, pod: Json, container: str) -> None:
        state = container_status(pod, container).get("state") or {}
        started = [part.get("startedAt", "") for part in state.values()]
        self._second = (started[0] if started else "").removesuffix("Z") or "1970-01-01T00:00:00"
        self._wanted = call.flag("timestamps")
        self._too_old = self._second < call.request.query.get("sinceTime", "").removesuffix("Z")
        self._number = 0
        self._inside = False  # a line that has begun

    def on(self, text: str) -> str:
        """Give the next part of a log with its times, if they are wanted."""
        if self._too_old:
            return ""
        if not self._wanted:
            return text
        found = []
        for line in text.splitlines(keepends=True):
            found.append(line if self._inside else f"{self._second}.{self._number:09}Z {line}")
            self._number += not self._inside
            self._inside = not line.endswith("\n")
        return "".join(found)


class _Follower:
    """Sends a log until its container has ended."""

    def __init__(self, call: Call, pod: Json, container: str, file: Path, stamps: _Stamps) -> None:
        self.stamps = stamps
        self.call = call
        self.pod = pod
        self.container = container
        self.file = file

    def parts(self) -> Iterator[bytes]:
        present = _read(self.file)
        yield _cut(self.stamps.on(present), self.call).encode()
        sent = len(present.encode())
        while not self.call.stopping():
            ended = self._has_ended()  # looked up before the read, so that nothing is missed
            more = self._after(sent)
            sent += len(more)
            yield self.stamps.on(more.decode(errors="replace")).encode()
            if ended:
                return
            if not more:
                time.sleep(_FOLLOW_S)

    def _after(self, sent: int) -> bytes:
        try:
            with self.file.open("rb") as file:
                file.seek(sent)
                return file.read()
        except FileNotFoundError:
            return b""

    def _has_ended(self) -> bool:
        pod = self.call.find()
        if pod is None or uid_of(pod) != uid_of(self.pod):
            return True
        return "terminated" in (container_status(pod, self.container).get("state") or {})

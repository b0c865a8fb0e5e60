"""Sightings made from a recorded one, by changing what its pod's status says."""

import copy
from dataclasses import replace
from typing import Any

from helper.resource import items
from orchestrator.verdict import Ending, Sighting, Stage, ended, progress
from tests.orchestrator.recordings import moments
from tests.orchestrator.samples import Json

RUNNING = next(m.seen for m in moments("exit-0") if progress(m.seen).stage is Stage.RUNNING)
PENDING = next(m.seen for m in moments("exit-0") if progress(m.seen).stage is Stage.PENDING)
TERMINATED: Json = {
    "containerID": "containerd://1",
    "exitCode": 0,
    "startedAt": "2026-11-21T00:33:53Z",
    "finishedAt": "2026-11-21T00:33:54Z",
    "reason": "Completed",
}


def with_status(seen: Sighting, **changes: Any) -> Sighting:
    """The same sighting with other words in its pod's status; None takes a key away."""
    assert seen.pod
    pod = copy.deepcopy(seen.pod)
    status = {**pod["status"], **changes}
    pod["status"] = {key: value for key, value in status.items() if value is not None}
    return replace(seen, pod=pod)


def with_condition(seen: Sighting, reason: str, message: str = "") -> Sighting:
    """The same sighting with its pod chosen for disruption."""
    assert seen.pod
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
    return with_status(seen, conditions=[*items(seen.pod, "status", "conditions"), condition])


def containers(*statuses: Json) -> list[Json]:
    """Statuses of containers that have an image."""
    return [{"image": "i", "imageID": "sha256:1", **status} for status in statuses]


def after(seen: Sighting = RUNNING, name: str = "validator", **changes: Any) -> Sighting:
    """The sighting once its container is terminated; None takes a key away."""
    state = {key: value for key, value in {**TERMINATED, **changes}.items() if value is not None}
    return with_status(
        seen, containerStatuses=containers({"name": name, "state": {"terminated": state}})
    )


def ending(seen: Sighting) -> Ending:
    """How a check ended that must have ended."""
    found = ended(seen)
    assert found
    return found

"""When the watch showed each step of a pod's life: finer than the whole seconds that pods tell.

No request is spent on this. Between a pod's place on a node and its running container kubelet sets
the condition PodReadyToStartContainers: volumes and network are there, what follows is the image.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-ready-to-start-containers
"""

from dataclasses import dataclass, replace

from helper import contract
from helper.resource import Json, condition_is, container_status, part, text
from orchestrator.outcome import Split

SANDBOX = "PodReadyToStartContainers"


@dataclass(frozen=True)
class Moments:
    """Times in seconds since 1970; None for what was not seen."""

    placed: float | None = None  # on a node
    ready: float | None = None  # for its containers
    running: float | None = None
    ended: float | None = None

    def with_pod(self, pod: Json, now: float) -> "Moments":
        """Note what a pod shows for the first time."""
        status = container_status(pod, contract.CONTAINER)
        state = part(status, "state")
        has_ended = "terminated" in state
        is_waiting = not has_ended and "running" not in state
        found = self
        if found.placed is None and text(pod, "spec", "nodeName"):
            found = replace(found, placed=now)
        # Kubelet may tell this only together with the container's start, when it says nothing.
        if found.ready is None and is_waiting and condition_is(pod, SANDBOX):
            found = replace(found, ready=now)
        # Those who mark pods of fake nodes as running name no container.
        if found.running is None and "running" in state and text(status or {}, "containerID"):
            found = replace(found, running=now)
        if found.ended is None and has_ended:
            found = replace(found, ended=now)
        return found


def split(seen: Moments, asked: float, created: float, started: float, recorded: float) -> Split:
    """Where a check's time went, from the asking for its identity to its recorded outcome.

    `created` is when its Job was asked for, `started` what kubelet says of the container: one that
    lives shorter than kubelet reports may never be seen running.
    """
    ended = seen.ended if seen.ended is not None else recorded
    running = seen.running if seen.running is not None else min(max(started, created), ended)
    placed = min(max(seen.placed if seen.placed is not None else running, created), running)
    ready = min(max(seen.ready, placed), running) if seen.ready is not None else None
    return Split(
        prepare_s=created - asked,
        wait_s=placed - created,
        start_s=(running if ready is None else ready) - placed,
        pull_s=None if ready is None else running - ready,
        run_s=ended - running,
        collect_s=recorded - ended,
        created=created,
    )


def unstarted(seen: Moments, asked: float, created: float, given_up: float) -> Split:
    """Where the time went of a check whose container never ran: into the stage that it was in."""
    placed = given_up if seen.placed is None else min(max(seen.placed, created), given_up)
    ready = given_up if seen.ready is None else min(max(seen.ready, placed), given_up)
    return Split(
        prepare_s=created - asked,
        wait_s=placed - created,
        start_s=None if seen.placed is None else ready - placed,
        pull_s=None if seen.ready is None else given_up - ready,
        created=created,
    )

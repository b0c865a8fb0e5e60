"""Replay clusters that tests fill and serve."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.replay import ReplayCluster
from tests.contract.conftest import eventually
from tests.contract.http import Json, Server, replay_server
from tests.fakes.objects import node

IMAGE = "example.com/team/program"
Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a cluster until the test ends."""
    with ExitStack() as stack:
        yield lambda cluster: stack.enter_context(replay_server(cluster))


@dataclass(frozen=True)
class Bench:
    """A served cluster with one node, one image, and a namespace to try things in."""

    cluster: ReplayCluster
    server: Server
    home: str = "/api/v1/namespaces/default"
    jobs: str = "/apis/batch/v1/namespaces/default/jobs"

    def start(self, code: str = "", **pod: Any) -> str:
        """Create a Job that runs Python code, or a pod as given; give the path of its pod."""
        self.post(code, **pod)
        found = eventually(lambda: self.server.get(f"{self.home}/pods").items)
        return f"{self.home}/pods/{found[0]['metadata']['name']}"

    def post(self, code: str = "", **pod: Any) -> None:
        """Create the same Job and look no further."""
        container: Json = {"name": "main", "image": f"{IMAGE}:v1", **pod.pop("container", {})}
        if code:
            container["args"] = ["-c", code]
        template = {"restartPolicy": "Never", "containers": [container], **pod.pop("spec", {})}
        body = {"metadata": {"name": "j"}, "spec": {"backoffLimit": 0, **pod}}
        body["spec"]["template"] = {"metadata": {"labels": {"app": "j"}}, "spec": template}
        reply = self.server.post(self.jobs, body)
        assert reply.status == 201, reply

    def run(self, code: str = "", **pod: Any) -> Json:
        """Run a Job to its end and give its pod."""
        path = self.start(code, **pod)
        self.await_end()
        return dict(self.server.get(path).body)

    def await_end(self) -> Json:
        """Wait until the Job is over and give its conditions by type."""
        conditions = eventually(lambda: _final(self.server.get(f"{self.jobs}/j").body))
        return {condition["type"]: condition for condition in conditions}

    def await_state(self, path: str, kind: str) -> Json:
        """Wait until a pod's only container is waiting, running or terminated."""

        def look() -> Json:
            statuses = self.server.get(path).body["status"].get("containerStatuses") or [{}]
            return dict(statuses[0].get("state", {}).get(kind) or {})

        return dict(eventually(look))

    def now(self) -> str:
        """Give the version to look back to later."""
        return str(self.server.get(f"{self.home}/pods").body["metadata"]["resourceVersion"])

    def await_seen(self, path: str, since: str, wanted: Callable[[Json], object]) -> Json:
        """Wait for an object as it has been at some moment since then, however short that was."""
        events = self.server.watch(
            path,
            until=lambda event: wanted(event["object"]),
            resourceVersion=since,
            timeoutSeconds="60",
        )
        found = [event["object"] for event in events if wanted(event["object"])]
        assert found, f"{len(events)} changes, none as wanted"
        return dict(found[0])

    def await_past_state(self, since: str, kind: str, reason: str = "") -> Json:
        """Wait until a pod's only container has been so since then; give the pod as it was."""

        def was(pod: Json) -> bool:
            statuses = pod["status"].get("containerStatuses") or [{}]
            state = statuses[0].get("state", {}).get(kind)
            return state is not None and reason in ("", state.get("reason"))

        return self.await_seen(f"{self.home}/pods", since, was)

    def log(self, path: str, **query: str) -> str:
        """Give the log of a pod."""
        return self.server.text(f"{path}/log", **query)

    def reasons(self, kind: str = "Pod") -> list[str]:
        """Give the reasons of all events about objects of a kind."""
        events = self.server.get(f"{self.home}/events").items
        return [e["reason"] for e in events if e["involvedObject"]["kind"] == kind]


def _final(job: Json) -> list[Json]:
    conditions = job["status"].get("conditions") or []
    return conditions if {"Complete", "Failed"} & {c["type"] for c in conditions} else []


@pytest.fixture
def bench(serve: Serve) -> Bench:
    """A place to run Jobs as local processes."""
    cluster = ReplayCluster([node("node-1")], images={IMAGE: ["python"]})
    return Bench(cluster, serve(cluster))


def terminated(pod: Json) -> Json:
    """Give how a pod's only container ended."""
    return dict(pod["status"]["containerStatuses"][0]["state"]["terminated"])

"""Scripted outcomes in place of processes, and recorded pods."""

from typing import Any

import pytest

from orchestrator.replay import Outcome, PodMatch, PodOutcome, ReplayCluster, Waiting
from tests.contract.conftest import eventually
from tests.fakes.objects import node, pod
from tests.orchestrator.replay.conftest import Bench, Serve, terminated

MATCH = PodMatch(labels={"app": "j"})


@pytest.fixture
def scripted(serve: Serve) -> Any:
    """Give a bench whose pods have an outcome."""

    def make(outcome: Outcome, match: PodMatch = MATCH) -> Bench:
        outcomes = [PodOutcome(match=match, outcome=outcome)]
        cluster = ReplayCluster([node("node-1")], outcomes=outcomes)
        return Bench(cluster, serve(cluster))

    return make


def test_ends_with_code_message_and_log(scripted: Any) -> None:
    bench = scripted(Outcome(exit_code=2, message="not here", log="evidence\n"))
    path = bench.start()
    bench.await_end()
    ended = terminated(bench.server.get(path).body)

    assert (ended["exitCode"], ended["reason"], ended["message"]) == (2, "Error", "not here")
    assert bench.log(path) == "evidence\n"


def test_ends_for_the_reason_given(scripted: Any) -> None:
    pod = scripted(Outcome(exit_code=137, reason="OOMKilled")).run()

    assert terminated(pod)["reason"] == "OOMKilled"


def test_a_fake_node_leaves_no_container_id(scripted: Any) -> None:
    pod = scripted(Outcome(exit_code=0, container_id=False)).run()

    assert "containerID" not in terminated(pod)
    assert pod["status"]["phase"] == "Succeeded"


def test_waits_for_the_reason_given(scripted: Any) -> None:
    waiting = Waiting(reason="CreateContainerError", message="no device")
    bench = scripted(Outcome(waiting=waiting))
    path = bench.start()
    eventually(lambda: "Failed" in bench.reasons())

    assert bench.await_state(path, "waiting") == {
        "reason": "CreateContainerError",
        "message": "no device",
    }


def test_runs_until_it_is_deleted_without_an_exit_code(scripted: Any) -> None:
    bench = scripted(Outcome())
    path = bench.start()
    bench.await_state(path, "running")
    bench.server.call("DELETE", path)

    eventually(lambda: bench.server.get(path).status == 404)


@pytest.mark.parametrize(
    "match",
    [
        PodMatch(image="example.com/team/program"),
        PodMatch(image="example.com/team/program:other"),
        PodMatch(name="j-*"),
        PodMatch(namespace="default"),
        PodMatch(labels={"app": "j"}, namespace="default"),
    ],
    ids=["image", "image-with-tag", "name", "namespace", "two"],
)
def test_matches(scripted: Any, match: PodMatch) -> None:
    assert terminated(scripted(Outcome(exit_code=7), match).run())["exitCode"] == 7


@pytest.mark.parametrize(
    "match",
    [
        PodMatch(image="example.com/team/other"),
        PodMatch(name="k-*"),
        PodMatch(labels={"app": "j", "more": "x"}),
    ],
    ids=["image", "name", "labels"],
)
def test_does_not_match(scripted: Any, match: PodMatch) -> None:
    bench = scripted(Outcome(exit_code=7), match)
    since = bench.now()
    bench.start()

    bench.await_past_state(since, "waiting", "ErrImagePull")


def test_a_recorded_pod_runs_nothing_and_has_the_scripted_log(serve: Serve) -> None:
    recorded = pod("recorded", "default", "node-1", app="j")
    outcomes = [PodOutcome(match=MATCH, outcome=Outcome(log="as recorded\n"))]
    server = serve(ReplayCluster([node("node-1"), recorded], outcomes=outcomes))
    path = "/api/v1/namespaces/default/pods/recorded"

    assert server.text(f"{path}/log") == "as recorded\n"
    assert server.get(path).body["status"] == recorded["status"]


def test_the_log_of_a_recorded_pod_without_one_is_not_made_up(serve: Serve) -> None:
    server = serve(ReplayCluster([node("node-1"), pod("recorded", "default", "node-1")]))
    reply = server.get("/api/v1/namespaces/default/pods/recorded/log")

    assert (reply.status, reply.body["reason"]) == (501, "NotImplemented")
    assert "the log of default/recorded" in reply.message


def test_a_recorded_pod_can_be_deleted(serve: Serve) -> None:
    server = serve(ReplayCluster([node("node-1"), pod("recorded", "default", "node-1")]))
    path = "/api/v1/namespaces/default/pods/recorded"
    server.call("DELETE", path)

    eventually(lambda: server.get(path).status == 404)

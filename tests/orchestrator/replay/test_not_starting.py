"""Containers that never become processes."""

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import Json
from tests.orchestrator.replay.conftest import Bench, terminated


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"image": "unknown:1"}, "ErrImagePull"),
        ({"image": "unknown:1", "imagePullPolicy": "Never"}, "ErrImageNeverPull"),
        ({"image": "Not A Valid:Image:Name"}, "InvalidImageName"),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "n", "key": "k"}}}]},
            "CreateContainerConfigError",
        ),
    ],
    ids=["unknown-image", "never-pull", "bad-name", "no-config-map"],
)
def test_wait_with_a_reason(bench: Bench, container: Json, reason: str) -> None:
    since = bench.now()
    path = bench.start(container=container)

    assert bench.await_past_state(since, "waiting", reason)["status"]["phase"] == "Pending"
    assert bench.server.get(path).body["status"]["phase"] == "Pending"
    reply = bench.server.get(f"{path}/log")
    assert (reply.status, "is waiting to start: " in reply.message) == (400, True)


def test_an_unknown_image_is_backed_off_from(bench: Bench) -> None:
    path = bench.start(container={"image": "unknown:1"})

    eventually(lambda: bench.await_state(path, "waiting")["reason"] == "ImagePullBackOff")
    assert bench.server.get(f"{path}/log").message.endswith("trying and failing to pull image")


def test_a_missing_volume_holds_the_pod_until_it_is_there(bench: Bench) -> None:
    spec = {"volumes": [{"name": "v", "configMap": {"name": "late"}}]}
    path = bench.start("pass", spec=spec)
    eventually(lambda: "FailedMount" in bench.reasons())
    assert bench.await_state(path, "waiting")["reason"] == "ContainerCreating"
    bench.server.post(f"{bench.home}/configmaps", {"metadata": {"name": "late"}})

    assert "Complete" in bench.await_end()


def test_a_program_that_is_not_there_is_a_start_error(bench: Bench) -> None:
    ended = terminated(bench.run(container={"command": ["/no/such/binary"]}))

    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert ended["startedAt"] == "1970-01-01T00:00:00Z"
    assert 'exec: "/no/such/binary": stat /no/such/binary: no such file' in ended["message"]
    assert ended["containerID"].startswith("containerd://")  # created, though it never ran

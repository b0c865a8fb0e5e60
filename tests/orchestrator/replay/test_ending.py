"""Processes that are ended from outside."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.replay import ReplayCluster
from tests.contract.conftest import eventually
from tests.contract.http import MERGE, Json, replay_server
from tests.fakes.objects import node
from tests.orchestrator.replay.conftest import IMAGE, Bench, terminated

FOREVER = "import signal; signal.pause()"
HANDLER_END = "print('ready', flush=True)\nwhile True: signal.pause()"
HANDLER = (
    "import signal, sys, os; root = os.environ['AICR_FILE_ROOT']\n"
    "def stop(*_):\n"
    "    open(root + '/dev/termination-log', 'w').write('stopped')\n"
    "    sys.exit(143)\n"
    "signal.signal(signal.SIGTERM, stop)\n"
    "print('ready', flush=True)\n"
    "signal.pause()"
)


def started(bench: Bench, code: str, **pod: Any) -> str:
    path = bench.start(code, **pod)
    bench.await_state(path, "running")
    eventually(lambda: "ready" in bench.log(path))
    return path


def last_seen(bench: Bench, since: str) -> Json:
    path = f"{bench.home}/pods"
    events = bench.server.watch(
        path, until=lambda event: event["type"] == "DELETED", resourceVersion=since
    )
    return dict(events[-1]["object"])


def init_states(bench: Bench, path: str) -> list[Json]:
    statuses = bench.server.get(path).body["status"].get("initContainerStatuses") or []
    return [status["state"]["running"] for status in statuses if "running" in status["state"]]


def test_a_deleted_pod_stays_until_its_process_has_ended(bench: Bench) -> None:
    path = started(bench, HANDLER)
    since = bench.now()
    reply = bench.server.call("DELETE", path)
    eventually(lambda: bench.server.get(path).status == 404)

    assert reply.body["metadata"]["deletionTimestamp"]
    assert reply.body["metadata"]["deletionGracePeriodSeconds"] == 30
    ended = terminated(last_seen(bench, since))
    assert (ended["exitCode"], ended["message"]) == (143, "stopped")
    assert "Killing" in bench.reasons()


@pytest.mark.parametrize(
    ("policy", "bound_for"),
    [
        pytest.param({}, ["FailureTarget"], id="fails-at-once"),
        pytest.param({"podReplacementPolicy": "Failed"}, [], id="waits-for-the-pod"),
    ],
)
def test_a_job_whose_pod_is_deleted_fails_without_another_pod(
    bench: Bench, policy: Json, bound_for: list[str]
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HANDLER_END
    path = started(bench, deaf, spec={"terminationGracePeriodSeconds": 1}, **policy)
    since = bench.now()
    bench.server.call("DELETE", path)

    job = bench.await_seen(bench.jobs, since, lambda job: job["status"].get("terminating"))
    assert [item["type"] for item in job["status"].get("conditions") or []] == bound_for
    assert bench.await_end()["Failed"]["reason"] == "BackoffLimitExceeded"
    assert bench.reasons("Job").count("SuccessfulCreate") == 1


def test_a_process_that_does_not_listen_is_killed(bench: Bench) -> None:
    code = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\nwhile True: signal.pause()"
    )
    path = started(bench, code, spec={"terminationGracePeriodSeconds": 1})
    since = bench.now()
    bench.server.call("DELETE", path)
    eventually(lambda: bench.server.get(path).status == 404)

    assert terminated(last_seen(bench, since))["exitCode"] == 137


def test_a_pod_goes_though_another_container_of_it_never_began(bench: Bench) -> None:
    waits = {"name": "other", "image": "example.com/unknown:v1"}
    ready = f"print('ready', flush=True); {FOREVER}"
    main = {"name": "main", "image": f"{IMAGE}:v1", "args": ["-c", ready]}
    path = bench.start(spec={"containers": [main, waits]})
    bench.await_state(path, "running")
    eventually(lambda: "ready" in bench.log(path, container="main"))
    bench.server.call("DELETE", path)

    eventually(lambda: bench.server.get(path).status == 404)


def test_a_pod_goes_whose_first_container_ends_well_when_told_to(bench: Bench) -> None:
    ready = HANDLER.replace("143", "0")
    first = {"name": "first", "image": f"{IMAGE}:v1", "args": ["-c", ready]}
    path = bench.start(spec={"initContainers": [first]})
    eventually(lambda: init_states(bench, path))
    eventually(lambda: "ready" in bench.log(path, container="first"))
    bench.server.call("DELETE", path)

    eventually(lambda: bench.server.get(path).status == 404)


@pytest.mark.parametrize("propagation", ["Foreground", "Background"])
def test_a_deleted_job_ends_its_process(bench: Bench, propagation: str) -> None:
    path = started(bench, HANDLER)
    bench.server.call("DELETE", f"{bench.jobs}/j", {"propagationPolicy": propagation})

    eventually(lambda: bench.server.get(path).status == 404)
    eventually(lambda: bench.server.get(f"{bench.jobs}/j").status == 404)


def test_a_deleted_namespace_ends_its_processes(bench: Bench) -> None:
    bench.server.post("/api/v1/namespaces", {"metadata": {"name": "other"}})
    other = Bench(
        bench.cluster,
        bench.server,
        "/api/v1/namespaces/other",
        "/apis/batch/v1/namespaces/other/jobs",
    )
    started(other, HANDLER)
    bench.server.call("DELETE", other.home)

    eventually(lambda: bench.server.get(other.home).status == 404)
    assert bench.server.get("/api/v1/namespaces/other/pods").items == []


def test_a_job_past_its_deadline_ends_its_process(bench: Bench) -> None:
    path = started(bench, HANDLER)
    # Only now: it counts from the Job's beginning, and an interpreter may take longer to start.
    body = {"spec": {"activeDeadlineSeconds": 1}}
    assert bench.server.call("PATCH", f"{bench.jobs}/j", body, media=MERGE).status == 200
    conditions = bench.await_end()

    assert conditions["Failed"]["reason"] == "DeadlineExceeded"
    # The Job ends when its pod is terminal; the pod's removal may follow.
    eventually(lambda: bench.server.get(path).status == 404)
    assert "SuccessfulDelete" in bench.reasons("Job")


def test_what_a_container_leaves_running_ends_with_it(bench: Bench, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    bench.run(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {FOREVER!r}])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))"
    )

    eventually(lambda: not _runs(int(pid.read_text())))


def test_the_end_of_the_server_ends_every_process(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    cluster = ReplayCluster([node("node-1")], images={IMAGE: ["python"]})
    with replay_server(cluster) as server:
        bench = Bench(cluster, server)
        bench.start(
            "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"open({str(pid)!r}, 'w').write(str(os.getpid()))\nsignal.pause()"
        )
        eventually(lambda: pid.is_file() and pid.read_text())

    assert not _runs(int(pid.read_text()))


def _runs(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

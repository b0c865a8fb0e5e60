"""Containers that run before others, that restart, and that want too much."""

import sys
from functools import partial

import pytest

from orchestrator.replay import Outcome, PodMatch, PodOutcome, ReplayCluster
from tests.contract.conftest import eventually
from tests.contract.http import Json
from tests.fakes.objects import node
from tests.orchestrator.replay.conftest import IMAGE, Bench, Serve, terminated

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process holds")
SHARED = {
    "volumes": [{"name": "v", "emptyDir": {}}],
}
MOUNT = {"volumeMounts": [{"name": "v", "mountPath": "/shared"}]}
FILE = "import os; f = os.environ['AICR_FILE_ROOT'] + '/shared/log'; "


def init(name: str, code: str) -> Json:
    return {"name": name, "image": IMAGE, "args": ["-c", code], **MOUNT}


def conditions(pod: Json) -> dict[str, str]:
    return {c["type"]: c["status"] for c in pod["status"]["conditions"]}


def test_init_containers_run_one_after_the_other_and_first(bench: Bench) -> None:
    before = [init(name, f"{FILE}open(f, 'a').write('{name} ')") for name in ("one", "two")]
    pod = bench.run(
        f"{FILE}print(open(f).read())", container=MOUNT, spec={"initContainers": before, **SHARED}
    )

    path = f"{bench.home}/pods/{pod['metadata']['name']}"
    assert bench.log(path) == "one two \n"
    assert bench.log(path, container="one", follow="true") == ""
    ended = [s["state"]["terminated"]["reason"] for s in pod["status"]["initContainerStatuses"]]
    assert ended == ["Completed", "Completed"]
    assert conditions(pod)["Initialized"] == "True"
    fields = {
        event["involvedObject"].get("fieldPath")
        for event in bench.server.get(f"{bench.home}/events").items
    }
    assert {"spec.initContainers{one}", "spec.containers{main}"} <= fields


def test_an_init_container_that_fails_ends_the_pod(bench: Bench) -> None:
    spec = {"initContainers": [init("i", "raise SystemExit(3)")], **SHARED}
    pod = bench.run("pass", spec=spec)

    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"] == {
        "waiting": {"reason": "PodInitializing"}
    }
    found = {c["type"]: c for c in pod["status"]["conditions"]}
    assert found["Initialized"]["message"] == "containers with incomplete status: [i]"
    assert found["Ready"]["reason"] == "PodFailed"


def test_a_container_restarts_until_it_succeeds(bench: Bench) -> None:
    code = (
        f"{FILE}open(f, 'a').write('x'); n = len(open(f).read()); print(n)\nraise SystemExit(n < 3)"
    )
    path = bench.start(
        code, container=MOUNT, backoffLimit=6, spec={"restartPolicy": "OnFailure", **SHARED}
    )
    assert "Complete" in bench.await_end()
    status = bench.server.get(path).body["status"]["containerStatuses"][0]

    assert (status["restartCount"], status["state"]["terminated"]["exitCode"]) == (2, 0)
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert bench.log(path) == "3\n"  # of the last one
    assert "BackOff" in bench.reasons()


def test_restarts_use_up_the_limit_of_a_job(bench: Bench) -> None:
    bench.start("raise SystemExit(1)", backoffLimit=1, spec={"restartPolicy": "OnFailure"})

    assert bench.await_end()["Failed"]["reason"] == "BackoffLimitExceeded"
    assert "SuccessfulDelete" in bench.reasons("Job")


def test_a_pod_that_always_restarts_waits_longer_each_time(serve: Serve) -> None:
    outcomes = [PodOutcome(match=PodMatch(name="p"), outcome=Outcome(exit_code=1))]
    cluster = ReplayCluster([node("node-1")], outcomes=outcomes)
    bench = Bench(cluster, serve(cluster))
    since = bench.now()
    spec = {"containers": [{"name": "c", "image": "i"}]}
    bench.server.post(f"{bench.home}/pods", {"metadata": {"name": "p"}, "spec": spec})

    for pause_s in (10, 20):
        text = f"back-off {pause_s}s restarting failed container=c pod=p_default("
        pod = bench.await_seen(f"{bench.home}/pods", since, partial(waits_with, text))
        assert pod["status"]["phase"] == "Running"


def waits_with(text: str, pod: Json) -> bool:
    statuses = pod["status"].get("containerStatuses") or [{}]
    waiting = statuses[0].get("state", {}).get("waiting") or {}
    return str(waiting.get("message")).startswith(text)


@linux
def test_a_process_beyond_its_memory_limit_is_killed(bench: Bench) -> None:
    container = {"resources": {"limits": {"memory": "64Mi"}}}
    code = "import time; held = bytearray(128 * 1024 * 1024); time.sleep(30)"
    ended = terminated(bench.run(code, container=container))

    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


@linux
def test_the_memory_of_children_counts(bench: Bench) -> None:
    child = "import time; held = bytearray(128 * 1024 * 1024); time.sleep(30)"
    container = {"resources": {"limits": {"memory": "64Mi"}}}
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"

    assert terminated(bench.run(code, container=container))["reason"] == "OOMKilled"


def test_last_words_of_all_containers_share_a_bound(bench: Bench) -> None:
    code = "import os; f = os.environ['AICR_FILE_ROOT']; open(f + '/dev/termination-log', 'w')"
    more = [init(f"i{number}", f"{code}.write('x' * 4096)") for number in range(5)]
    pod = bench.run("pass", spec={"initContainers": more, **SHARED})

    words = [s["state"]["terminated"]["message"] for s in pod["status"]["initContainerStatuses"]]
    assert {len(text) for text in words} == {12 * 1024 // 6}


def test_a_key_that_a_volume_wants_and_nobody_has_holds_the_pod(bench: Bench) -> None:
    bench.server.post(f"{bench.home}/configmaps", {"metadata": {"name": "c"}, "data": {"a": "1"}})
    items = [{"key": "b", "path": "b"}]
    bench.start(spec={"volumes": [{"name": "v", "configMap": {"name": "c", "items": items}}]})
    eventually(lambda: "FailedMount" in bench.reasons())

    events = bench.server.get(f"{bench.home}/events").items
    assert any("references non-existent config key: b" in event["message"] for event in events)

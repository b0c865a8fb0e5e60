"""Jobs that run as local processes, from start to end."""

import signal

import pytest

from tests.contract.conftest import eventually
from tests.orchestrator.replay.conftest import IMAGE, Bench, terminated

ROOT = "import os; root = os.environ['AICR_FILE_ROOT']; "


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_exit_status_is_the_containers(bench: Bench, code: int) -> None:
    pod = bench.run(f"raise SystemExit({code})")

    assert terminated(pod)["exitCode"] == code
    assert terminated(pod)["reason"] == ("Error" if code else "Completed")
    assert pod["status"]["phase"] == ("Failed" if code else "Succeeded")


def test_a_job_that_succeeds_is_complete(bench: Bench) -> None:
    bench.start("pass")
    conditions = bench.await_end()

    assert set(conditions) == {"SuccessCriteriaMet", "Complete"}
    assert conditions["Complete"]["reason"] == "CompletionsReached"
    status = bench.server.get(f"{bench.jobs}/j").body["status"]
    assert (status["succeeded"], "active" in status, "failed" in status) == (1, False, False)
    assert status["completionTime"]


def test_a_job_that_fails_has_reached_its_limit(bench: Bench) -> None:
    bench.start("raise SystemExit(1)")
    conditions = bench.await_end()

    assert set(conditions) == {"FailureTarget", "Failed"}
    assert conditions["Failed"]["reason"] == "BackoffLimitExceeded"
    assert bench.server.get(f"{bench.jobs}/j").body["status"]["failed"] == 1


def test_a_job_tries_again_up_to_its_limit(bench: Bench) -> None:
    bench.start("raise SystemExit(1)", backoffLimit=2)
    bench.await_end()

    assert bench.server.get(f"{bench.jobs}/j").body["status"]["failed"] == 3
    assert len(bench.server.get(f"{bench.home}/pods").items) == 3


def test_a_process_that_dies_by_a_signal_ends_with_128_more(bench: Bench) -> None:
    pod = bench.run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    assert terminated(pod)["exitCode"] == 128 + signal.SIGSEGV


def test_times_and_id_stand_in_the_status(bench: Bench) -> None:
    ended = terminated(bench.run("pass"))

    assert ended["startedAt"] <= ended["finishedAt"]
    assert ended["containerID"].startswith("containerd://")


def test_the_log_has_both_outputs(bench: Bench) -> None:
    path = bench.start("import sys; print('out', flush=True); print('err', file=sys.stderr)")
    bench.await_end()

    assert bench.log(path) == "out\nerr\n"
    assert bench.log(path, tailLines="1") == "err\n"
    assert bench.log(path, limitBytes="3") == "out"
    assert bench.log(path, container="main") == "out\nerr\n"


def test_a_log_is_followed_to_its_end(bench: Bench) -> None:
    since = bench.now()
    path = bench.start("import time\nfor i in range(3): print(i, flush=True); time.sleep(0.05)")
    bench.await_past_state(since, "running")

    assert bench.log(path, follow="true") == "0\n1\n2\n"


def test_the_last_words_are_the_termination_message(bench: Bench) -> None:
    pod = bench.run(ROOT + "open(root + '/dev/termination-log', 'w').write('x' * 5000)")

    assert terminated(pod)["message"] == "x" * 4096


def test_the_log_stands_in_for_last_words_when_asked(bench: Bench) -> None:
    container = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    pod = bench.run("print('end'); raise SystemExit(1)", container=container)

    assert terminated(pod)["message"] == "end\n"


def test_the_status_changes_in_the_order_of_a_real_node(bench: Bench) -> None:
    start = bench.now()
    bench.start("raise SystemExit(2)")
    bench.await_end()

    seen: list[tuple[str, str]] = []
    for event in bench.server.watch(
        f"{bench.home}/pods",
        until=lambda event: event["object"]["status"]["phase"] == "Failed",
        resourceVersion=start,
    ):
        status = event["object"]["status"]
        state = next(iter((status.get("containerStatuses") or [{}])[0].get("state", {})), "")
        if (status["phase"], state) not in seen:
            seen.append((status["phase"], state))
    assert seen == [
        ("Pending", ""),
        ("Pending", "waiting"),
        ("Running", "running"),
        ("Running", "terminated"),
        ("Failed", "terminated"),
    ]


def test_events_tell_the_story(bench: Bench) -> None:
    bench.run("pass")

    assert set(bench.reasons()) == {"Scheduled", "Pulled", "Created", "Started"}
    # The Job is complete before the event that says so is there.
    eventually(lambda: set(bench.reasons("Job")) == {"SuccessfulCreate", "Completed"})


def test_eight_jobs_run_at_once(bench: Bench) -> None:
    for number in range(8):
        container = {
            "name": "main",
            "image": IMAGE,
            "args": ["-c", "import time; time.sleep(0.5)"],
        }
        template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        body = {"metadata": {"name": f"j{number}"}, "spec": {"template": template}}
        bench.server.post(bench.jobs, body)

    def done() -> int:
        jobs = bench.server.get(bench.jobs).items
        return sum(job["status"].get("succeeded", 0) for job in jobs)

    eventually(lambda: done() == 8)

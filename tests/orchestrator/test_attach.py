"""Runs that others look at and end: from another terminal, from another machine, when killed."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from helper.kube import Kube
from orchestrator import owner
from orchestrator.exits import Exit
from tests.bench import cluster
from tests.example import FOLDER
from tests.orchestrator.machine import AFTER, ENDS_S, QUICK, SLOW, Machine, left

EXAMPLE = ("--replay", str(FOLDER), "--phase", "deployment")


@pytest.fixture
def kube(machine: Machine) -> Iterator[Kube]:
    with cluster.connected(machine.kubeconfig) as kube:
        yield kube


def test_a_run_is_followed_and_cancelled_by_others(here: Machine, kube: Kube) -> None:
    run_id = here.detached()
    with here.start("attach", run_id) as attached:
        status = json.loads(here.end("status", run_id, "--local", "-o", "json").stdout)
        cancelled = here.end("cancel", run_id)
        _, seen = attached.communicate(timeout=ENDS_S)

    assert status["state"] == "running"
    assert cancelled.returncode == Exit.OK, cancelled.stderr
    assert f"run {run_id} has ended: terminated (exit 143)" in cancelled.stderr
    assert attached.returncode == Exit.TERMINATED
    assert f"passed     conformance/{QUICK}" in seen
    assert f"other      conformance/{SLOW}: cancelled by " in seen
    assert "terminated (exit 143)\n" in seen
    words = f"cancelled by {owner.myself()}"
    assert here.verdicts(run_id) == {
        QUICK: ("passed", ""),
        SLOW: ("other", words),
        AFTER: ("skipped", f"not run: {words}"),
    }
    assert left(kube, run_id) == []


def test_a_run_that_is_over_has_its_summary_and_its_code(here: Machine) -> None:
    run_id = here.detached()
    here.end("cancel", run_id, "--now")

    attached, cancelled = here.end("attach", run_id[:17]), here.end("cancel", run_id)

    assert attached.returncode == Exit.TERMINATED
    assert "running    " not in attached.stderr
    assert "terminated (exit 143)\n" in attached.stderr
    assert f"go on with: aicr-orch validate --resume {run_id}" in attached.stderr
    assert cancelled.returncode == Exit.USAGE
    assert f"run {run_id} is over (exit 143); its report is" in cancelled.stderr


def test_ctrl_c_leaves_the_run_to_itself(here: Machine) -> None:
    run_id = here.detached()
    with here.start("attach", run_id) as attached:
        assert attached.stderr
        while SLOW not in attached.stderr.readline():
            assert attached.poll() is None
        attached.send_signal(signal.SIGINT)
        _, said = attached.communicate(timeout=ENDS_S)

    assert attached.returncode == Exit.INTERRUPTED
    assert f"to end it: aicr-orch cancel {run_id}" in said
    assert "Traceback" not in said
    assert owner.lives(here.folder(run_id))


def test_whose_reader_has_left_leaves_too(here: Machine) -> None:
    run_id = here.detached()
    with here.start("attach", run_id) as attached:
        assert attached.stderr
        attached.stderr.close()  # as `head` does once it has seen enough
        code = attached.wait(timeout=ENDS_S)

    assert code == Exit.INTERRUPTED
    assert owner.lives(here.folder(run_id))
    here.end("cancel", run_id, "--now")


def test_a_killed_run_is_not_taken_for_a_slow_one(here: Machine) -> None:
    run_id = here.detached()
    with here.start("attach", run_id) as attached:
        assert attached.stderr
        while SLOW not in attached.stderr.readline():
            assert attached.poll() is None
        here.process(run_id).tell(signal.SIGKILL)
        _, seen = attached.communicate(timeout=ENDS_S)
    later, cancelled = here.end("attach", run_id), here.end("cancel", run_id)
    status = json.loads(here.end("status", run_id, "--local", "-o", "json").stdout)

    for code, said in ((attached.returncode, seen), (later.returncode, later.stderr)):
        assert code == Exit.INCONCLUSIVE
        assert f"run {run_id} was killed: its process ended without a word; 1 of 3" in said
        assert f"aicr-orch validate --resume {run_id}" in said
        assert f"aicr-orch report render {run_id} -o html=report.html" in said
        assert "had not ended when the run did" in said
    assert cancelled.returncode == Exit.USAGE
    assert f"run {run_id} was killed, no process is left to be told" in cancelled.stderr
    assert f"aicr-orch gc --run-id {run_id}" in cancelled.stderr
    assert status["state"] == "cut short"


def test_a_run_that_was_not_detached_is_followed_as_well(here: Machine) -> None:
    assert here.end("validate", *EXAMPLE).returncode == Exit.OK
    (run,) = (here.home / "aicr-orch/runs").glob("*")

    attached = here.end("attach", run.name)

    assert attached.returncode == Exit.OK
    assert "operator-health" in attached.stderr


def test_a_run_of_another_machine_is_ended_through_the_cluster(
    here: Machine, tmp_path_factory: pytest.TempPathFactory, kube: Kube
) -> None:
    there = replace(here, home=tmp_path_factory.mktemp("there"))
    run_id = here.detached()
    with there.start("attach", run_id) as attached:
        assert attached.stderr
        while f"passed     conformance/{QUICK}" not in attached.stderr.readline():
            assert attached.poll() is None

        cancelled = there.end("cancel", run_id)
        _, seen = attached.communicate(timeout=ENDS_S)

    assert cancelled.returncode == Exit.OK, cancelled.stderr
    assert f"run {run_id} was told to end, through the cluster" in cancelled.stderr
    assert attached.returncode == Exit.INCONCLUSIVE
    assert f"run {run_id} is over" in seen
    ended = here.end("attach", run_id)
    assert ended.returncode == Exit.TERMINATED
    assert here.verdicts(run_id)[AFTER][1] == f"not run: cancelled by {owner.myself()}"
    assert left(kube, run_id) == []


def test_a_run_that_has_not_begun_is_not_taken_for_a_killed_one(here: Machine) -> None:
    run_id = "20200101-000000-0123456789abcdef"
    here.folder(run_id).mkdir(parents=True)

    said = here.end("attach", run_id)

    assert said.returncode == Exit.INCONCLUSIVE
    assert f"run {run_id} has not begun, or was refused" in said.stderr
    assert "gc" not in said.stderr


@pytest.mark.parametrize("command", ["attach", "cancel"])
def test_a_run_that_nobody_knows_is_wrong_usage(here: Machine, command: str) -> None:
    unknown = "20200101-000000-0123456789abcdef"

    said = here.end(command, unknown)

    assert said.returncode == Exit.USAGE
    assert f"run {unknown}: known neither here nor in the cluster" in said.stderr

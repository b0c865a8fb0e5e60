"""What --keep leaves in the cluster: Jobs whose check is over, and nothing that could go on."""

from dataclasses import replace
from typing import Any

import pytest

from helper.kinds import CONFIG_MAPS, JOBS, PODS
from orchestrator.events import CheckProgressed, Event, Notice
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.settings import Keep, RunSettings
from orchestrator.verdict import PATIENCE_S, Stage
from tests.orchestrator.engine import Engine, Finished, entry, everything, node, script

FAILURES = RunSettings(keep=Keep.ON_FAILURE)
UNPULLABLE = {"waiting": {"reason": "ErrImagePull", "message": "registry is away"}}


def stays(done: Finished) -> list[tuple[str, str]]:
    """Kind and check of the Jobs and pods that are still there."""
    return sorted(
        (obj["kind"], obj["metadata"]["labels"]["aicr.run/check"])
        for obj in everything(done.cluster)
        if obj["kind"] in (JOBS.kind, PODS.kind)
    )


def config_maps(done: Finished) -> list[str]:
    """The ConfigMaps of the run that are still there."""
    return [
        obj["metadata"]["name"]
        for obj in everything(done.cluster)
        if obj["kind"] == CONFIG_MAPS.kind and obj["metadata"].get("labels")
    ]


def interrupt_when_running(check: str) -> Any:
    """End the run as soon as a check runs."""
    running = (check, Stage.RUNNING)

    def interrupt(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckProgressed) and (event.check, event.stage) == running:
            run.stop.request(Exit.INTERRUPTED, "asked to")

    return interrupt


@pytest.mark.parametrize("keep", [Keep.ON_FAILURE, Keep.ALWAYS])
def test_a_check_that_is_stopped_is_never_kept_for_it_would_go_on(keep: Keep) -> None:
    """Without its account and its lock, which another run may have by then."""
    engine = Engine(
        [entry("alpha", locks=["gpu"])],
        [script("alpha", exitCode=None)],
        settings=RunSettings(keep=keep),
    )

    done = engine.run(interrupt_when_running("alpha"))

    assert done.result.exit is Exit.INTERRUPTED
    assert stays(done) == []
    assert config_maps(done) == []
    assert (done.result.audit.left, done.result.audit.kept) == ((), ())
    (told,) = [event for event in done.told(Notice) if "not kept" in event.text]
    assert told.text.startswith("alpha: its Job is not kept: it is not over")


def test_of_a_stopped_run_what_is_over_is_kept() -> None:
    entries = [entry("alpha"), entry("beta")]
    pods = [script("alpha", exitCode=1), script("beta", exitCode=None)]
    engine = Engine(entries, pods, settings=replace(FAILURES, max_parallel=1))

    done = engine.run(interrupt_when_running("beta"))

    assert stays(done) == [("Job", "alpha"), ("Pod", "alpha")]
    assert done.result.audit.kept == (done.outcome("alpha").extra["job"],)
    assert done.result.audit.left == ()


@pytest.mark.parametrize(
    ("pod", "raw_status"),
    [
        pytest.param(UNPULLABLE, "ErrImagePull", id="its-image-may-come"),
        pytest.param({"exitCode": 0}, "Unschedulable", id="a-node-may-come"),
    ],
)
def test_a_check_that_could_still_begin_is_not_kept(pod: dict[str, Any], raw_status: str) -> None:
    hasty = {**PATIENCE_S, Stage.PULLING: 0.2, Stage.PENDING: 0.2}
    full = {"cpu": "1m", "memory": "1Gi", "pods": "110"}
    one = node() if pod is UNPULLABLE else node(capacity=full, allocatable=full)
    settings = replace(FAILURES, patience_s=hasty)

    done = Engine([entry("alpha")], [script("alpha", **pod)], [one], settings=settings).run()

    assert done.outcome("alpha").raw_status == raw_status
    assert stays(done) == []
    assert config_maps(done) == []
    assert done.result.audit.kept == ()


def test_where_no_job_was_made_nothing_is_kept() -> None:
    """Neither of a check that is not in the catalog nor of one whose Job was refused."""
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha")])
    cluster.faults.append(Fault(verb="create", resource="jobs", status=403, message="no"))
    selected = [("conformance", "alpha"), ("conformance", "unheard-of")]

    done = Engine([entry("alpha")], cluster=cluster, selected=selected, settings=FAILURES).run()

    assert done.outcome("alpha").raw_status == "DeployError"
    assert done.outcome("unheard-of").status is not Status.PASSED
    assert config_maps(done) == []
    assert (done.result.audit.left, done.result.audit.kept) == ((), ())


def test_the_job_of_an_earlier_part_of_the_run_is_not_told_as_kept() -> None:
    first = Engine([entry("alpha")], [script("alpha", exitCode=1)], settings=FAILURES).run()
    earlier = {("conformance", "alpha"): first.outcome("alpha")}

    done = Engine([entry("alpha")], [script("alpha")], settings=FAILURES, earlier=earlier).run()

    assert done.outcome("alpha").extra["resumed"] is True
    assert config_maps(done) == []
    assert (done.result.audit.left, done.result.audit.kept) == ((), ())


def test_a_job_that_could_not_be_removed_beside_one_that_is_kept_is_looked_for_again() -> None:
    cluster = ReplayCluster(
        objects=[node()], outcomes=[script("alpha", exitCode=1), script("beta", exitCode=0)]
    )
    cluster.faults.append(Fault(verb="delete", resource="jobs", status=403, message="no", times=1))

    done = Engine([entry("alpha"), entry("beta")], cluster=cluster, settings=FAILURES).run()

    assert stays(done) == [("Job", "alpha"), ("Pod", "alpha")]
    assert done.result.audit.left == ()

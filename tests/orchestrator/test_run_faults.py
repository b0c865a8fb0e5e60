"""Runs in a cluster where things go wrong: what is transient changes no verdict."""

import pytest

from orchestrator.outcome import Outcome, Status
from orchestrator.replay import PodOutcome, ReplayCluster
from orchestrator.replay.faultspec import parse_fault
from orchestrator.settings import RunSettings
from orchestrator.verdict import Stage
from tests.orchestrator.engine import Engine, Finished, entry, node, script

QUICK = RunSettings(patience_s={Stage.PULLING: 0.6, Stage.PENDING: 0.5})
CHECKS = ("passes", "fails", "skips")
FOREVER = PodOutcome.model_validate(
    {"match": {"labels": {"aicr.run/check": "hit"}}, "outcome": {"log": "half\n"}}
)


def run(entries: list[str], pods: list[PodOutcome], *faults: str) -> Finished:
    cluster = ReplayCluster([node()], outcomes=pods)
    for text in faults:
        cluster.inject(parse_fault(text))
    return Engine([entry(name) for name in entries], settings=QUICK, cluster=cluster).run()


def hit(*faults: str) -> Outcome:
    """What becomes of a check that would run for ever, and of its unhurt neighbour."""
    finished = run(["hit", "spared"], [FOREVER, script("spared")], *faults)

    assert finished.outcome("spared").status is Status.PASSED
    assert finished.result.leftovers == ()
    return finished.outcome("hit")


@pytest.mark.parametrize(
    "fault",
    [
        "429:retry-after=0",
        "429:verb=create,every=2,retry-after=0",
        "500",
        "500:status=503,every=2",
        "500:verb=create,every=2",
        "slow:seconds=20ms",
        "dropped-watch:seconds=0,times=4",
        "restart:seconds=0.3,after=0",
        "clock-jump:seconds=7200,after=0",
        "clock-jump:seconds=-7200,after=0",
    ],
)
def test_transient_trouble_changes_no_verdict(fault: str) -> None:
    pods = [
        script("passes", delaySeconds=0.3),
        script("fails", exitCode=1, message="found it", delaySeconds=0.2),
        script("skips", exitCode=2, message="not here"),
    ]
    finished = run(list(CHECKS), pods, fault)

    found = {name: finished.outcome(name) for name in CHECKS}
    assert {name: outcome.status for name, outcome in found.items()} == {
        "passes": Status.PASSED,
        "fails": Status.FAILED,
        "skips": Status.SKIPPED,
    }
    assert (found["fails"].message, found["skips"].message) == ("found it", "not here")
    assert finished.result.leftovers == ()


def test_an_evicted_check_has_no_verdict_and_says_why() -> None:
    outcome = hit("eviction:check=hit,message=The node was low on resource: memory.")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "Evicted")
    assert "The node was low on resource: memory." in outcome.message


@pytest.mark.parametrize(("by", "raw"), [("api", "PodDeleted"), ("scheduler", "Preempted")])
def test_a_check_that_is_pushed_out_has_no_verdict(by: str, raw: str) -> None:
    outcome = hit(f"eviction:check=hit,by={by}")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, raw)


def test_a_check_on_a_node_that_is_removed_is_lost_with_it() -> None:
    cluster = ReplayCluster([node(), node("node-2")], outcomes=[FOREVER])
    cluster.inject(parse_fault("node-lost:check=hit,removed=true"))
    outcome = Engine([entry("hit")], cluster=cluster).run().outcome("hit")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "NodeLost")
    assert "node no longer exists" in outcome.message


def test_a_check_out_of_memory_names_its_limit() -> None:
    outcome = hit("oom:check=hit")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "OOMKilled")
    assert (outcome.exit_code, "its limit of 1Gi" in outcome.message) == (137, True)


def test_a_check_whose_image_cannot_be_pulled_is_given_up() -> None:
    outcome = hit("image-pull:check=hit,message=no such host")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "ImagePullBackOff")
    assert "no such host" in outcome.message


def test_a_check_that_fits_nowhere_is_given_up() -> None:
    outcome = hit("unschedulable:check=hit,reason=Insufficient nvidia.com/gpu")

    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "Unschedulable")
    assert "1 Insufficient nvidia.com/gpu" in outcome.message


def test_a_fault_strikes_as_many_pods_as_it_says() -> None:
    pods = [script(name, delaySeconds=0.5) for name in ("a", "b", "c")]
    finished = run(["a", "b", "c"], pods, "oom:times=2")

    raw = sorted(finished.outcome(name).raw_status for name in ("a", "b", "c"))
    assert raw == ["", "OOMKilled", "OOMKilled"]

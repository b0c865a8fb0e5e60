"""What is costly, what it waits for, and what a run does with it."""

from collections.abc import Sequence
from typing import Any

import pytest

from helper.check import SkipCode
from helper.depth import Depth
from helper.models import ValidationInput
from orchestrator import catalog, gate
from orchestrator.catalog import Entry
from orchestrator.depth import limit
from orchestrator.exits import Exit
from orchestrator.gate import Gate
from orchestrator.outcome import Outcome, Status
from orchestrator.plan import Plan
from orchestrator.processes.runnable import restrict
from orchestrator.replay import PodOutcome
from orchestrator.settings import RunSettings
from tests.orchestrator import samples
from tests.orchestrator.engine import Engine, Finished, entry, script
from tests.orchestrator.samples import outcome

MEASURES = "measures performance"
COSTLY = RunSettings(gate=Gate.COSTLY)
CHECKS = (
    entry("installed", phase="deployment"),
    entry("stress", phase="conformance", locks=["gpu"], timeout="10m"),
    entry("offered", phase="conformance"),
    entry("bandwidth", phase="performance"),
)


def planned(*entries: dict[str, Any]) -> Plan:
    config: dict[str, Any] = {}
    for item in entries:
        config.setdefault(item["phase"], {"checks": []})["checks"].append(item["name"])
    given = ValidationInput.model_validate({"config": config})
    phases = ["deployment", "conformance", "performance"]
    return samples.plan(*entries, given=given, phases=phases)


def run(*pods: PodOutcome, settings: RunSettings = COSTLY, **changes: Any) -> Finished:
    told = {pod.match.labels["aicr.run/check"] for pod in pods}
    rest = [script(item["name"]) for item in CHECKS if item["name"] not in told]
    return Engine(CHECKS, [*pods, *rest], settings=settings, **changes).run()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "", id="cheap"),
        pytest.param({"needs": {"gpus": 8}}, "needs free GPUs", id="needs"),
        pytest.param({"locks": ["slurm"]}, "holds slurm", id="a-lock"),
        pytest.param({"phase": "performance"}, "measures performance", id="phase"),
        pytest.param(
            {"phase": "performance", "locks": ["gpu", "autoscaling"]},
            "holds gpu, autoscaling, measures performance",
            id="several",
        ),
    ],
)
def test_a_check_is_costly_for_what_it_takes(changes: dict[str, Any], words: str) -> None:
    assert gate.cost(Entry.model_validate(samples.entry(**changes))) == words


def test_what_no_catalog_has_costs_nothing() -> None:
    assert gate.cost(None) == ""


def test_the_measurements_of_the_catalog_are_costly_and_what_only_reads_is_cheap() -> None:
    shipped = catalog.built_in()

    for name in ("nccl-all-reduce-bw", "inference-perf", "check-nvidia-smi"):
        assert gate.cost(shipped.find(name))
    for name in ("operator-health", "dra-support", "platform-health"):
        assert not gate.cost(shipped.find(name))


def test_costly_checks_wait_for_all_of_earlier_phases_and_the_cheap_ones_of_their_own() -> None:
    plan = planned(*CHECKS)

    assert [item.name for item in gate.below(plan, plan.phases[1])] == ["installed", "offered"]
    assert [item.name for item in gate.below(plan, plan.phases[2])] == [
        "installed",
        "stress",
        "offered",
    ]


def test_without_a_gate_nothing_waits() -> None:
    first, later = gate.stages(planned(*CHECKS).phases[1].checks, Gate.NONE)

    assert ([item.name for item in first], later) == (["stress", "offered"], [])


def skipped(code: str) -> Outcome:
    return outcome("beta", Status.SKIPPED, facts={"skip": code})


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        pytest.param([], "", id="nothing-before"),
        pytest.param([outcome()], "", id="passed"),
        pytest.param([skipped("not-applicable")], "", id="out-of-scope"),
        pytest.param([skipped("user-excluded")], "", id="left-out"),
        pytest.param([skipped("depth")], "", id="left-out-for-its-depth"),
        pytest.param([outcome(status=Status.FAILED)], "alpha failed", id="failed"),
        pytest.param([outcome(status=Status.OTHER)], "alpha gave no verdict", id="no-verdict"),
        pytest.param([skipped("no-permission")], "beta was skipped", id="not-allowed-to-look"),
        pytest.param([skipped("gated")], "beta was skipped", id="gated-itself"),
        pytest.param(
            [outcome(facts={"coverage": {"seen": 1, "total": 2}})],
            "alpha passed without having seen everything",
            id="half",
        ),
        pytest.param(
            [outcome(status=Status.FAILED), skipped("no-capacity")],
            "alpha failed, beta was skipped",
            id="several",
        ),
    ],
)
def test_whatever_leaves_something_unproven_hinders(
    outcomes: Sequence[Outcome], words: str
) -> None:
    found = gate.hindrance(outcomes, 1.0)

    assert bool(found) is bool(words)
    assert words in found


def test_a_run_whose_cheap_checks_are_well_runs_everything_and_the_cheap_ones_first() -> None:
    done = run()

    assert done.result.exit is Exit.OK
    names = [item.check for phase in done.result.phases for item in phase.outcomes]
    assert names == ["installed", "stress", "offered", "bandwidth"]  # the catalog's order
    finished = [item.check for item in done.kept]
    assert finished == ["installed", "offered", "stress", "bandwidth"]


def test_a_costly_check_does_not_start_after_a_failed_cheap_one() -> None:
    done = run(script("offered", exitCode=1, message="no devices"))

    stress, bandwidth = done.outcome("stress"), done.outcome("bandwidth")
    assert (stress.status, stress.facts) == (Status.SKIPPED, {"skip": "gated"})
    assert stress.message == (
        "not run: offered failed; repair that first, or give --gate none to run it all the same"
    )
    assert bandwidth.message == stress.message  # the cause, not what followed from it
    assert done.result.exit is Exit.FAILED
    assert done.result.complete
    jobs = [r for r in done.cluster.requests if (r.method, r.action.resource) == ("POST", "jobs")]
    assert len(jobs) == 2


def test_an_earlier_phase_gates_a_later_one() -> None:
    done = run(script("installed", exitCode=3))

    assert "installed gave no verdict" in done.outcome("stress").message
    assert done.outcome("offered").status is Status.PASSED
    assert done.outcome("bandwidth").facts == {"skip": "gated"}
    assert done.result.exit is Exit.INCONCLUSIVE


def test_a_check_that_does_not_apply_gates_nothing() -> None:
    done = run(script("offered", exitCode=2, log='FACT: {"skip": "not-applicable"}\n'))

    assert done.outcome("bandwidth").status is Status.PASSED


def test_without_a_gate_everything_runs() -> None:
    done = run(script("installed", exitCode=1), settings=RunSettings())

    assert done.outcome("stress").status is Status.PASSED
    assert done.outcome("bandwidth").status is Status.PASSED


def test_fail_fast_gates_what_it_leaves_out() -> None:
    done = run(script("installed", exitCode=1), settings=RunSettings(fail_fast="phase"))

    assert done.outcome("offered").facts == {"skip": "gated"}
    assert done.outcome("offered").message == "skipped due to previous phase failure"
    assert done.result.complete


def test_a_check_is_no_cheaper_for_being_left_out() -> None:
    image = "ghcr.io/aicr-orch/validator-performance:latest"
    load = entry("load", "performance", image=image, workloads="always", locks=["gpu"])
    plan = restrict(planned(load, entry("latency", "performance", image=image)))

    assert [check.skip for check in plan.checks] == [SkipCode.PRECONDITION, None]
    assert gate.below(plan, plan.phases[2]) == []
    assert gate.foreseen(plan, Gate.COSTLY) == plan


def test_what_only_looks_is_costly_for_what_it_measures_and_not_for_what_it_does_not_take() -> None:
    taking: dict[str, Any] = {"workloads": "partly", "locks": ["gpu"], "needs": {"gpus": 1}}
    entries = [entry("looks", **taking), entry("measures", "performance", **taking)]

    full, fast = planned(*entries), limit(planned(*entries), Depth.FAST)

    both = "needs free GPUs, holds gpu"
    assert [gate.cost_in_plan(item) for item in full.checks] == [both, f"{both}, {MEASURES}"]
    assert [gate.cost_in_plan(item) for item in fast.checks] == ["", MEASURES]
    assert gate.stages(fast.phases[1].checks, Gate.COSTLY) == ([fast.checks[0]], [])


def test_a_plan_knows_what_cannot_start() -> None:
    absent = entry("offered", available=False)
    plan = planned(CHECKS[0], CHECKS[1], absent, CHECKS[3])

    found = gate.foreseen(plan, Gate.COSTLY)

    assert [check.skip for check in found.checks] == [None, SkipCode.GATED, None, SkipCode.GATED]
    assert "offered gave no verdict" in found.checks[1].refusal
    assert gate.foreseen(plan, Gate.NONE) is plan

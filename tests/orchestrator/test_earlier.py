import json
from pathlib import Path
from typing import Any

import pytest

from helper.kinds import CONFIG_MAPS
from helper.kube import Kube
from orchestrator import ctrf, earlier, overhead, plan, recipe
from orchestrator.catalog import Catalog
from orchestrator.errors import ClusterError
from orchestrator.events import CheckStarted, Event, Notice, PhaseStarted
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, PhaseStatus, Split, Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.result import Audit
from orchestrator.run import Run
from orchestrator.rundir import RunDir
from orchestrator.settings import Keep, RunSettings
from tests.orchestrator.engine import (
    NAMESPACE,
    RUN_ID,
    Engine,
    entry,
    everything,
    node,
    script,
    served,
)

CATALOG = Catalog.model_validate({"validators": [entry("alpha"), entry("beta")]})
RECIPE = recipe.parse(
    "kind: RecipeResult\nvalidation: {conformance: {checks: [alpha, beta]}}\n", "recipe.yaml"
)
FULL = Outcome(
    check="alpha",
    phase="conformance",
    status=Status.FAILED,
    message="2 of 3",
    raw_status="",
    exit_code=1,
    started=1_700_000_000.5,
    stopped=1_700_000_001.5,
    stdout=("--- Nodes ---", "a"),
    stderr=("level=INFO",),
    facts={"coverage": {"seen": 2, "total": 3}, "measured": [{"name": "bandwidth"}]},
    extra={"node": "node-1", "attempts": 2},
    split=Split(wait_s=0.5, run_s=1.0, collect_s=0.25),
)


def test_a_result_is_read_back_as_it_was_written() -> None:
    assert earlier.outcome(json.loads(json.dumps(ctrf.test(FULL)))) == FULL


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param({"name": "alpha", "status": "passed"}, id="no-suite"),
        pytest.param({"name": "alpha", "status": "green", "suite": ["x"]}, id="no-verdict"),
        pytest.param({"name": "", "status": "passed", "suite": ["x"]}, id="no-name"),
        pytest.param({"name": "alpha", "status": "passed", "suite": [[1]]}, id="odd-suite"),
    ],
)
def test_what_is_no_result_counts_as_none(test: Any) -> None:
    assert earlier.outcome(test) is None


def test_results_that_a_crash_left_half_written_count_as_none(tmp_path: Path) -> None:
    RunDir(tmp_path).keep(FULL)
    (tmp_path / "checks/conformance.beta.json").write_text('{"name": "beta", "stat')
    (tmp_path / "checks/conformance.gamma.json").write_bytes(b"\xff\xfe")

    assert dict(earlier.from_folder(tmp_path)) == {("conformance", "alpha"): FULL}


@pytest.mark.parametrize(
    "unfinished",
    [
        Outcome("alpha", "conformance", Status.OTHER, "cancelled", "Cancelled"),
        Outcome("alpha", "conformance", Status.SKIPPED, "not run", facts={"skip": "not-run"}),
    ],
    ids=["cancelled", "not-run"],
)
def test_what_the_run_itself_cut_short_runs_again(tmp_path: Path, unfinished: Outcome) -> None:
    RunDir(tmp_path).keep(unfinished)

    assert not earlier.from_folder(tmp_path)


def test_no_folder_is_no_result(tmp_path: Path) -> None:
    assert not earlier.from_folder(tmp_path / "none")


def run_of(kube: Kube, **options: Any) -> Run:
    planned = plan.build(CATALOG, RECIPE.input, run_id=RUN_ID)
    return Run(planned, RECIPE, kube, **options)


def of_the_run(cluster: ReplayCluster) -> list[str]:
    wanted = ("aicr.run/run-id", RUN_ID)
    labelled = ((obj, obj["metadata"].get("labels") or {}) for obj in everything(cluster))
    return [obj["metadata"]["name"] for obj, labels in labelled if wanted in labels.items()]


@pytest.fixture
def killed() -> ReplayCluster:
    """A cluster in which a run found out about alpha and left everything where it was."""
    cluster = ReplayCluster(
        objects=[node()], outcomes=[script("alpha", exitCode=1, message="2 of 3"), script("beta")]
    )
    with served(cluster) as kube, run_of(kube, settings=RunSettings(keep=Keep.ALWAYS)) as run:
        run.deploy()
        run.wait()
    with served(cluster) as kube:
        kube.delete(CONFIG_MAPS, f"aicr-result-{RUN_ID}-beta", NAMESPACE)
    return cluster


def test_a_run_that_goes_on_keeps_what_was_found_and_runs_the_rest(killed: ReplayCluster) -> None:
    kept: list[Outcome] = []
    with served(killed) as kube, run_of(kube, earlier={}, keep=kept.append) as run:
        run.deploy()
        started = [e.planned.name for e in run.events() if isinstance(e, CheckStarted)]
        run.wait()

    result = run.result()
    alpha, beta = result.phases[1].outcomes
    assert started == ["beta"]
    assert (alpha.status, alpha.message, alpha.extra["resumed"]) == (Status.FAILED, "2 of 3", True)
    assert (beta.status, "resumed" in beta.extra) == (Status.PASSED, False)
    assert sorted(item.check for item in kept) == ["alpha", "beta"]
    assert result.exit is Exit.FAILED
    assert of_the_run(killed) == []


@pytest.mark.parametrize(("lines", "is_cut"), [(10, False), (1000, True)])
def test_a_result_that_the_cluster_has_not_whole_says_so(lines: int, is_cut: bool) -> None:
    log = f"{chr(0x1F600) * 1000}\n" * lines
    settings = RunSettings(keep=Keep.ALWAYS)
    cluster = Engine([entry("alpha")], [script("alpha", log=log)], settings=settings).run().cluster

    with served(cluster) as kube:
        (alpha,) = earlier.from_cluster(kube, NAMESPACE, RUN_ID).values()

    assert ("cut" in alpha.extra.get("evidence", "")) is is_cut


def test_a_run_in_two_parts_began_with_the_first_and_tells_the_pause(
    killed: ReplayCluster,
) -> None:
    own = Outcome(
        "alpha",
        "conformance",
        Status.PASSED,
        started=1_700_000_000.5,
        stopped=1_700_000_002.5,
        extra={"created": 1_700_000_000_000},
        split=Split(prepare_s=0.25, wait_s=0.5, run_s=2.0),
    )

    with served(killed) as kube, run_of(kube, earlier={("conformance", "alpha"): own}) as run:
        run.deploy()
        run.wait()

    result = run.result()
    assert result.resumed_at
    assert result.started == 1_699_999_999.75
    assert result.earlier == result.phases[1].outcomes[:1]
    assert result.pause_s == result.resumed_at - 1_700_000_002.5
    found = overhead.measured(result.phases[1].outcomes, result.stopped - result.started, 5.0)
    assert found["criticalPath"] == ["conformance/alpha", "conformance/beta"]
    assert found["runSeconds"] == round(result.stopped - result.started - 5.0, 3)


def test_a_phase_of_an_earlier_part_took_as_long_as_it_did_then() -> None:
    own = Outcome("alpha", "conformance", Status.PASSED, started=10.0, stopped=12.0)
    engine = Engine([entry("alpha")], [script("alpha")])
    engine.earlier = {("conformance", "alpha"): own}

    found = engine.run().result.phases[1]

    assert (found.started, found.stopped) == (10.0, 12.0)


def test_what_was_found_before_is_kept_in_the_cluster_again(killed: ReplayCluster) -> None:
    settings = RunSettings(keep=Keep.ALWAYS)
    with served(killed) as kube, run_of(kube, earlier={}, settings=settings) as run:
        run.deploy()
        run.wait()
        found = earlier.from_cluster(kube, NAMESPACE, RUN_ID)

    assert {check for _, check in found} == {"alpha", "beta"}


def test_what_is_on_disk_comes_before_what_is_in_the_cluster(killed: ReplayCluster) -> None:
    own = Outcome("alpha", "conformance", Status.PASSED)

    with (
        served(killed) as kube,
        run_of(kube, earlier={("conformance", "alpha"): own}) as run,
    ):
        run.deploy()
        run.wait()

    assert run.result().phases[1].outcomes[0].status is Status.PASSED


def test_what_was_only_looked_at_is_found_out_again_by_a_run_that_goes_deeper(
    killed: ReplayCluster,
) -> None:
    fast = Outcome("alpha", "conformance", Status.PASSED, extra={"depth": "fast"})

    with served(killed) as kube, run_of(kube, earlier={("conformance", "alpha"): fast}) as run:
        run.deploy()
        run.wait()

    assert run.result().phases[1].outcomes[0].status is Status.FAILED


def test_the_verdict_of_a_run_that_goes_deeper_takes_the_place_of_the_look(
    killed: ReplayCluster,
) -> None:
    fast = Outcome("alpha", "conformance", Status.PASSED, extra={"depth": "fast"})
    settings = RunSettings(keep=Keep.ALWAYS)

    with (
        served(killed) as kube,
        run_of(kube, earlier={("conformance", "alpha"): fast}, settings=settings) as run,
    ):
        run.deploy()
        notices = [event.text for event in run.events() if isinstance(event, Notice)]
        run.wait()
        found = earlier.from_cluster(kube, NAMESPACE, RUN_ID)

    assert found["conformance", "alpha"].status is Status.FAILED
    assert not [words for words in notices if "not kept" in words]


def test_a_run_whose_leftovers_stay_does_not_go_on(
    killed: ReplayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.run.SWEEP_S", 0.5)
    with served(killed) as kube:
        finalizers = {"metadata": {"finalizers": ["example.com/stay"]}}
        kube.patch(CONFIG_MAPS, f"aicr-result-{RUN_ID}-alpha", finalizers, NAMESPACE)
        with pytest.raises(ClusterError, match=r"alpha \(ending, held by example.com/stay\)"):
            run_of(kube, earlier={}).deploy()


def test_a_run_that_is_stopped_before_it_takes_over_does_not_vouch_for_the_cluster(
    killed: ReplayCluster,
) -> None:
    own = Outcome("alpha", "conformance", Status.FAILED)
    before = of_the_run(killed)

    with served(killed) as kube, run_of(kube, earlier={("conformance", "alpha"): own}) as run:
        run.cancel("asked to")
        run.deploy()
        notices = [event.text for event in run.events() if isinstance(event, Notice)]

    result = run.result()
    assert result.audit == Audit(was_made=False)
    assert any(f"aicr-orch gc --run-id {RUN_ID}" in words for words in notices)
    assert before
    assert of_the_run(killed) == before
    alpha, beta = result.phases[1].outcomes
    assert (alpha.status, alpha.extra["resumed"]) == (Status.FAILED, True)
    assert (beta.status, beta.facts) == (Status.SKIPPED, {"skip": "not-run"})


def stop_at_once(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
    if isinstance(event, PhaseStarted):
        run.stop.request(Exit.INTERRUPTED, "asked to")


@pytest.mark.parametrize(
    ("settings", "during", "faults"),
    [
        pytest.param(RunSettings(), stop_at_once, (), id="a-stop"),
        pytest.param(RunSettings(fail_fast="phase"), lambda *_: None, (), id="fail-fast"),
        pytest.param(
            RunSettings(),
            lambda *_: None,
            (Fault(verb="create", resource="configmaps", status=403),),
            id="a-preparation-that-fails",
        ),
    ],
)
def test_a_phase_that_is_left_out_keeps_what_was_found_before(
    settings: RunSettings, during: Any, faults: tuple[Fault, ...]
) -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", exitCode=1)])
    cluster.faults.extend(faults)
    entries = [entry("alpha"), entry("gamma", "performance"), entry("delta", "performance")]
    own = Outcome("gamma", "performance", Status.FAILED, "too slow")

    done = Engine(
        entries, cluster=cluster, settings=settings, earlier={("performance", "gamma"): own}
    ).run(during)

    gamma = done.outcome("gamma")
    assert (gamma.status, gamma.message, gamma.extra["resumed"]) == (
        Status.FAILED,
        "too slow",
        True,
    )
    assert done.outcome("delta").status is Status.SKIPPED
    assert done.result.phases[-1].status is PhaseStatus.FAILED


def test_a_verdict_from_before_counts_in_the_exit_code_of_a_run_that_is_stopped() -> None:
    own = Outcome("gamma", "performance", Status.FAILED)
    engine = Engine(
        [entry("alpha"), entry("gamma", "performance")],
        [script("alpha", exitCode=None)],
        settings=RunSettings(timeout_s=0.3),
        earlier={("performance", "gamma"): own},
    )

    assert engine.run().result.exit is Exit.FAILED


def test_a_phase_that_is_left_out_keeps_why_its_checks_cannot_run() -> None:
    entries = [entry("alpha"), entry("gamma", "performance", available=False)]

    done = Engine(entries, [script("alpha", exitCode=None)]).run(stop_at_once)

    assert done.outcome("gamma").raw_status == "NotImplemented"

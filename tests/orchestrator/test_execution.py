import threading
from typing import Any

import pytest

from helper.kinds import CLUSTER_ROLES, CONFIG_MAPS, JOBS, PODS, ROLES, SERVICE_ACCOUNTS
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    Event,
    Notice,
)
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import PhaseStatus, Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.result import Audit
from orchestrator.settings import Keep, RunSettings
from orchestrator.verdict import Stage
from tests.fakes.clock import JumpingClock
from tests.orchestrator.engine import (
    NAMESPACE,
    RUN_ID,
    Engine,
    Finished,
    entry,
    everything,
    node,
    script,
)

NODE_RULE = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}


def left_behind(done: Finished) -> list[str]:
    """Everything in the cluster that carries the run's label."""
    wanted = {"aicr.run/run-id": RUN_ID}
    return [
        f"{obj['kind']} {obj['metadata']['name']}"
        for obj in everything(done.cluster)
        if wanted.items() <= (obj["metadata"].get("labels") or {}).items()
    ]


@pytest.mark.parametrize(
    ("script_of_pod", "status", "code"),
    [
        pytest.param({}, Status.PASSED, Exit.OK, id="exit-0-passes"),
        pytest.param({"exitCode": 1, "message": "2 of 3"}, Status.FAILED, Exit.FAILED, id="exit-1"),
        pytest.param(
            {"exitCode": 2, "message": "off"}, Status.SKIPPED, Exit.INCONCLUSIVE, id="exit-2"
        ),
        pytest.param({"exitCode": 3}, Status.OTHER, Exit.INCONCLUSIVE, id="exit-3-is-no-verdict"),
        pytest.param({"exitCode": 139}, Status.OTHER, Exit.INCONCLUSIVE, id="segmentation-fault"),
        pytest.param({"containerId": False}, Status.OTHER, Exit.INCONCLUSIVE, id="never-ran"),
    ],
)
def test_a_check_ends_as_its_container_did(
    script_of_pod: dict[str, Any], status: Status, code: Exit
) -> None:
    done = Engine([entry("alpha")], [script("alpha", **script_of_pod)]).run()

    assert done.outcome("alpha").status is status
    assert done.result.exit is code
    assert left_behind(done) == []


def test_a_skip_that_the_recipe_explains_leaves_the_run_green_but_unproven() -> None:
    skip = script(
        "alpha", exitCode=2, message="not in recipe", log='FACT: {"skip": "not-applicable"}\n'
    )

    done = Engine([entry("alpha")], [skip]).run()

    assert done.result.exit is Exit.OK
    assert done.result.phases[1].status is PhaseStatus.SKIPPED


def test_evidence_log_lines_and_facts_are_told_apart() -> None:
    log = (
        "--- Nodes ---\nRESULT: looked at 1 of 2 nodes\n"
        'FACT: {"coverage": {"seen": 1, "total": 2, "unit": "nodes", "leftOut": ["n2"]}}\n'
        'time=2026-01-01T00:00:00Z level=INFO msg="PASS"\n'
    )

    done = Engine([entry("alpha")], [script("alpha", log=log)]).run()

    outcome = done.outcome("alpha")
    assert outcome.stdout == ("--- Nodes ---", "RESULT: looked at 1 of 2 nodes")
    assert len(outcome.stderr) == 1
    assert outcome.facts["coverage"]["total"] == 2
    assert done.result.exit is Exit.INCONCLUSIVE  # one of two nodes is not everything


def test_checks_with_the_same_lock_never_run_together() -> None:
    running: set[str] = set()
    most_at_once = []

    def watch(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckStarted):
            running.add(event.planned.name)
        elif isinstance(event, CheckFinished):
            running.discard(event.outcome.check)
        most_at_once.append(len(running))

    names = ["alpha", "beta", "gamma"]
    pods = [script(name, delaySeconds=0.05) for name in names]

    done = Engine([entry(name, locks=["gpu"]) for name in names], pods).run(watch)

    assert max(most_at_once) == 1
    assert done.result.exit is Exit.OK


def test_checks_without_a_common_lock_run_at_once_up_to_the_bound() -> None:
    gate = threading.Barrier(2, timeout=20)
    names = ["alpha", "beta", "gamma"]
    started: list[str] = []

    def meet(_run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckStarted):
            started.append(event.planned.name)
        if isinstance(event, CheckFinished) and not gate.broken and len(started) == 2:
            assert len(started) == 2  # the third waits for a slot

    pods = [script(name, delaySeconds=0.2) for name in names]
    done = Engine([entry(name) for name in names], pods, settings=RunSettings(max_parallel=2)).run(
        meet
    )

    assert sorted(started) == names
    assert [o.check for o in done.result.phases[1].outcomes] == names  # catalog order


def test_each_check_has_its_own_account_with_exactly_its_rights() -> None:
    seen: list[Any] = []
    rule = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
    local = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "namespace": "kube-system"}

    def look(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckFinished):  # told before anything is removed
            kinds = (SERVICE_ACCOUNTS, CLUSTER_ROLES, ROLES)
            seen.extend(
                obj
                for obj in everything(cluster)
                if obj["kind"] in {kind.kind for kind in kinds}
                and (obj["metadata"].get("labels") or {}).get("aicr.run/run-id") == RUN_ID
            )

    pods = [script("alpha")]
    objects = [
        node(),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}},
    ]
    done = Engine([entry("alpha", rbac=[rule, local])], pods, objects).run(look)

    by_kind = {obj["kind"]: obj for obj in seen}
    assert by_kind["ClusterRole"]["rules"] == [rule]
    assert by_kind["Role"]["metadata"]["namespace"] == "kube-system"
    assert by_kind["ServiceAccount"]["metadata"]["namespace"] == NAMESPACE
    assert left_behind(done) == []


def test_a_right_in_a_missing_namespace_is_noticed_and_does_not_stop_the_check() -> None:
    local = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "namespace": "nowhere"}

    done = Engine([entry("alpha", rbac=[local])], [script("alpha")]).run()

    assert done.outcome("alpha").status is Status.PASSED
    assert any("nowhere is missing or ending" in notice.text for notice in done.told(Notice))


@pytest.mark.parametrize(
    ("fail_fast", "later_check", "later_phase"),
    [
        pytest.param("", Status.PASSED, Status.PASSED, id="off-runs-everything"),
        pytest.param("phase", Status.PASSED, Status.SKIPPED, id="phase-skips-later-phases"),
        pytest.param("check", Status.SKIPPED, Status.SKIPPED, id="check-starts-nothing-more"),
    ],
)
def test_fail_fast(fail_fast: str, later_check: Status, later_phase: Status) -> None:
    entries = [
        entry("alpha", "deployment", timeout="10m"),
        entry("beta", "deployment"),
        entry("gamma", "conformance"),
    ]
    pods = [script("alpha", exitCode=1, message="no"), script("beta"), script("gamma")]

    done = Engine(entries, pods, settings=RunSettings(max_parallel=1, fail_fast=fail_fast)).run()

    assert done.outcome("beta").status is later_check
    assert done.outcome("gamma").status is later_phase
    assert done.result.exit is Exit.FAILED


def test_a_check_that_is_not_built_or_not_known_is_never_a_pass() -> None:
    entries = [entry("alpha", available=False), entry("beta", "performance")]
    chosen = [("conformance", "alpha"), ("conformance", "alhpa"), ("conformance", "beta")]

    done = Engine(entries, selected=chosen).run()

    assert done.outcome("alpha").message == "not implemented in this version"
    assert "did you mean alpha" in done.outcome("alhpa").message
    assert "the catalog has it in performance" in done.outcome("beta").message
    assert done.result.exit is Exit.INCONCLUSIVE
    assert not [r for r in done.cluster.requests if r.path.endswith("/jobs") and r.method == "POST"]


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        pytest.param(Exit.INTERRUPTED, Exit.INTERRUPTED, id="interrupted"),
        pytest.param(Exit.TERMINATED, Exit.TERMINATED, id="terminated"),
    ],
)
def test_a_stop_ends_running_checks_keeps_finished_ones_and_leaves_nothing(
    cause: Exit, code: Exit
) -> None:
    def interrupt(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        finished = isinstance(event, CheckFinished) and event.outcome.check == "alpha"
        if finished:
            run.stop.request(cause, "asked to")

    entries = [entry("alpha"), entry("beta"), entry("gamma", "performance")]
    pods = [script("alpha"), script("beta", exitCode=None), script("gamma")]

    done = Engine(entries, pods).run(interrupt)

    assert done.outcome("alpha").status is Status.PASSED
    assert done.outcome("beta").raw_status == "Cancelled"
    assert done.outcome("gamma").status is Status.SKIPPED
    assert done.result.exit is code
    assert not done.result.complete
    assert left_behind(done) == []


def test_the_runs_own_time_bound_ends_it() -> None:
    clock = JumpingClock()

    def let_time_pass(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckProgressed) and event.stage is Stage.RUNNING:
            with run.stop.changed:
                clock.ahead_s = 60.0
                run.stop.changed.notify_all()

    pods, settings = [script("alpha", exitCode=None)], RunSettings(timeout_s=60.0)
    done = Engine([entry("alpha")], pods, settings=settings, clock=clock).run(let_time_pass)

    assert done.outcome("alpha").raw_status == "Cancelled"
    assert done.result.exit is Exit.TIMEOUT
    assert left_behind(done) == []


@pytest.mark.parametrize("resource", ["configmaps", "serviceaccounts", "namespaces", "nodes"])
def test_a_failure_at_any_step_of_the_preparation_leaves_nothing(resource: str) -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha")])
    verb = "list" if resource == "nodes" else "create"
    cluster.faults.append(Fault(verb=verb, resource=resource, status=403, message="no"))

    done = Engine([entry("alpha")], cluster=cluster).run()

    assert done.outcome("alpha").status is not Status.PASSED
    assert done.result.exit in (Exit.PERMISSION, Exit.INCONCLUSIVE)
    assert left_behind(done) == []


def test_a_check_takes_few_requests_beside_its_identity() -> None:
    one = Engine([entry("alpha")], [script("alpha")]).run().cluster.requests
    names = [f"check-{number}" for number in range(6)]
    six = Engine([entry(n) for n in names], [script(n) for n in names]).run().cluster.requests

    identity = 2  # account made and removed; these checks have no rights
    assert (len(six) - len(one)) / 5 - identity <= 6


def test_results_are_kept_before_anything_else_happens_to_them() -> None:
    order: list[str] = []

    def note(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckFinished):
            kept = [
                o for o in everything(cluster) if o["metadata"]["name"].startswith("aicr-result")
            ]
            order.append(f"{event.outcome.check}: {len(kept)} in the cluster")

    done = Engine([entry("alpha")], [script("alpha")]).run(note)

    assert order == ["alpha: 1 in the cluster"]
    assert [outcome.check for outcome in done.kept] == ["alpha"]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        pytest.param(Keep.NEVER, set(), id="never"),
        pytest.param(Keep.ON_FAILURE, {"beta"}, id="on-failure"),
        pytest.param(Keep.ALWAYS, {"alpha", "beta"}, id="always"),
    ],
)
def test_jobs_and_pods_stay_when_asked_to_and_rights_never_do(keep: Keep, kept: set[str]) -> None:
    entries = [entry("alpha", rbac=[NODE_RULE]), entry("beta", rbac=[NODE_RULE], locks=["gpu"])]
    pods = [script("alpha"), script("beta", exitCode=1)]

    done = Engine(entries, pods, settings=RunSettings(keep=keep)).run()

    here = [obj for obj in everything(done.cluster) if obj["kind"] in (JOBS.kind, PODS.kind)]
    checks = {obj["metadata"]["labels"]["aicr.run/check"] for obj in here}
    kinds = {line.split()[0] for line in left_behind(done)}
    assert checks == kept
    assert kinds == ({JOBS.kind, PODS.kind, CONFIG_MAPS.kind} if kept else set())
    assert done.result.leftovers == ()


def test_nothing_stays_of_a_run_without_a_failure() -> None:
    settings = RunSettings(keep=Keep.ON_FAILURE)

    assert left_behind(Engine([entry("alpha")], [script("alpha")], settings=settings).run()) == []


def test_an_image_that_cannot_be_pulled_says_so_long_before_the_budget_is_used_up() -> None:
    settings = RunSettings(patience_s={Stage.PULLING: 0.2})
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}

    done = Engine([entry("alpha")], [script("alpha", waiting=waiting)], settings=settings).run()

    outcome = done.outcome("alpha")
    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "ImagePullBackOff")
    assert "validator-test" in outcome.message
    assert left_behind(done) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_troubles_of_the_api_server_change_no_verdict(status: int) -> None:
    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha")])
    cluster.faults.append(Fault(verb="delete", resource="jobs", status=status, times=2))
    cluster.faults.append(Fault(verb="get", resource="pods/log", status=status, times=2))
    cluster.faults.append(Fault(verb="list", resource="nodes", status=status, times=1))
    cluster.faults.append(Fault(verb="watch", resource="pods", drop=True, times=1))

    done = Engine([entry("alpha")], cluster=cluster).run()

    assert done.outcome("alpha").status is Status.PASSED
    assert done.result.exit is Exit.OK
    assert left_behind(done) == []


def test_the_time_of_a_check_is_told_in_all_its_parts() -> None:
    done = Engine([entry("alpha")], [script("alpha")]).run()

    parts = done.outcome("alpha").split.parts
    assert parts.keys() == {"prepare", "wait", "start", "run", "collect", "clean"}
    assert min(parts.values()) >= 0


def test_the_last_look_at_the_cluster_is_told_even_when_it_finds_nothing() -> None:
    done = Engine([entry("alpha")], [script("alpha")]).run()
    kept = Engine([entry("alpha")], [script("alpha")], settings=RunSettings(keep=Keep.ALWAYS)).run()

    assert done.result.audit == Audit(was_made=True)
    assert kept.result.audit.kept == (kept.outcome("alpha").extra["job"],)
    assert kept.result.audit.left == ()


def test_a_secret_in_a_checks_words_reaches_neither_report_nor_operator() -> None:
    said = 'RESULT: password: hunter2\nFACT: {"apiToken": "abc"}\n'
    pods = [script("alpha", exitCode=1, message="token=abc123def456", log=said)]
    done = Engine([entry("alpha")], pods).run()

    outcome = done.outcome("alpha")
    assert outcome.message == "token=<redacted>"
    assert outcome.extra["redacted"] == 2
    assert [event.line for event in done.told(CheckSaid)] == ["password: <redacted>"]
    assert "hunter2" not in repr(outcome)

from pathlib import Path
from typing import Any

import pytest

from helper.depth import Depth
from helper.placement import Toleration
from orchestrator.errors import UsageError
from orchestrator.gate import Gate
from orchestrator.levels import Level
from orchestrator.options import Options, build
from orchestrator.outcome import DEFAULT_FAIL_ON
from orchestrator.plan import RUN_ID as RUN_ID_FORMAT
from orchestrator.reports.formats import Output
from orchestrator.rights import Rights
from orchestrator.settings import Keep
from orchestrator.target import Target
from orchestrator.verdict import PATIENCE_S, Stage
from tests.orchestrator.samples import RUN_ID

DEFAULTS: dict[str, object] = {
    "recipe": "recipe.yaml",
    "snapshot": None,
    "data": None,
    "replay": None,
    "phase": (),
    "check": (),
    "skip": (),
    "label": (),
    "output": (),
    "kubeconfig": None,
    "context": None,
    "namespace": "aicr-validation",
    "max_parallel": 8,
    "fail_fast": None,
    "gate": "none",
    "depth": "full",
    "fail_on": (),
    "fail_on_error": True,
    "min_coverage": 100.0,
    "timeout": None,
    "node_selector": (),
    "toleration": (),
    "image_pull_secret": (),
    "run_id": None,
    "resume": None,
    "rerun_failed": None,
    "keep": "never",
    "no_cleanup": False,
    "no_wait": False,
    "wait_ready": None,
    "no_cluster": False,
    "detach": False,
    "override_all_images": False,
    "executor": "job",
    "rbac": "scoped",
    "validator_service_account": None,
    "trust_external": False,
    "startup_timeout": "5m",
    "resolve_digests": False,
    "allow_unknown_checks": False,
    "delete_namespace": False,
    "exit_code_compat": None,
    "log_json": False,
    "log_level": None,
    "quiet": False,
    "verbose": False,
    "snapshot_mode": None,
    "debug": False,
}


def options(env: dict[str, str] | None = None, **changes: Any) -> Options:
    return build({**DEFAULTS, **changes}, env or {}, "1.2.3")


def problem(**changes: Any) -> str:
    with pytest.raises(UsageError) as caught:
        options(**changes)
    return str(caught.value)


def test_defaults() -> None:
    found = options()

    assert found.recipe == "recipe.yaml"
    assert (found.snapshot, found.outputs) == ("", ())
    assert found.target == Target()
    assert found.namespace == "aicr-validation"
    assert found.phases == ("deployment", "conformance", "performance")
    assert found.placement.node_selector is None
    assert found.placement.tolerations is None
    assert found.settings.max_parallel == 8
    assert found.settings.min_coverage == 1.0
    assert found.settings.timeout_s is None
    assert found.settings.fail_on == DEFAULT_FAIL_ON
    assert found.settings.keep is Keep.NEVER
    assert (found.settings.gate, found.depth) == (Gate.NONE, Depth.FULL)
    assert not found.debug


def test_processes_do_not_pass_on_in_whose_name_the_cluster_is_asked() -> None:
    assert "--as: checks of --executor process use" in problem(
        **{"as": "jane", "executor": "process"}
    )


def test_the_startup_timeout_is_patience_and_part_of_each_jobs_deadline() -> None:
    found = options(startup_timeout="10m")

    assert found.startup_timeout_s == 600
    assert found.settings.patience_s[Stage.CREATED] == 600
    assert found.settings.patience_s[Stage.STARTING] == 600
    assert found.settings.patience_s[Stage.PULLING] == PATIENCE_S[Stage.PULLING]


@pytest.mark.parametrize(
    ("phase", "asked"),
    [((), False), (("all",), False), (("deployment",), True), (("deployment,conformance",), True)],
)
def test_phases_are_asked_for_by_name_or_not(phase: tuple[str, ...], asked: bool) -> None:
    assert options(phase=phase).asked_phases is asked


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, Level.INFO),
        ({"debug": True}, Level.DEBUG),
        ({"debug": True, "log_level": "warn"}, Level.WARN),
        ({"quiet": True}, Level.WARN),
        ({"verbose": True}, Level.DEBUG),
        ({"verbose": True, "log_level": "warn"}, Level.DEBUG),
    ],
)
def test_debugging_tells_more_unless_the_level_says_otherwise(
    changes: dict[str, Any], level: Level
) -> None:
    assert options(**changes).log_level is level


def test_each_run_gets_a_name_of_its_own() -> None:
    first, second = options().run_id, options().run_id

    assert RUN_ID_FORMAT.fullmatch(first)
    assert first != second


@pytest.mark.parametrize(
    ("changes", "attribute", "value"),
    [
        pytest.param({"output": ["-"]}, "outputs", (Output("ctrf", "-"),), id="output"),
        pytest.param({"snapshot": "s.yaml"}, "snapshot", "s.yaml", id="snapshot"),
        pytest.param({"kubeconfig": "k"}, "target", Target(kubeconfig="k"), id="kubeconfig"),
        pytest.param({"context": "c"}, "target", Target(context="c"), id="context"),
        pytest.param({"namespace": "a" * 63}, "namespace", "a" * 63, id="longest-namespace"),
        pytest.param({"run_id": RUN_ID}, "run_id", RUN_ID, id="run-id"),
        pytest.param({"debug": True}, "debug", True, id="debug"),
        pytest.param({"depth": "fast"}, "depth", Depth.FAST, id="depth"),
        pytest.param(
            {"phase": ("performance,deployment", "deployment")},
            "phases",
            ("performance", "deployment"),
            id="phases-as-given",
        ),
    ],
)
def test_a_flag_becomes_an_option(changes: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(options(**changes), attribute) == value


@pytest.mark.parametrize(
    ("changes", "attribute", "value"),
    [
        pytest.param({"fail_fast": "phase"}, "fail_fast", "phase", id="fail-fast"),
        pytest.param({"fail_fast": "check"}, "fail_fast", "check", id="fail-fast-check"),
        pytest.param({"no_cleanup": True}, "keep", Keep.ALWAYS, id="no-cleanup"),
        pytest.param({"keep": "on-failure"}, "keep", Keep.ON_FAILURE, id="keep"),
        pytest.param({"no_wait": True}, "wait_for_locks", False, id="no-wait"),
        pytest.param({"min_coverage": 95.5}, "min_coverage", 0.955, id="min-coverage"),
        pytest.param({"min_coverage": 0.0}, "min_coverage", 0.0, id="no-coverage-wanted"),
        pytest.param({"gate": "costly"}, "gate", Gate.COSTLY, id="gate"),
        pytest.param({"timeout": "1h30m"}, "timeout_s", 5400.0, id="timeout"),
        pytest.param({"wait_ready": "10m"}, "wait_ready_s", 600.0, id="wait-ready"),
        pytest.param({}, "wait_ready_s", 0.0, id="no-wait-by-default"),
        pytest.param({"max_parallel": 1}, "max_parallel", 1, id="max-parallel"),
        pytest.param(
            {"fail_on": ("failed, skipped",)}, "fail_on", ("failed", "skipped"), id="fail-on-list"
        ),
        pytest.param(
            {"fail_on": ("failed", "other")}, "fail_on", ("failed", "other"), id="fail-on-repeated"
        ),
        pytest.param({"fail_on_error": False}, "fail_on", (), id="report-only"),
        pytest.param(
            {"fail_on_error": False, "fail_on": ("failed",)}, "fail_on", (), id="report-only-wins"
        ),
    ],
)
def test_a_flag_becomes_a_setting_of_the_run(
    changes: dict[str, Any], attribute: str, value: object
) -> None:
    assert getattr(options(**changes).settings, attribute) == value


def test_placement_is_for_workloads_of_checks() -> None:
    found = options(
        node_selector=("pool=gpu,arch=amd64", "zone="),
        toleration=("*", "gpu=yes:NoSchedule,spot:NoExecute"),
        image_pull_secret=("a,b", "c"),
    ).placement

    assert found.node_selector == {"pool": "gpu", "arch": "amd64", "zone": ""}
    assert found.tolerations == (
        Toleration(),
        Toleration("gpu", "yes", "NoSchedule"),
        Toleration("spot", "", "NoExecute"),
    )
    assert found.pull_secrets == ("a", "b", "c")


def test_image_rules_come_from_the_build_and_the_environment() -> None:
    found = options(
        {
            "AICR_CLI_COMMIT": "abc1234",
            "AICR_VALIDATOR_IMAGE_TAG": "v9",
            "AICR_VALIDATOR_IMAGE_REGISTRY": "registry.example",
        }
    ).rules

    assert (found.version, found.commit) == ("1.2.3", "abc1234")
    assert (found.tag, found.registry) == ("v9", "registry.example")
    assert not found.override_all


def test_images_of_others_are_rewritten_on_request_only() -> None:
    assert options(override_all_images=True).rules.override_all


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"recipe": None}, "--recipe is missing", id="no-recipe"),
        pytest.param({"recipe": ""}, "--recipe is missing", id="empty-recipe"),
        pytest.param(
            {"replay": "d", "kubeconfig": "k"}, "--replay is a cluster of its own", id="two-targets"
        ),
        pytest.param(
            {"replay": "d", "context": "c"}, "leave out --kubeconfig and --context", id="context"
        ),
        pytest.param(
            {"run_id": "today"},
            "--run-id today: want YYYYMMDD-HHMMSS, a time that there is, and 16 hex digits",
            id="run-id",
        ),
        pytest.param(
            {"run_id": f"20261332-256199{RUN_ID[15:]}"}, "--run-id", id="run-id-of-no-day"
        ),
        pytest.param({"run_id": RUN_ID.upper()}, "--run-id", id="upper-case-run-id"),
        pytest.param({"run_id": f"{RUN_ID}\n"}, "--run-id", id="run-id-with-a-line-end"),
        pytest.param({"run_id": RUN_ID.replace("0", "\u0660")}, "--run-id", id="digits-of-others"),
        pytest.param({"phase": ("tests",)}, "--phase tests: want one of", id="phase"),
        pytest.param({"phase": ("all,deployment",)}, "--phase all stands", id="all-and-another"),
        pytest.param(
            {"fail_fast": "job"}, "--fail-fast=job: want one of phase, check", id="fail-fast"
        ),
        pytest.param(
            {"fail_on": ("failed", "passed")},
            "--fail-on passed: want some of failed, other, incomplete, skipped",
            id="fail-on",
        ),
        pytest.param(
            {"snapshot_mode": "agent"},
            "--snapshot-mode=agent is not in this version",
            id="snapshot-by-an-agent",
        ),
        pytest.param({"snapshot_mode": "x"}, "--snapshot-mode=x: want api", id="snapshot-mode"),
        pytest.param(
            {"gate": "cosly"},
            "--gate cosly: want one of none, costly, did you mean costly?",
            id="gate",
        ),
        pytest.param({"depth": ""}, "--depth '': want one of fast, full", id="empty-depth"),
        pytest.param({"depth": "deep"}, "--depth deep: want one of fast, full", id="unknown-depth"),
        pytest.param(
            {"depth": "fast", "rbac": "cluster-admin"},
            "--depth fast and --rbac cluster-admin contradict each other",
            id="fast-with-all-rights",
        ),
        pytest.param({"timeout": "90"}, "--timeout: '90' is not a duration", id="no-unit"),
        pytest.param({"timeout": "0s"}, "--timeout 0s: want more than 0", id="no-time"),
        pytest.param({"startup_timeout": "0s"}, "--startup-timeout 0s: want", id="no-start"),
        pytest.param({"startup_timeout": "5"}, "--startup-timeout: '5' is not", id="start-unit"),
        pytest.param(
            {"delete_namespace": True, "no_cleanup": True},
            "--delete-namespace and --keep always contradict",
            id="remove-and-keep",
        ),
        pytest.param({"quiet": True, "verbose": True}, "contradict", id="quiet-and-verbose"),
        pytest.param({"log_level": "all"}, "--log-level all: want one of", id="log-level"),
        pytest.param({"timeout": "-5m"}, "--timeout -5m: want more than 0", id="negative-time"),
        pytest.param({"min_coverage": -1.0}, "--min-coverage -1: want", id="negative-coverage"),
        pytest.param({"min_coverage": 100.1}, "--min-coverage 100.1: want", id="above-everything"),
        pytest.param({"min_coverage": float("nan")}, "--min-coverage nan: want", id="no-number"),
        pytest.param({"namespace": ""}, "--namespace '': want lower-case", id="empty-namespace"),
        pytest.param({"namespace": "Team"}, "--namespace 'Team': want", id="upper-case-namespace"),
        pytest.param({"namespace": "a/b"}, "--namespace 'a/b': want", id="path-for-a-namespace"),
        pytest.param({"namespace": "a" * 64}, "at most 63", id="long-namespace"),
        pytest.param({"node_selector": ("gpu",)}, "node selector 'gpu': want", id="selector"),
        pytest.param(
            {"toleration": ("gpu",)},
            "toleration 'gpu': want *, key:Effect or key=value:Effect",
            id="toleration",
        ),
        pytest.param(
            {"toleration": ("gpu:Sometimes",)},
            "Effect one of NoSchedule, PreferNoSchedule, NoExecute",
            id="toleration-effect",
        ),
    ],
)
def test_names_the_flag_and_what_it_allows(changes: dict[str, Any], said: str) -> None:
    assert said in problem(**changes)


def test_a_recorded_cluster_brings_its_recipe_and_snapshot(tmp_path: Path) -> None:
    for name in ("cluster.yaml", "snapshot.yaml"):
        (tmp_path / name).touch()

    found = options(replay=str(tmp_path), recipe=None)

    assert found.recipe == str(tmp_path / "recipe.yaml")
    assert found.snapshot == str(tmp_path / "snapshot.yaml")


def test_a_recorded_cluster_may_have_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").touch()

    assert options(replay=str(tmp_path), recipe=None).snapshot == ""


def test_what_the_operator_names_wins_over_what_a_recorded_cluster_brings(tmp_path: Path) -> None:
    for name in ("cluster.yaml", "snapshot.yaml"):
        (tmp_path / name).touch()

    found = options(replay=str(tmp_path), recipe="r.yaml", snapshot="s.yaml")

    assert (found.recipe, found.snapshot) == ("r.yaml", "s.yaml")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param({"rbac": "scope"}, "--rbac scope: want one of scoped", id="unknown"),
        pytest.param({"rbac": "existing"}, "need each other", id="without-its-account"),
        pytest.param({"validator_service_account": "x"}, "need each other", id="without-its-mode"),
        pytest.param(
            {"rbac": "existing", "validator_service_account": "A b"}, "'A b': is no name", id="name"
        ),
        pytest.param({"trust_external": True}, "without --rbac cluster-admin", id="trust-of-none"),
    ],
)
def test_the_rights_of_checks_are_said_in_one_way(flags: dict[str, Any], said: str) -> None:
    assert said in problem(**flags)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"executor": "processes"}, "--executor processes: want one of job, process"),
        ({"rbac": "cluster-admin"}, "--rbac cluster-admin is about Jobs"),
        ({"keep": "on-failure"}, "--keep on-failure is about Jobs"),
        ({"no_cleanup": True}, "--keep always is about Jobs"),
        ({"delete_namespace": True}, "--delete-namespace is about Jobs"),
        ({"resolve_digests": True}, "--resolve-digests is about Jobs"),
        ({"output": ("cm://default/report",)}, "--executor process makes nothing"),
    ],
)
def test_with_processes_what_is_about_jobs_is_refused(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build({**DEFAULTS, "executor": "process", **flags}, {}, "v0")


def test_checks_are_jobs_by_default() -> None:
    assert build(DEFAULTS, {}, "v0").executor.name == "job"
    assert build({**DEFAULTS, "executor": "process"}, {}, "v0").executor.is_local


def test_the_rights_of_checks_are_their_own_by_default() -> None:
    assert options().rights == Rights()
    found = options(rbac="cluster-admin", trust_external=True).rights
    assert found == Rights("cluster-admin", trust_external=True)

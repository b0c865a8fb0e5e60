import json
from pathlib import Path

import pytest
import yaml

from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command

EXAMPLE = ("--replay", "examples/eks-h100-inference")
WRONG = """\
apiVersion: aicr.run/v1alpha2
kind: RecipeResult
componentRefs: []
constraints: [{name: K8s.server.version, value: ">= 9.9"}]
validation:
  conformance: {checks: [platform-health]}
"""


@pytest.fixture
def demanding(tmp_path: Path) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(WRONG)
    return str(path)


def test_shows_order_time_rights_and_images_without_a_cluster(aicr: Command) -> None:
    said = aicr("plan", *EXAMPLE)

    assert said.code == Exit.OK
    assert "5 of 5 run, in aicr-validation" in said.out
    assert "at most 37m0s by budgets" in said.out
    assert "no earlier run on this machine" in said.out
    assert "critical  operator-health → dra-support → nccl-all-reduce-bw" in said.out
    assert "4 of 4 readiness constraints hold" in said.out
    assert "image     ghcr.io/aicr-orch/validator-performance" in said.out


def test_earlier_runs_on_this_machine_say_how_long_it_takes(aicr: Command) -> None:
    aicr("validate", *EXAMPLE, "--check", "operator-health", "-o", "/dev/null")

    said = aicr("plan", *EXAMPLE)

    assert "medians of earlier runs for 1 of 5 checks, the others by budget" in said.out
    found = json.loads(aicr("plan", *EXAMPLE, "-o", "json").out)
    assert found["checks"][0]["earlierRuns"] == 1
    assert found["checks"][0]["seconds"] < 60
    assert found["estimate"]["seconds"] < found["estimate"]["atMostSeconds"] == 2220.0


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(("--depth", "fast"), id="fast"),
        pytest.param(("--executor", "process"), id="processes"),
    ],
)
def test_a_run_that_only_looks_is_timed_by_those_that_only_looked(
    aicr: Command, how: tuple[str, ...]
) -> None:
    one = ("validate", *EXAMPLE, "--check", "operator-health", "-o", "/dev/null")
    known = "medians of earlier runs for 1 of"

    first = aicr(*one, *how)

    assert "left, by budgets" in first.err
    assert known in aicr("plan", *EXAMPLE, *how).out
    assert "no earlier run on this machine" in aicr("plan", *EXAMPLE).out
    again, full = aicr(*one, *how), aicr(*one)
    assert "left, by budgets" not in again.err
    assert "left, by budgets" in full.err


def test_takes_the_flags_of_validate(aicr: Command) -> None:
    flags = ("--check", "dra-support", "--fail-fast", "--no-cleanup", "--log-level", "warn")

    found = json.loads(aicr("plan", *EXAMPLE, *flags, "-o", "json").out)

    assert [check["name"] for check in found["checks"] if check["runs"]] == ["dra-support"]
    assert found["checks"][0]["reason"] == "left out by --check dra-support"
    assert found["settings"]["failFast"] == "phase"
    assert found["images"] == ["ghcr.io/aicr-orch/validator-conformance:latest"]


def test_validate_with_dry_run_shows_the_plan_and_makes_nothing(
    aicr: Command, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"

    said = aicr("validate", *EXAMPLE, "--dry-run", "-o", str(report))

    assert (said.code, said.out) == (Exit.OK, aicr("plan", *EXAMPLE).out)
    assert said.err == "aicr-orch: warning: --dry-run: no report is written\n"
    assert not report.exists()
    assert not (tmp_path / "state").exists()


def test_a_dry_run_ends_as_the_run_would_where_its_gate_is_closed(
    aicr: Command, demanding: str
) -> None:
    snapshot = f"{EXAMPLE[1]}/snapshot.yaml"

    assert aicr("validate", "-r", demanding, "-s", snapshot, "--dry-run").code == Exit.USAGE


def test_yaml_is_what_a_run_would_create(aicr: Command) -> None:
    said = aicr("plan", *EXAMPLE, "--check", "dra-support", "-o", "yaml")

    objects = list(yaml.safe_load_all(said.out))
    kinds = [item["kind"] for item in objects]
    assert kinds[:4] == ["ConfigMap", "ConfigMap", "ConfigMap", "ServiceAccount"]
    assert kinds[-1] == "Job"
    assert objects[-1]["metadata"]["labels"]["aicr.run/check"] == "dra-support"
    places = {item["metadata"].get("namespace") for item in objects if item["kind"] == "ConfigMap"}
    assert places == {"aicr-validation"}


def test_yaml_holds_no_token(aicr: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")

    assert "hf_secret" not in aicr("plan", *EXAMPLE, "-o", "yaml").out


def test_without_a_snapshot_the_gate_is_told_to_be_open(aicr: Command, demanding: str) -> None:
    said = aicr("plan", "-r", demanding)

    assert said.code == Exit.OK
    assert "constraints not looked at: 1; give --snapshot or --ask-cluster" in said.out


def test_the_cluster_is_asked_on_request(aicr: Command, demanding: str, tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "cluster.yaml").write_text(
        "apiVersion: replay.aicr.run/v1alpha1\nkind: ReplayCluster\nserverVersion: v1.36.2\n"
    )

    said = aicr("plan", "-r", demanding, "--replay", str(folder), "--ask-cluster")

    assert said.code == Exit.USAGE
    assert "1 of 1 readiness constraints stop the run" in said.out
    assert "want >= 9.9, found v1.36.2" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--output", "report.json"], "is not one of", id="no-report-is-written"),
        pytest.param(["--check", "dra-suport"], "did you mean dra-support?", id="unknown-check"),
        pytest.param(["--phase", "conformace"], "did you mean conformance?", id="unknown-phase"),
    ],
)
def test_wrong_usage_is_one_line(aicr: Command, arguments: list[str], said: str) -> None:
    result = aicr("plan", *EXAMPLE, *arguments)

    assert result.code == Exit.USAGE
    assert said in result.err
    assert (result.err.count("\n"), result.out) == (1, "")


def test_a_gate_is_part_of_the_plan(aicr: Command) -> None:
    said = aicr("plan", *EXAMPLE, "--gate", "costly")
    found = json.loads(aicr("plan", *EXAMPLE, "--gate", "costly", "-o", "json").out)

    assert "cheaper went well: nccl-all-reduce-bw (" in said.out
    assert found["settings"]["gate"] == "costly"
    assert found["checks"][-1]["cost"].endswith("holds gpu, measures performance")
    assert found["checks"][0]["cost"] == ""


def test_what_the_gate_cannot_let_through_never_begins(
    aicr: Command, tmp_path: Path, demanding: str
) -> None:
    path = tmp_path / "gated.yaml"
    checks = "conformance: {checks: [gang-scheduling, cluster-autoscaling]}"
    text = Path(demanding).read_text().replace("conformance: {checks: [platform-health]}", checks)
    path.write_text(text)

    found = json.loads(aicr("plan", "-r", str(path), "--gate", "costly", "-o", "json").out)

    assert [check["skip"] for check in found["checks"]] == ["", ""]  # neither is built
    again = text.replace("cluster-autoscaling", "gang-scheduling, no-such-check").replace(
        "validation:", "validation:\n  performance: {checks: [nccl-all-reduce-bw]}"
    )
    path.write_text(again)
    found = json.loads(aicr("plan", "-r", str(path), "--gate", "costly", "-o", "json").out)
    last = found["checks"][-1]
    assert (last["name"], last["runs"], last["skip"]) == ("nccl-all-reduce-bw", False, "gated")
    assert "gang-scheduling gave no verdict" in last["reason"]


def test_a_fast_plan_has_no_workloads_and_only_reads(aicr: Command) -> None:
    said = aicr("plan", *EXAMPLE, "--depth", "fast")
    found = json.loads(aicr("plan", *EXAMPLE, "--depth", "fast", "-o", "json").out)

    assert "4 of 5 run" in said.out
    assert "depth     fast: no check makes anything" in said.out
    assert found["settings"]["depth"] == "fast"
    assert found["checks"][-1]["skip"] == "depth"
    rules = [rule for check in found["checks"] for rule in check["rights"]["cluster"]]
    assert rules
    assert {verb for rule in rules for verb in rule["verbs"]} <= {"get", "list", "watch"}


def test_the_rights_of_a_fast_run_can_be_printed(aicr: Command) -> None:
    recipe = f"{EXAMPLE[1]}/recipe.yaml"

    fast = aicr("rbac", "print", "-r", recipe, "--depth", "fast").out

    assert "aicr-dra-support" in fast
    assert "aicr-nccl-all-reduce-bw" not in fast
    assert "aicr-nccl-all-reduce-bw" in aicr("rbac", "print", "-r", recipe).out


def test_a_fast_plan_of_measurements_alone_is_wrong_usage(aicr: Command) -> None:
    said = aicr("plan", *EXAMPLE, "--depth", "fast", "--phase", "performance")

    assert said.code == Exit.USAGE
    assert "--depth fast leaves out nccl-all-reduce-bw" in said.err
    assert said.err.count("\n") == 1


def test_of_processes_no_object_and_no_image_is_shown(aicr: Command) -> None:
    said = aicr("plan", *EXAMPLE, "--executor", "process")

    assert "4 of 5 run, as processes of this machine, with your own rights" in said.out
    assert "no check makes anything" in said.out
    assert "image  " not in said.out
    objects = aicr("plan", *EXAMPLE, "--executor", "process", "-o", "yaml").out
    assert list(yaml.safe_load_all(objects)) == []

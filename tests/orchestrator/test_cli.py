import json
import shutil
import socket
from pathlib import Path

import pytest

from helper.models import PHASES
from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command

EXAMPLE = "examples/eks-h100-inference"
RECIPE = """\
apiVersion: aicr.run/v1alpha2
kind: RecipeResult
componentRefs: []
validation:
  conformance:
    checks: [platform-health]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["validat"], "No such command", id="unknown-command"),
        pytest.param(["validate", "--recipe-file", "x"], "No such option", id="unknown-flag"),
        pytest.param(["validate"], "--recipe is missing", id="no-recipe"),
        pytest.param(["validate", "-r", "gone.yaml"], "gone.yaml: no such file", id="no-file"),
        pytest.param(
            ["validate", "-r", "RECIPE", "--phase", "conformace"],
            "did you mean conformance",
            id="phase",
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--phase", "readiness"],
            "want one of",
            id="readiness-is-no-phase",
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--fail-fast=now"], "phase, check", id="fail-fast"
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--fail-on", "red"], "failed, other", id="fail-on"
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--timeout", "5"],
            "not a duration",
            id="timeout-without-unit",
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--max-parallel", "0"], "max-parallel", id="parallel"
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--run-id", "mine"], "16 hex digits", id="run-id"
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--toleration", "a:Never"], "NoSchedule", id="toleration"
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--node-selector", "a"], "key=value", id="selector"
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "-o", "/nowhere/r.json"],
            "/nowhere/r.json",
            id="output-folder",
        ),
        pytest.param(["validate", "-r", "oci://x/r"], "oci:// is not read", id="scheme"),
        pytest.param(
            ["validate", "-r", "RECIPE", "-o", "https://example.com/report"],
            "a report goes to a file",
            id="output-to-a-url",
        ),
        pytest.param(
            ["validate", "-r", "cm://ns/recipe", "-s", "s.yaml", "--no-cluster"],
            "--recipe cm://ns/recipe: --no-cluster asks no cluster",
            id="config-map-without-a-cluster",
        ),
        pytest.param(["validate", "--replay", "gone"], "gone", id="replay-folder"),
        pytest.param(
            ["validate", "--replay", "x", "-k", "y"],
            "leave out --kubeconfig",
            id="replay-and-kubeconfig",
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "-k", "gone"],
            "kubeconfig gone: no such file",
            id="kubeconfig",
        ),
        pytest.param(
            ["validate", "-r", "RECIPE", "--phase", "performance"],
            "selects no check",
            id="empty-selection",
        ),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    aicr: Command, recipe: str, arguments: list[str], words: str
) -> None:
    said = aicr(*(recipe if item == "RECIPE" else item for item in arguments))

    assert said.code == Exit.USAGE
    assert words in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert said.out == ""


def test_a_cluster_that_does_not_answer_is_exit_6(
    aicr: Command, recipe: str, tmp_path: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        f"""\
apiVersion: v1
kind: Config
current-context: dead
clusters: [{{name: dead, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{token: secret-token}}}}]
contexts: [{{name: dead, context: {{cluster: dead, user: me}}}}]
"""
    )

    said = aicr("validate", "-r", recipe, "-k", str(kubeconfig))

    assert said.code == Exit.UNREACHABLE
    assert "connection refused" in said.err
    assert "secret-token" not in said.err + said.out


def test_an_unmet_readiness_constraint_stops_before_anything_is_asked(
    aicr: Command, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.yaml"
    constraint = (
        "constraints:\n- {name: K8s.server.version, value: '>= 1.34', remediation: upgrade}\n"
    )
    recipe.write_text(RECIPE + constraint)
    snapshot = tmp_path / "snapshot.yaml"
    snapshot.write_text(
        "apiVersion: aicr.run/v1alpha2\nkind: Snapshot\nmeasurements:\n"
        "- type: K8s\n  subtypes:\n  - {subtype: server, data: {version: v1.33.1}}\n"
    )

    said = aicr("validate", "-r", str(recipe), "-s", str(snapshot))

    assert said.code == Exit.USAGE
    assert "K8s.server.version: want >= 1.34, found v1.33.1; upgrade" in said.err


def example_without_snapshot(folder: Path, constraint: str = "") -> str:
    """A copy of the example that brings no snapshot, with another first constraint if wanted."""
    copy = folder / "example"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("snapshot.yaml"))
    if constraint:
        recipe = copy / "recipe.yaml"
        recipe.write_text(recipe.read_text().replace('value: ">= 1.34"', f"value: '{constraint}'"))
    return str(copy)


def test_without_a_snapshot_the_cluster_itself_is_gated(aicr: Command, tmp_path: Path) -> None:
    said = aicr("validate", "--replay", example_without_snapshot(tmp_path, ">= 1.99"))

    assert said.code == Exit.USAGE
    assert "K8s.server.version: want >= 1.99, found v1.36.2-eks-4f1c2ab" in said.err
    tests = json.loads(said.out)["results"]["tests"]
    gate = {item["name"]: item["status"] for item in tests if item["suite"] == ["readiness"]}
    checks = {item["status"] for item in tests if item["suite"] != ["readiness"]}
    assert gate["K8s.server.version"] == "failed"
    assert checks == {"skipped"}


@pytest.mark.parametrize(
    ("snapshot", "origin"),
    [
        pytest.param([], "taken through the API at 2", id="taken"),
        pytest.param(["-s", f"{EXAMPLE}/snapshot.yaml"], "file snapshot.yaml", id="given"),
    ],
)
def test_the_report_says_where_the_snapshot_came_from(
    aicr: Command, tmp_path: Path, snapshot: list[str], origin: str
) -> None:
    example = example_without_snapshot(tmp_path)

    said = aicr("validate", "--replay", example, "--phase", "deployment", *snapshot)

    environment = json.loads(said.out)["results"]["environment"]
    assert said.code == Exit.OK, said.err
    assert environment["extra"]["snapshot"].startswith(origin)


def test_images_are_listed_one_a_line(aicr: Command) -> None:
    said = aicr("images", "list")

    names = [line.split(":")[0] for line in said.out.splitlines()]
    assert said.code == Exit.OK
    assert names == [f"ghcr.io/aicr-orch/validator-{phase}" for phase in PHASES]


def test_images_of_a_recipe_are_listed_as_json(
    aicr: Command, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICR_VALIDATOR_IMAGE_TAG", "v9")
    monkeypatch.setenv("AICR_VALIDATOR_IMAGE_REGISTRY", "mirror.example")

    said = aicr("images", "list", "--recipe", recipe, "-o", "json")

    assert json.loads(said.out) == [
        {
            "image": "mirror.example/validator-conformance:v9",
            "pullPolicy": "Always",
            "checks": ["platform-health"],
        }
    ]


def test_lint_accepts_the_built_in_catalog(aicr: Command) -> None:
    said = aicr("catalog", "lint")

    assert said.code == Exit.OK
    assert "21 checks" in said.out


def test_lint_names_entry_field_and_nearest_key(aicr: Command, tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text("validators:\n- {name: a, phase: deployment, image: i, timout: 5m}\n")

    said = aicr("catalog", "lint", str(path))

    assert said.code == Exit.USAGE
    assert "entry a, timout: unknown key, did you mean timeout?" in said.err


def test_without_a_cluster_input_and_plan_are_checked_and_nothing_is_proven(
    aicr: Command, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"

    said = aicr("validate", "--replay", EXAMPLE, "--no-cluster", "-o", str(report))

    tests = json.loads(report.read_text())["results"]["tests"]
    assert said.code == Exit.OK
    assert {test["status"] for test in tests} == {"skipped"}
    assert {test["message"] for test in tests} == {"skipped - no-cluster mode"}


def test_without_a_cluster_a_snapshot_is_needed(aicr: Command, recipe: str) -> None:
    said = aicr("validate", "-r", recipe, "--no-cluster")

    assert said.code == Exit.USAGE
    assert "give --snapshot" in said.err


def test_the_demo_passes_and_its_report_says_that_it_is_a_replay(
    aicr: Command, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"

    said = aicr("validate", "--phase", "all", "--replay", EXAMPLE, "-o", str(report))

    found = json.loads(report.read_text())["results"]
    assert said.code == Exit.OK, said.err
    assert "replay of" in said.err.splitlines()[0]
    assert found["environment"]["extra"]["cluster"] == "replay"
    assert {test["name"]: test["status"] for test in found["tests"]} == {
        "operator-health": "passed",
        "dra-support": "passed",
        "gpu-operator-health": "passed",
        "platform-health": "passed",
        "nccl-all-reduce-bw": "skipped",
    }
    assert all(test["extra"].get("seconds") for test in found["tests"])


def test_a_report_goes_through_links_and_pipes_instead_of_replacing_them(
    aicr: Command, tmp_path: Path
) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)

    aicr("validate", "--replay", EXAMPLE, "--no-cluster", "-o", str(link))

    assert link.is_symlink()
    assert json.loads(target.read_text())["reportFormat"] == "CTRF"


def test_a_state_folder_that_takes_nothing_keeps_no_report_from_its_place(
    aicr: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nope")
    report = tmp_path / "report.json"

    said = aicr("validate", "--replay", EXAMPLE, "--no-cluster", "-o", str(report))

    assert said.code == Exit.OK
    assert report.is_file()
    assert "the run's folder does not take it" in said.err


def test_a_dry_run_never_says_that_checks_passed(aicr: Command, tmp_path: Path) -> None:
    said = aicr("validate", "--replay", EXAMPLE, "--no-cluster", "-o", str(tmp_path / "r.json"))

    assert "nothing was proven" in said.err.splitlines()[-4]
    assert "all selected checks passed" not in said.err


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("conformence: {checks: [platform-health]}", "did you mean conformance"),
        ("conformance: {chekcs: [platform-health]}", "did you mean checks"),
    ],
)
def test_a_misspelt_phase_or_key_takes_no_check_away(
    aicr: Command, tmp_path: Path, block: str, words: str
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"kind: RecipeResult\nvalidation:\n  {block}\n")

    said = aicr("validate", "-r", str(recipe))

    assert said.code == Exit.USAGE
    assert words in said.err

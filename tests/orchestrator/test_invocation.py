"""How the command speaks and ends outside of a run."""

import json
from pathlib import Path

import pytest

from orchestrator.exits import REFERENCE, Exit, number
from orchestrator.invocation import Invocation
from tests.orchestrator.conftest import Command
from tests.source import ROOT

EXAMPLE = str(ROOT / "examples/eks-h100-inference")
DRY = ("validate", "--replay", EXAMPLE, "--no-cluster")
AS_AICR = "--exit-code-compat=aicr"


@pytest.mark.parametrize(
    ("code", "reference"),
    [
        pytest.param(Exit.OK, 0, id="passed-or-rightly-skipped"),
        pytest.param(Exit.FAILED, 8, id="a-check-failed"),
        pytest.param(Exit.USAGE, 2, id="usage-configuration-input-or-readiness"),
        pytest.param(Exit.INCONCLUSIVE, 8, id="no-verdict-or-incomplete"),
        pytest.param(Exit.PERMISSION, 4, id="permission-preflight-failed"),
        pytest.param(Exit.TIMEOUT, 5, id="whole-run-timeout"),
        pytest.param(Exit.UNREACHABLE, 6, id="cluster-or-registry-unreachable"),
        pytest.param(Exit.LEFTOVERS, 0, id="cleanup-left-objects"),
        pytest.param(Exit.INTERNAL, 8, id="internal-error"),
        pytest.param(Exit.INTERRUPTED, 5, id="interrupted"),
        pytest.param(Exit.TERMINATED, 5, id="terminated"),
    ],
)
def test_each_way_out_has_a_number_of_the_reference(code: Exit, reference: int) -> None:
    assert number(code, "aicr") == reference
    assert number(code) == int(code)


def test_the_table_above_is_complete() -> None:
    assert set(REFERENCE) == set(Exit)


@pytest.mark.parametrize("code", Exit)
def test_the_readme_has_both_numbers_of_each_way_out(code: Exit) -> None:
    rows = (ROOT / "README.md").read_text().splitlines()

    assert any(
        row.startswith(f"| {int(code)} |") and row.endswith(f"| {number(code, 'aicr')} |")
        for row in rows
    )


def test_a_missing_input_is_another_number_to_the_reference_only(aicr: Command) -> None:
    missing = ("validate", "-r", "gone.yaml")

    assert aicr(*missing).code == Exit.USAGE
    assert aicr(*missing, AS_AICR).code == 3


def test_a_gate_that_does_not_hold_is_2_for_both(aicr: Command, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("kind: RecipeResult\nvalidation: {}\n")
    bad = ("validate", "-r", str(recipe))

    assert [aicr(*bad).code, aicr(*bad, AS_AICR).code] == [2, 2]


def test_the_summary_and_the_report_name_the_number_that_the_process_ends_with(
    aicr: Command, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("kind: RecipeResult\nvalidation: {conformance: {checks: [no-such]}}\n")

    said = aicr(*DRY, "-r", str(recipe), AS_AICR)

    assert said.code == 8
    assert "(exit 8)" in said.err
    assert json.loads(said.out)["results"]["environment"]["extra"]["exitCode"] == 8


@pytest.mark.parametrize(
    ("arguments", "env", "asked"),
    [
        ([], {}, False),
        (["--log-json"], {}, True),
        (["--log-json=true"], {}, True),
        (["--log-json=false"], {"AICR_LOG_JSON": "1"}, False),
        ([], {"AICR_LOG_JSON": "yes"}, True),
        ([], {"AICR_LOG_JSON": ""}, False),
        (["--log-jsonl"], {}, False),
    ],
)
def test_json_is_known_before_the_flags_are_read(
    arguments: list[str], env: dict[str, str], asked: bool
) -> None:
    assert Invocation.of(arguments, env).log_json is asked


def test_what_somebody_else_wrote_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Invocation().tell("two\nlines\x1b]0;owned\x07")

    assert capsys.readouterr().err == "aicr-orch: two\nlines\\x1b]0;owned\\x07\n"


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        pytest.param(["validate", "-r", "gone.yaml", "--log-json"], "error", id="input"),
        pytest.param(["validate", "--no-such-flag", "--log-json"], "error", id="flag"),
    ],
)
def test_what_ends_the_command_is_a_json_line_too(
    aicr: Command, arguments: list[str], level: str
) -> None:
    said = aicr(*arguments)

    [line] = said.err.splitlines()
    assert said.code == Exit.USAGE
    assert json.loads(line)["level"] == level
    assert json.loads(line)["message"]


def test_with_json_every_line_on_stderr_is_json(
    aicr: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICR_LOG_JSON", "true")

    said = aicr(*DRY)

    events = [json.loads(line)["event"] for line in said.err.splitlines()]
    assert said.code == Exit.OK
    assert (events[0], events[-1]) == ("run-started", "run-finished")
    assert json.loads(said.out)["reportFormat"] == "CTRF"


@pytest.mark.parametrize(("level", "told"), [("info", True), ("error", False)])
def test_the_level_decides_what_is_told(
    aicr: Command, monkeypatch: pytest.MonkeyPatch, level: str, told: bool
) -> None:
    monkeypatch.setenv("AICR_LOG_LEVEL", level)

    said = aicr(*DRY)

    assert ("no cluster, input and plan only" in said.err) is told
    assert "(exit 0)" in said.err


def test_an_unknown_level_is_named_as_it_was_given(
    aicr: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICR_LOG_LEVEL", "loud")

    said = aicr(*DRY)

    assert said.code == Exit.USAGE
    assert "AICR_LOG_LEVEL loud: want one of debug, info, warn, error" in said.err


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["validate", "--recipe", "a", "--recipe", "b"], "--recipe"),
        (["validate", "-r", "a", "--recipe", "b"], "--recipe"),
        (["validate", "--no-cleanup", "--no-cleanup=false"], "--no-cleanup"),
        (["validate", "--timeout", "1s", "--timeout", "1s"], "--timeout"),
        (["rbac", "print", "-r", "a", "-n", "x", "-n", "y"], "--namespace"),
        (["catalog", "lint", "--data", "a", "--data", "b"], "--data"),
    ],
)
def test_a_single_value_is_given_once(aicr: Command, arguments: list[str], flag: str) -> None:
    said = aicr(*arguments)

    assert said.code == Exit.USAGE
    assert f"flag {flag} can only be specified once" in said.err


def test_lists_may_be_given_again(aicr: Command) -> None:
    said = aicr(*DRY, "--phase", "deployment", "--phase", "conformance")

    assert said.code == Exit.OK, said.err

import json

import click
import pytest

from orchestrator.cli import app
from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command


def is_group(command: click.Command) -> bool:
    return isinstance(command, click.Group)


def test_help_names_the_commands(aicr: Command) -> None:
    said = aicr("--help")

    assert said.code == Exit.OK
    assert "validate" in said.out


@pytest.mark.parametrize(
    "group", ["", *(name for name, it in app.commands.items() if is_group(it))]
)
def test_each_command_is_described_whole_in_80_columns(
    aicr: Command, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    said = aicr(*group.split(), "--help").out

    listed = said.partition("Commands:\n")[2].splitlines()
    assert listed
    assert [line for line in listed if line.endswith("...") or len(line) > 80] == []


def test_the_flags_of_a_run_are_told_in_groups(aicr: Command) -> None:
    said = aicr("validate", "--help").out

    titles = [line[:-1] for line in said.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles == [
        "Options",
        "What is validated",
        "Which checks",
        "Which cluster, and as whom",
        "How the run proceeds",
        "Pods, images and rights",
        "What counts as good",
        "Runs, and what they leave",
        "Reports and messages",
    ]


def test_commands_are_listed_in_the_order_of_their_use(aicr: Command) -> None:
    said = aicr("--help").out

    assert said.index("validate") < said.index("plan ") < said.index("attach ")


def test_version_tells_what_a_report_of_a_fault_should_name(
    aicr: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICR_CLI_COMMIT", "abc1234")

    found = json.loads(aicr("version", "-o", "json").out)

    assert set(found) == {"version", "commit", "python", "kubernetesClient", "platform"}
    assert found["commit"] == "abc1234"
    assert f"aicr-orch {found['version']} (commit abc1234)" in aicr("version").out


def test_version_is_one_line(aicr: Command) -> None:
    assert aicr("--version").out.startswith("aicr-orch ")


def test_the_examples_of_a_run_stand_on_lines_of_their_own(aicr: Command) -> None:
    lines = [line.strip() for line in aicr("validate", "--help").out.splitlines()]

    assert "aicr-orch validate -r recipe.yaml -o html=report.html" in lines
    assert not any("\\b" in line for line in lines)

import subprocess
import sys

import click
import pytest
import yaml

from orchestrator.cli import app
from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command
from tests.source import ROOT

HEAVY = ("kubernetes", "pydantic", "yaml", "requests", "rich", "jinja2")
RECIPE = "examples/eks-h100-inference/recipe.yaml"


@pytest.mark.parametrize("name", sorted(app.commands))
def test_each_command_has_help_and_stands_in_the_readme(aicr: Command, name: str) -> None:
    said = aicr(name, "--help")

    assert said.code == Exit.OK
    assert app.commands[name].help
    table = (ROOT / "README.md").read_text().split("| command | |")[1].split("[docs/commands")[0]
    assert f"`{name}" in table


@pytest.mark.parametrize("name", sorted(app.commands))
def test_the_help_of_each_flag_says_something(name: str) -> None:
    command = app.commands[name]
    flags = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]

    assert [item.name for item in flags if not item.help] == []


def test_help_loads_nothing_that_only_a_run_needs() -> None:
    program = "import sys; from orchestrator import cli; cli.main(['--help']); print(*sys.modules)"

    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    loaded = set(said.stdout.splitlines()[-1].split())
    assert [name for name in HEAVY if name in loaded] == []


def test_rights_can_be_printed_for_single_checks(aicr: Command) -> None:
    said = aicr("rbac", "print", "-r", RECIPE, "--check", "dra-support")

    assert "aicr-dra-support-" in said.out
    assert "aicr-platform-health-" not in said.out


def test_rights_of_a_check_that_nobody_knows_are_an_error(aicr: Command) -> None:
    said = aicr("rbac", "print", "-r", RECIPE, "--check", "dra-suport")

    assert said.code == Exit.USAGE
    assert "did you mean dra-support?" in said.err


def test_rights_to_wait_for_the_cluster_are_printed_on_request(aicr: Command) -> None:
    without = aicr("rbac", "print", "--caller", "-r", RECIPE, "--check", "dra-support")
    found = aicr(
        "rbac", "print", "--caller", "--wait-ready", "-r", RECIPE, "--check", "dra-support"
    )

    assert (without.code, found.code) == (Exit.OK, Exit.OK)
    assert "statefulsets" not in without.out
    rule = {"apiGroups": ["apps"], "resources": ["statefulsets"], "verbs": ["list"]}
    assert rule in yaml.safe_load(found.out)["rules"]


def test_the_caller_of_processes_needs_only_what_checks_do(aicr: Command) -> None:
    said = aicr("rbac", "print", "-r", RECIPE, "--executor", "process", "--caller")
    (role,) = yaml.safe_load_all(said.out)

    assert {verb for rule in role["rules"] for verb in rule["verbs"]} <= {"get", "list", "watch"}
    said = aicr("rbac", "print", "-r", RECIPE, "--executor", "process")
    assert said.code == Exit.USAGE
    assert "grants nothing to checks; give --caller" in said.err

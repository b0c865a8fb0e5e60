import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import catalog
from orchestrator.exits import Exit
from orchestrator.owner import Ownership
from tests.orchestrator.conftest import Command
from tests.source import ROOT

TRY = """\
eval "$(aicr-orch completion bash)"
COMP_WORDS=({words})
COMP_CWORD={last}
_aicr_orch_completion aicr-orch
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


Complete = Callable[..., list[str]]


@pytest.fixture
def completed(tmp_path: Path) -> Complete:
    """Give what bash offers after some words."""
    command = tmp_path / "aicr-orch"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m orchestrator "$@"\n')
    command.chmod(0o755)

    def complete(*words: str) -> list[str]:
        env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        quoted = " ".join(f"'{word}'" for word in ("aicr-orch", *words))
        script = TRY.format(words=quoted, last=len(words))
        shell = ["bash", "--norc", "-c", script]
        done = subprocess.run(shell, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        return done.stdout.split()

    return complete


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(aicr: Command, shell: str) -> None:
    said = aicr("completion", shell)

    assert said.code == Exit.OK
    assert "_AICR_ORCH_COMPLETE" in said.out


def test_another_shell_is_one_line(aicr: Command) -> None:
    said = aicr("completion", "tcsh")

    assert said.code == Exit.USAGE
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param(["vali"], ["validate"], id="command"),
        pytest.param(["validate", "--fail-f"], ["--fail-fast"], id="flag"),
        pytest.param(["validate", "--phase", "con"], ["conformance"], id="phase"),
        pytest.param(["explain", "dra"], ["dra-support"], id="check"),
        pytest.param(["plan", "--skip", "a,dra"], ["a,dra-support"], id="check-after-a-comma"),
        pytest.param(["schema", "re"], ["recipe", "replay"], id="schema"),
    ],
)
def test_bash_completes(completed: Complete, words: list[str], offered: list[str]) -> None:
    assert completed(*words) == offered


def test_all_checks_of_the_catalog_are_offered(completed: Complete) -> None:
    names = [entry.name for entry in catalog.built_in().validators]

    assert "requirement=dra_support" in completed("list", "--label", "")
    assert sorted(completed("explain", "")) == sorted(names)


def test_runs_of_this_machine_are_offered(
    completed: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, going = "20260101-000000-0123456789abcdef", "20260102-000000-0123456789abcdef"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for run_id in (over, going):
        (tmp_path / "state/aicr-orch/runs" / run_id).mkdir(parents=True)
    mine = Ownership(tmp_path / "state/aicr-orch/runs" / going)
    mine.take()

    assert completed("attach", "2026") == [going, over]
    assert completed("status", "20260101") == [over]
    assert completed("cancel", "") == [going]
    mine.release()

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import catalog, completion
from orchestrator.exits import Exit
from orchestrator.owner import Ownership
from orchestrator.reports import formats
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


@pytest.fixture
def offered_by(aicr: Command, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Give what the program tells bash after some words: kind and value, a line each."""

    def ask(*words: str) -> list[str]:
        monkeypatch.setenv("_AICR_ORCH_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", shlex.join(["aicr-orch", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        return aicr().out.splitlines()

    return ask


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
        pytest.param(["validate", "-o", "h"], ["html=report.html"], id="format-of-a-report"),
        pytest.param(["validate", "--fail-on", "other,f"], ["other,failed"], id="verdict"),
    ],
)
def test_bash_completes(completed: Complete, words: list[str], offered: list[str]) -> None:
    assert completed(*words) == offered


@pytest.mark.parametrize(
    ("flag", "offered"),
    [
        pytest.param("--gate", ["none", "costly"], id="gate"),
        pytest.param("--rbac", ["scoped", "cluster-admin", "existing"], id="rbac"),
        pytest.param("--keep", ["never", "on-failure", "always"], id="keep"),
        pytest.param("--depth", ["fast", "full"], id="depth"),
        pytest.param("--executor", ["job", "process"], id="executor"),
        pytest.param("--fail-fast", ["phase", "check"], id="fail-fast"),
        pytest.param("--log-level", ["debug", "info", "warn", "error"], id="log-level"),
    ],
)
def test_a_flag_that_takes_few_words_offers_them(
    offered_by: Complete, flag: str, offered: list[str]
) -> None:
    assert offered_by("validate", flag, "") == [f"plain,{word}" for word in offered]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        pytest.param(["validate", "-r", ""], "file", id="recipe"),
        pytest.param(["validate", "--replay", "ex"], "file", id="replay"),
        pytest.param(["plan", "--snapshot", ""], "file", id="snapshot"),
        pytest.param(["validate", "--data", ""], "dir", id="data"),
        pytest.param(["status", "--kubeconfig", ""], "file", id="kubeconfig"),
        pytest.param(["validate", "-o", "reports/"], "file", id="report-without-format"),
        pytest.param(["report", "diff", ""], "file", id="first-report"),
        pytest.param(["report", "diff", "a.json", "b"], "file", id="second-report"),
    ],
)
def test_what_takes_a_file_leaves_it_to_the_shell(
    offered_by: Complete, words: list[str], kind: str
) -> None:
    assert offered_by(*words) == [f"{kind},{words[-1]}"]


def test_only_what_is_rendered_is_offered_to_render(offered_by: Complete) -> None:
    offered = offered_by("report", "render", "r.json", "-o", "")

    assert offered == ["plain,html=report.html", "plain,junit=junit.xml", "plain,md=report.md"]


def test_every_format_of_a_report_is_offered() -> None:
    assert set(completion.OUTPUTS) == set(formats.FORMATS)


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
    assert completed("gc", "--run-id", "") == [going, over]
    assert completed("validate", "--rerun-failed", "2026") == [going, over]
    mine.release()


def test_only_a_run_that_can_go_on_is_offered_to_resume(
    offered_by: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    home = tmp_path / "state/aicr-orch/runs"
    cut_short, going, refused = (f"2026010{n}-000000-0123456789abcdef" for n in (1, 2, 3))
    for run_id in (cut_short, going, refused):
        (home / run_id).mkdir(parents=True)
    for run_id in (cut_short, going):
        (home / run_id / "run.json").write_text("{}")
    mine = Ownership(home / going)
    mine.take()

    assert offered_by("validate", "--resume", "") == [f"plain,{cut_short}"]
    mine.release()

"""Runs that go on by themselves: how they begin, what they refuse, what they outlive."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestrator import owner
from orchestrator.exits import Exit
from tests.example import FOLDER
from tests.orchestrator.machine import AFTER, ENDS_S, QUICK, Machine, wait_for

EXAMPLE = ("--replay", str(FOLDER), "--phase", "deployment")
SLOW_SERVER = ("--fault", "slow:seconds=0.5")  # a run that does not begin before it is signalled
# Ctrl-C as early as Python hears of it; the test runner itself may have been told to ignore it.
INTERRUPTED_AT_ONCE = """
import os, signal, sys
if "orchestrator.detached" in sys.orig_argv:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)
"""


def test_the_name_of_a_run_that_has_begun_is_all_that_stdout_gets(here: Machine) -> None:
    said = here.end("validate", *EXAMPLE, "--detach", "-o", "report.json")

    assert said.returncode == Exit.OK, said.stderr
    assert re.fullmatch(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{16}\n", said.stdout)
    run_id = said.stdout.strip()
    for verb in ("attach", "status", "cancel"):
        assert f"aicr-orch {verb} {run_id}" in said.stderr
    attached = here.end("attach", run_id)
    assert attached.returncode == Exit.OK, attached.stderr
    assert "✔  operator-health" in attached.stderr
    assert "(exit 0)\n" in attached.stderr
    assert json.loads((here.home / "report.json").read_text())["runId"] == run_id
    assert "(exit 0)\n" in (here.folder(run_id) / "log").read_text()


def test_a_run_outlives_the_terminal_that_it_was_started_in(here: Machine) -> None:
    arguments = [sys.executable, "-m", "orchestrator", *here.slow(), "--detach"]
    shell = ["sh", "-c", '"$@"; exec cat', "sh", *arguments]  # cat: it stays at its prompt
    pipe = subprocess.PIPE
    with subprocess.Popen(
        shell, cwd=here.home, env=here.env, stdin=pipe, stdout=pipe, start_new_session=True
    ) as terminal:
        assert terminal.stdout
        run_id = terminal.stdout.readline().decode().strip()
        process = here.process(run_id)
        os.killpg(terminal.pid, signal.SIGHUP)
        terminal.wait(ENDS_S)

    assert os.getsid(process.pid) == process.pid != terminal.pid
    assert owner.lives(here.folder(run_id))
    assert here.end("cancel", run_id).returncode == Exit.OK


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-r", "no-such.yaml"), "recipe no-such.yaml: no such file"),
        (("--no-such-flag",), "No such option"),
        ((*EXAMPLE, "--check", "no-such"), "no-such"),
        ((*EXAMPLE, "-o", "-"), "--output -: with --detach nobody reads stdout"),
        ((*EXAMPLE, "-o", "events=-"), "--output events=-: with --detach nobody reads stdout"),
        (("-r", "r.yaml", "-s", "s.yaml", "--no-cluster"), "no meaning with --no-cluster"),
    ],
    ids=["file", "flag", "check", "stdout", "events", "no-cluster"],
)
def test_wrong_input_is_refused_at_once_and_leaves_nothing(
    here: Machine, arguments: tuple[str, ...], words: str
) -> None:
    said = here.end("validate", "--detach", *arguments)

    assert said.returncode == Exit.USAGE
    assert said.stdout == ""
    assert said.stderr.count("\n") == 1
    assert words in said.stderr
    assert list(here.home.glob("aicr-orch/runs/*")) == []


def test_wrong_input_has_the_words_that_it_has_without(here: Machine) -> None:
    wrong = ("validate", *EXAMPLE, "--check", "no-such")

    attached, detached = here.end(*wrong), here.end(*wrong, "--detach")

    assert (detached.returncode, detached.stderr) == (attached.returncode, attached.stderr)


def test_a_run_that_the_cluster_refuses_says_why_and_is_no_run(here: Machine) -> None:
    recipe = yaml.safe_load((here.inputs / "recipe.yaml").read_text())
    constraint = {"name": "K8s.server.version", "value": ">= 99.0"}
    recipe["validation"]["readiness"] = {"constraints": [constraint]}
    (here.home / "recipe.yaml").write_text(yaml.dump(recipe))
    data = str(here.inputs / "data")

    said = here.end("validate", "--detach", "-r", "recipe.yaml", "--data", data)

    assert said.returncode == Exit.USAGE, said.stderr
    assert said.stdout == ""
    assert "K8s.server.version" in said.stderr
    (run,) = (here.home / "aicr-orch/runs").glob("*")  # its report is kept, as always
    attached = here.end("attach", run.name)
    assert attached.returncode == Exit.USAGE
    assert "K8s.server.version" in attached.stderr


def test_a_recipe_from_stdin_goes_with_the_run(here: Machine) -> None:
    recipe = (here.inputs / "recipe.yaml").read_text()
    data = ("--data", str(here.inputs / "data"), "--check", QUICK)

    said = here.end("validate", "--detach", "-r", "-", *data, given=recipe)

    assert said.returncode == Exit.OK, said.stderr
    run_id = said.stdout.strip()
    assert here.end("attach", run_id).returncode == Exit.OK
    assert here.verdicts(run_id)[QUICK] == ("passed", "")
    assert (here.folder(run_id) / "inputs/standard input").read_text() == recipe


def test_a_run_in_progress_is_not_started_again(here: Machine) -> None:
    run_id = here.detached()
    log = (here.folder(run_id) / "log").read_text()

    again = here.end(*here.slow(), "--detach", "--run-id", run_id)

    assert again.returncode == Exit.USAGE
    assert f"run {run_id} is still going on in process" in again.stderr
    assert (here.folder(run_id) / "log").read_text() == log


@pytest.mark.parametrize("how", ["--resume", "--run-id"])
def test_nobody_else_writes_to_the_files_of_a_run_in_progress(here: Machine, how: str) -> None:
    run_id = here.detached("-o", "events=told.jsonl")
    told = (here.home / "told.jsonl").read_bytes()
    start = ("validate",) if how == "--resume" else here.slow()

    again = here.end(*start, how, run_id, "-o", "events=told.jsonl")

    assert again.returncode == Exit.USAGE
    assert f"run {run_id} is still going on in process" in again.stderr
    assert (here.home / "told.jsonl").read_bytes().startswith(told)
    assert (here.home / "told.jsonl").read_bytes().count(b"run-started") == 1
    assert b"run-finished" not in (here.home / "told.jsonl").read_bytes()


def test_a_run_goes_on_detached_after_it_was_cut_short(here: Machine) -> None:
    run_id = here.detached("--skip", AFTER)
    here.process(run_id).tell(signal.SIGKILL)
    wait_for(lambda: not owner.lives(here.folder(run_id)))

    said = here.end("validate", "--resume", run_id, "--detach")

    assert (said.returncode, said.stdout) == (Exit.OK, f"{run_id}\n"), said.stderr
    cancelled = here.end("cancel", run_id)
    assert cancelled.returncode == Exit.OK, cancelled.stderr
    attached = here.end("attach", run_id)
    assert attached.returncode == Exit.TERMINATED
    assert "was killed" not in attached.stderr


def test_nobody_reads_the_flags_of_a_run_in_a_list_of_processes(here: Machine) -> None:
    run_id = here.detached()
    command = Path(f"/proc/{here.process(run_id).pid}/cmdline")
    if not command.exists():
        pytest.skip("this system has no /proc")

    assert run_id in command.read_text()
    assert "recipe" not in command.read_text()


PLUGIN = """\
#!{python} -I
import os, pathlib
pathlib.Path({seen!r}).write_text(repr(os.environ.get("PYTHONPATH")))
print('{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
      '"status": {{"token": "t"}}}}')
"""


def test_a_credential_plugin_does_not_import_our_libraries(here: Machine) -> None:
    seen, plugin = here.home / "seen", here.home / "plugin"
    plugin.write_text(PLUGIN.format(python=sys.executable, seen=str(seen)))
    plugin.chmod(0o755)
    access = yaml.safe_load(here.kubeconfig.read_text())
    how = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}
    access["users"][0]["user"] = {"exec": {**how, "interactiveMode": "Never"}}
    path = here.home / "kubeconfig"
    path.write_text(yaml.dump(access))

    here.end(*here.slow(), "--check", QUICK, "--detach", "-k", str(path))

    assert seen.read_text() == repr(here.env["PYTHONPATH"])


def test_a_recipe_larger_than_a_pipe_goes_with_the_run_whole(here: Machine) -> None:
    recipe = (here.inputs / "recipe.yaml").read_text() + "#" * 200_000
    data = ("--data", str(here.inputs / "data"), "--check", QUICK)

    said = here.end("validate", "--detach", "-r", "-", *data, given=recipe)

    assert said.returncode == Exit.OK, said.stderr
    kept = here.folder(said.stdout.strip()) / "inputs/standard input"
    assert kept.read_text() == recipe


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_right_after_the_start_leaves_no_run(
    here: Machine, number: signal.Signals
) -> None:
    with here.start("validate", *EXAMPLE, "--detach", *SLOW_SERVER) as starting:
        wait_for(lambda: list(here.home.glob("aicr-orch/runs/*/log")))
        starting.send_signal(number)
        said, _ = starting.communicate(timeout=ENDS_S)

    assert (starting.returncode, said) == (128 + number, "")
    assert not any(map(owner.lives, (here.home / "aicr-orch/runs").glob("*")))


def test_ctrl_c_while_python_itself_starts_is_no_error_of_the_program(here: Machine) -> None:
    site = here.home / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(INTERRUPTED_AT_ONCE)
    command = [sys.executable, "-m", "orchestrator", "validate", *EXAMPLE, "--detach"]
    env = {**here.env, "PYTHONPATH": os.pathsep.join((here.env["PYTHONPATH"], str(site)))}

    said = subprocess.run(
        command, cwd=here.home, env=env, capture_output=True, timeout=ENDS_S, check=False
    )

    assert (said.returncode, said.stdout) == (Exit.INTERRUPTED, b""), said.stderr


def test_ctrl_c_before_a_run_has_begun_ends_it(here: Machine) -> None:
    with here.start("validate", *EXAMPLE, "--detach", *SLOW_SERVER) as starting:
        wait_for(lambda: list(here.home.glob("aicr-orch/runs/*/lock")))
        starting.send_signal(signal.SIGINT)
        said, _ = starting.communicate(timeout=ENDS_S)

    assert (starting.returncode, said) == (Exit.INTERRUPTED, "")
    (run,) = (here.home / "aicr-orch/runs").glob("*")
    assert not owner.lives(run)

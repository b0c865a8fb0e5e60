import re
import signal
from pathlib import Path

import pytest

from helper import contract, runner
from helper.contract import ExitCode
from tests.helper.launch import PACKAGE, run_check


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("passes", 0, ""),
        ("waits-in-vain", 1, "timeout after 0s waiting for pod x: Pending, 0/3 nodes fit"),
        ("cannot-tell", 1, "cannot tell: list pods in gpu-operator: 403 Forbidden"),
        ("crashes", 1, "internal error: KeyError: 'spec'"),
        ("exits", 1, "internal error: a library asked to exit (2)"),
        ("exits-on-import", 1, "internal error: a library asked to exit (2)"),
        ("is-broken", 1, "internal error: ImportError: libnvidia-ml.so.1: cannot open shared"),
        ("is-no-check", 1, "internal error: TypeError: tests.helper.checks.is_no_check offers no"),
        ("is-misnamed", 1, "internal error: TypeError: tests.helper.checks.is_misnamed offers no"),
        ("says-skip", 1, "internal error: RuntimeError: skip: no GPU"),
        ("fails-despite-a-skip", 1, "but the other part is broken"),
        ("crashes-after-a-skip", 1, "internal error: RuntimeError: cleanup is broken"),
        ("skips-deep-down", 2, "no GPU in this recipe"),
        ("is-unbuilt", 3, "not implemented in this version: the bandwidth test"),
    ],
)
def test_every_way_to_end_has_its_exit_code_and_message(
    name: str, code: int, message: str, tmp_path: Path
) -> None:
    outcome = run_check(tmp_path, name)
    assert outcome.code == code
    assert outcome.message.startswith(message)
    assert outcome.message or not message


@pytest.mark.parametrize(
    ("name", "reason", "code", "message"),
    [
        ("fails", "3 of 4 pods ready", 1, "3 of 4 pods ready"),
        ("fails", "", 1, "failed without a reason"),
        ("skips", "no DRA in this recipe", 2, "no DRA in this recipe"),
        ("skips", "", 2, ""),
    ],
    ids=["fail", "fail-without-reason", "skip", "skip-without-reason"],
)
def test_the_reason_is_the_whole_message(
    name: str, reason: str, code: int, message: str, tmp_path: Path
) -> None:
    outcome = run_check(tmp_path, name, env={"REASON": reason})
    assert (outcome.code, outcome.message) == (code, message)


@pytest.mark.parametrize("name", ["crashes", "is-broken", "says-skip", "is-no-check"])
def test_what_nobody_foresaw_leaves_a_trace_on_stderr(name: str, tmp_path: Path) -> None:
    outcome = run_check(tmp_path, name)
    assert "Traceback (most recent call last)" in outcome.stderr
    assert "Traceback" not in outcome.message + outcome.stdout


@pytest.mark.parametrize("name", ["fails", "skips", "cannot-tell", "waits-in-vain", "is-unbuilt"])
def test_what_a_check_says_itself_leaves_no_trace(name: str, tmp_path: Path) -> None:
    assert "Traceback" not in run_check(tmp_path, name, env={"REASON": "so"}).stderr


@pytest.mark.parametrize("name", ["skips", "skips-deep-down"])
def test_a_skip_states_its_kind_for_the_report(name: str, tmp_path: Path) -> None:
    kind = {"skips": "no-capacity", "skips-deep-down": "not-applicable"}[name]
    assert run_check(tmp_path, name).stdout == f'FACT: {{"skip": "{kind}"}}\n'


def test_evidence_comes_before_the_verdict(tmp_path: Path) -> None:
    outcome = run_check(tmp_path, "fails", env={"REASON": "bad"})
    assert outcome.stdout == "RESULT: looked before failing\n"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        pytest.param([], "no check named; usage: tests.helper.checks CHECK, ", id="no-argument"),
        pytest.param(["dra"], "unknown check: dra; usage: tests.helper.checks CHECK, ", id="typo"),
        pytest.param([""], "unknown check: ; ", id="empty"),
        pytest.param(["--help"], "unknown check: --help; ", id="flag"),
        pytest.param(["-not-a-check"], "unknown check: -not-a-check; ", id="private-module"),
        pytest.param(["skips_deep_down"], "unknown check: skips_deep_down; ", id="module-name"),
        pytest.param(["os.path"], "unknown check: os.path; ", id="dotted"),
    ],
)
def test_bad_usage_is_a_failure_that_lists_the_names(
    argv: list[str], says: str, tmp_path: Path
) -> None:
    outcome = run_check(tmp_path, *argv)
    assert outcome.code == ExitCode.FAIL
    assert outcome.message.startswith(says)
    names = outcome.message.partition("one of: ")[2].split(", ")
    assert names == runner.check_names(PACKAGE)
    assert {"passes", "skips-deep-down", "is-broken"} < set(names)


def test_a_phase_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    log = tmp_path / "dev/termination-log"
    log.parent.mkdir()
    log.touch()
    env = {contract.FILE_ROOT: str(tmp_path)}
    assert runner.main(f"{PACKAGE}.is_broken", ["passes"], env) == ExitCode.FAIL
    assert log.read_text().startswith("internal error: ImportError: libnvidia-ml.so.1")


def test_only_the_first_argument_counts(tmp_path: Path) -> None:
    assert run_check(tmp_path, "passes", "--verbose", "extra").code == ExitCode.PASS


def test_a_pass_leaves_the_termination_log_alone(tmp_path: Path) -> None:
    outcome = run_check(tmp_path, "passes", files={"dev/termination-log": "from before"})
    assert (outcome.code, outcome.message) == (ExitCode.PASS, "from before")


def test_a_failure_replaces_what_the_termination_log_held(tmp_path: Path) -> None:
    files: dict[str, str | bytes | dict[str, object]] = {"dev/termination-log": "x" * 9000}
    outcome = run_check(tmp_path, "fails", env={"REASON": "bad"}, files=files)
    assert outcome.message == "bad"


def test_without_a_termination_log_none_is_made(tmp_path: Path) -> None:
    env = {contract.FILE_ROOT: str(tmp_path)}
    assert runner.main(PACKAGE, ["fails"], env) == ExitCode.FAIL
    assert list(tmp_path.iterdir()) == []


def test_a_termination_log_that_cannot_be_written_does_not_change_the_verdict(
    tmp_path: Path,
) -> None:
    (tmp_path / "dev/termination-log").mkdir(parents=True)
    env = {contract.FILE_ROOT: str(tmp_path)}
    assert runner.main(PACKAGE, ["fails"], env) == ExitCode.FAIL


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        pytest.param("x" * 5000, "x" * 4096, id="ascii"),
        pytest.param("x" + "é" * 3000, "x" + "é" * 2047, id="never-inside-a-character"),
        pytest.param(
            "first line\n" + "y" * 5000, "first line\n" + "y" * 4085, id="keeps-the-start"
        ),
        pytest.param("z" * 4096, "z" * 4096, id="just-fits"),
    ],
)
def test_a_long_message_is_cut_to_what_kubernetes_keeps(
    reason: str, kept: str, tmp_path: Path
) -> None:
    assert run_check(tmp_path, "fails", env={"REASON": reason}).message == kept


def test_text_that_is_no_unicode_crashes_nothing(tmp_path: Path) -> None:
    outcome = run_check(tmp_path, "speaks-in-tongues")
    assert (outcome.code, outcome.message) == (ExitCode.FAIL, "hé \\udcff 😀")


def test_log_lines_are_logfmt_whatever_the_message_holds(tmp_path: Path) -> None:
    outcome = run_check(tmp_path, "fails", env={"REASON": 'pod "x":\nnot ready'})
    *_, last = outcome.stderr.splitlines()
    assert re.fullmatch(r"time=\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ level=ERROR msg=.*", last)
    assert last.endswith(r'msg="FAIL pod \"x\":\nnot ready"')


@pytest.mark.parametrize(
    ("name", "level", "label"),
    [
        ("passes", "INFO", "PASS"),
        ("skips", "INFO", "SKIP"),
        ("fails", "ERROR", "FAIL"),
        ("is-unbuilt", "ERROR", "OTHER"),
    ],
)
def test_the_log_ends_with_the_verdict(name: str, level: str, label: str, tmp_path: Path) -> None:
    first, *_, last = run_check(tmp_path, name).stderr.splitlines()
    assert f'level=INFO msg="starting check {name}, budget 1m0s"' in first
    assert f'level={level} msg="{label}' in last


@pytest.mark.parametrize(
    ("timeout", "budget", "warns"),
    [
        pytest.param("2m", "2m0s", False, id="given"),
        pytest.param("", "55m0s", False, id="empty"),
        pytest.param("soon", "55m0s", True, id="malformed"),
        pytest.param("90", "55m0s", True, id="no-unit"),
        pytest.param("0s", "55m0s", True, id="zero"),
        pytest.param("-5m", "55m0s", True, id="negative"),
        pytest.param("9" * 400 + "h", "55m0s", True, id="centuries"),
    ],
)
def test_the_budget_comes_from_the_environment(
    timeout: str, budget: str, warns: bool, tmp_path: Path
) -> None:
    outcome = run_check(tmp_path, "passes", env={contract.CHECK_TIMEOUT: timeout})
    assert outcome.code == ExitCode.PASS
    assert f"budget {budget}" in outcome.stderr
    assert ("is no positive duration" in outcome.stderr) is warns


@pytest.mark.parametrize(
    ("env", "code", "message", "bound_s"),
    [
        pytest.param(
            {"SIGNAL": "SIGTERM"}, 143, "terminated before completion", "25", id="terminated"
        ),
        pytest.param(
            {"SIGNAL": "SIGALRM"},
            1,
            "check exceeded its 1m0s budget (15s kept for cleanup)",
            "14",
            id="out-of-time",
        ),
        pytest.param(
            {"SIGNAL": "SIGALRM", contract.CHECK_TIMEOUT: "10m"},
            1,
            "check exceeded its 10m0s budget (30s kept for cleanup)",
            "29",
            id="out-of-much-time",
        ),
        pytest.param(
            {"SIGNAL": "SIGALRM", "SECOND_SIGNAL": "SIGTERM"},
            1,
            "check exceeded its 1m0s budget (15s kept for cleanup)",
            "14",
            id="terminated-while-cleaning-up",
        ),
    ],
)
def test_a_check_that_is_stopped_cleans_up_within_a_bound(
    env: dict[str, str], code: int, message: str, bound_s: str, tmp_path: Path
) -> None:
    outcome = run_check(tmp_path, "is-stopped", env=env)
    assert (outcome.code, outcome.message) == (code, message)
    assert f"bound {bound_s}\n" in outcome.stdout
    assert "cleanup ends" in outcome.stdout
    assert "not reached" not in outcome.stdout


@pytest.mark.parametrize(
    ("first", "code", "message"),
    [
        ("SIGTERM", 143, "terminated before completion"),
        ("SIGALRM", 1, "check exceeded its 1m0s budget (15s kept for cleanup)"),
    ],
)
def test_a_cleanup_that_hangs_is_cut_off(
    first: str, code: int, message: str, tmp_path: Path
) -> None:
    env = {"SIGNAL": first, "SECOND_SIGNAL": "SIGALRM"}
    outcome = run_check(tmp_path, "is-stopped", env=env)
    assert outcome.code == code
    assert outcome.message == f"{message}; cleanup was cut off, objects may be left behind"
    assert "cleanup ends" not in outcome.stdout


def test_the_clock_itself_stops_a_check_that_hangs_and_its_cleanup(tmp_path: Path) -> None:
    outcome = run_check(tmp_path, "waits-forever", env={contract.CHECK_TIMEOUT: "400ms"})
    assert outcome.code == ExitCode.FAIL
    assert outcome.message.startswith("check exceeded its 0.4s budget (0.1s kept for cleanup)")


def test_signals_are_as_before_when_a_check_has_ended(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGALRM)
    run_check(tmp_path, "passes")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

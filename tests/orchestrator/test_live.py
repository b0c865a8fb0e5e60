import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.convergence import Convergence, Unsettled
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    ClusterSettled,
    ClusterSettling,
    Notice,
    PhaseStarted,
)
from orchestrator.exits import Exit
from orchestrator.history import Taken
from orchestrator.levels import Level
from orchestrator.live import Screen, Terminal
from orchestrator.outcome import Outcome, PhaseResult, Split, Status
from orchestrator.remaining import Remaining
from orchestrator.result import Audit, RunResult
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry

PLAN = Engine([entry("alpha"), entry("beta", "performance")]).plan()
PASSED = Outcome(
    "alpha",
    "conformance",
    Status.PASSED,
    stdout=("RESULT: 3 of 3",),
    split=Split(wait_s=0.1, run_s=1.25, collect_s=0.1),
)
FAILED = Outcome(
    "beta",
    "performance",
    Status.FAILED,
    "12 GB/s\nmore words",
    split=Split(wait_s=0, run_s=2, collect_s=0),
)


def terminal(
    width: int = 100, *, moving: bool = False, seen: bool = False
) -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=moving or seen,
        no_color=True,
        color_system=None if seen else "auto",
    )
    return Terminal(PLAN, console, moving=moving), out


def result(*outcomes: Outcome, code: Exit = Exit.OK, leftovers: tuple[str, ...] = ()) -> RunResult:
    phases = tuple(
        PhaseResult(phase, tuple(o for o in outcomes if o.phase == phase), 0.0, 3.0)
        for phase in ("conformance", "performance")
    )
    return RunResult(RUN_ID, phases, code, 0.0, 3.0, Audit(True, leftovers))


def test_without_a_terminal_every_event_is_one_line() -> None:
    shown, out = terminal()

    with shown:
        shown.show(PhaseStarted(PLAN.phases[1]))
        shown.show(CheckStarted(PLAN.phases[1].checks[0]))
        shown.show(CheckProgressed("alpha", "cannot pull its image", "ErrImagePull"))
        shown.show(CheckFinished(PASSED))

    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[1] == "running    conformance/alpha"
    assert "alpha: cannot pull its image ErrImagePull" in lines[2]
    assert lines[-1] == "passed     conformance/alpha"


MOVES = Unsettled("Deployment a/b", "1 of 2 replicas available", moves=True)
SETTLING = ClusterSettling((str(MOVES),), 90.0)


def test_the_wait_for_a_cluster_is_told_in_lines_with_the_time_that_is_left() -> None:
    shown, out = terminal()

    shown.show(SETTLING)
    shown.show(ClusterSettled(Convergence(90.0, 90.0, (MOVES,))))

    first, last = out.getvalue().splitlines()
    assert first == f"waiting for the cluster, 1m30s left: {MOVES}"
    assert last.startswith("warning: the cluster has not settled after 1m30s")


def test_the_wait_for_a_cluster_is_a_line_that_goes_when_it_is_over() -> None:
    shown, out = terminal(moving=True)

    shown.show(SETTLING)
    shown.show(ClusterSettled(Convergence(3.0, 90.0)))

    assert "waiting for the cluster, 1m30s left" in out.getvalue()
    last = out.getvalue().splitlines()[-1]
    assert "the cluster has settled after 3s" in last


def test_what_a_check_says_is_shown_at_once_and_not_again_at_its_end() -> None:
    shown, out = terminal()

    with shown:
        shown.show(CheckStarted(PLAN.phases[1].checks[0]))
        shown.show(CheckSaid("alpha", "3 of 3"))
        shown.show(CheckFinished(PASSED))

    assert out.getvalue().count("alpha: 3 of 3") == 1


def test_what_a_check_says_stands_in_its_row_while_it_runs() -> None:
    shown, out = terminal(moving=True)

    with shown:
        shown.show(CheckStarted(PLAN.phases[1].checks[0]))
        shown.show(CheckSaid("alpha", "node 3 of 8"))

    assert "node 3 of 8" in out.getvalue()


def test_the_summary_puts_failures_first_and_names_exit_code_and_report() -> None:
    shown, out = terminal()
    shown.show(CheckFinished(PASSED))
    shown.show(CheckFinished(FAILED))

    shown.summary(result(PASSED, FAILED, code=Exit.FAILED, leftovers=("pods x",)), ["r.json"])

    text = out.getvalue()
    assert "✘ performance/beta: 12 GB/s\nmore words" in text
    assert "left behind: pods x" in text
    assert "a check failed (exit 1)" in text
    assert text.rstrip().endswith("report: r.json")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_table_lines_never_leave_the_terminal(width: int) -> None:
    shown, out = terminal(width, seen=True)
    long = Outcome("alpha", "conformance", Status.FAILED, "word " * 100)
    shown.show(CheckFinished(long))
    before = len(out.getvalue())

    shown.summary(result(long, code=Exit.FAILED), [])

    table = out.getvalue()[before:].split("\n\n")[0].splitlines()
    assert max(len(line.rstrip()) for line in table) <= width


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (40, ["check", "status", "time"]),
        (60, ["check", "status", "time"]),
        (100, ["check", "phase", "status", "time"]),
    ],
)
def test_where_there_is_little_room_verdicts_stay_and_other_columns_go(
    width: int, columns: list[str]
) -> None:
    shown, out = terminal(width, seen=True)
    long = Outcome(
        "alpha",
        "conformance",
        Status.FAILED,
        "word " * 100,
        split=Split(wait_s=0, run_s=2, collect_s=0),
    )
    shown.show(CheckFinished(long))
    before = len(out.getvalue())

    shown.summary(result(long, code=Exit.FAILED), [])

    head, row = out.getvalue()[before:].splitlines()[:2]
    assert head.split() == columns
    assert row.split()[:2] == ["✘", "alpha"]
    assert "failed" in row.split()
    assert "2.0s" in row.split()
    assert ("word" in row) == (width >= 60)


def test_a_long_name_is_cut_where_its_verdict_would_have_no_room() -> None:
    name = "a-check-with-a-name-that-fills-the-whole-screen"
    out = io.StringIO()
    shown = Terminal(
        Engine([entry(name)]).plan(),
        Console(file=out, width=40, color_system=None, force_terminal=True),
        moving=False,
    )
    shown.show(CheckFinished(replace(PASSED, check=name)))
    before = len(out.getvalue())

    shown.summary(result(), [])

    row = out.getvalue()[before:].splitlines()[1]
    assert row.rstrip() == "✔  a-check-with-a-name-th…  passed  1.2s"


def test_a_log_has_the_whole_table_for_nobody_sees_its_columns() -> None:
    shown, out = terminal(40)
    long = Outcome("alpha", "conformance", Status.FAILED, "word " * 100 + "end")
    shown.show(CheckFinished(long))
    shown.show(CheckFinished(replace(PASSED, check="beta", phase="performance")))
    before = len(out.getvalue())

    shown.summary(result(long, code=Exit.FAILED), [])

    head, first, second = out.getvalue()[before:].splitlines()[:3]
    assert head.split() == ["check", "phase", "status", "time"]
    assert first.split()[:4] == ["✘", "alpha", "conformance", "failed"]
    assert first.endswith("word end")
    assert second.index("1.2s") + 4 == head.index("time") + 4


def test_what_the_cluster_knew_of_checks_is_named_under_them(tmp_path: Path) -> None:
    failed = [
        Outcome(name, "conformance", Status.FAILED, "no answer") for name in ("alpha", "beta")
    ]
    out = io.StringIO()
    plan = Engine([entry("alpha"), entry("beta")]).plan()
    shown = Terminal(plan, Console(file=out, width=40), moving=False, folder=tmp_path)
    folder = tmp_path / "diagnostics"

    shown.summary(result(*failed, code=Exit.FAILED), [])
    assert "diagnostics" not in out.getvalue()

    (folder / "conformance.alpha").mkdir(parents=True)
    shown.summary(result(*failed, code=Exit.FAILED), [])
    assert f"no answer\ndiagnostics: {folder}/conformance.alpha\n" in out.getvalue()

    (folder / "conformance.beta").mkdir()
    shown.summary(result(*failed, code=Exit.FAILED), [])
    assert f"no answer\ndiagnostics: {folder}\n" in out.getvalue()


def test_what_stays_on_request_is_said_to_be_looked_at_and_removed_so() -> None:
    shown, out = terminal(40)
    shown.summary(replace(result(PASSED), audit=Audit(True, kept=("aicr-alpha-0",))), [])

    assert (
        f"kept: kubectl get jobs,pods -n {NAMESPACE} -l aicr.run/run-id={RUN_ID}; "
        f"to remove it: aicr-orch gc --run-id {RUN_ID}\n"
    ) in out.getvalue()

    shown.summary(result(PASSED), [])
    assert out.getvalue().count("kept: ") == 1


def test_places_of_reports_are_never_broken_so_that_they_can_be_copied() -> None:
    shown, out = terminal(40, moving=True)

    shown.summary(result(PASSED), ["/a/" + "b" * 90])

    assert f"report: /a/{'b' * 90}\n" in out.getvalue()


def test_what_a_cluster_says_cannot_steer_the_terminal() -> None:
    shown, out = terminal()
    hostile = Outcome("alpha", "conformance", Status.FAILED, "\x1b[2Jgone \x07\u202e[red]x[/red]")

    shown.show(Notice("\x1b]0;title\x07", "warning"))
    shown.show(CheckFinished(hostile))
    shown.summary(result(hostile), [])

    assert not {"\x1b", "\x07", "\u202e"} & set(out.getvalue())
    assert "[red]x[/red]" in out.getvalue()


def test_a_moving_table_shows_all_checks_from_the_start() -> None:
    shown, out = terminal(moving=True)

    with shown:
        pass

    assert "alpha" in out.getvalue()
    assert "queued" in out.getvalue()


@pytest.mark.parametrize(
    ("level", "lines"), [(Level.DEBUG, 4), (Level.INFO, 3), (Level.WARN, 2), (Level.ERROR, 1)]
)
def test_what_matters_less_than_was_asked_for_is_not_shown(level: Level, lines: int) -> None:
    out = io.StringIO()
    shown = Terminal(PLAN, Console(file=out, width=100), moving=False, level=level)

    with shown:
        shown.show(CheckProgressed("alpha", "running"))
        shown.show(Notice("n"))
        shown.show(Notice("w", "warning"))
        shown.show(CheckFinished(FAILED))

    assert len(out.getvalue().splitlines()) == lines


def test_a_table_does_not_move_where_only_warnings_are_wanted() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True)

    with Terminal(PLAN, console, moving=True, level=Level.WARN):
        pass

    assert out.getvalue() == ""


def test_no_color_takes_the_colours_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert Screen().no_color


def test_a_flag_takes_the_colours_away_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert Screen(plain=True).no_color
    assert not Screen().no_color


USUAL = {("conformance", "alpha"): Taken(10, 3), ("performance", "beta"): Taken(5, 3)}


def estimating(*, moving: bool, height: int = 25) -> tuple[Terminal, io.StringIO, FakeClock]:
    out, clock = io.StringIO(), FakeClock()
    console = Console(file=out, width=100, height=height, force_terminal=moving, no_color=True)
    shown = Terminal(PLAN, console, moving=moving, clock=clock)
    shown.head([], Remaining(PLAN, USUAL, 8))
    return shown, out, clock


def test_a_phase_begins_with_how_long_the_run_will_take() -> None:
    shown, out, _ = estimating(moving=False)

    with shown:
        shown.show(PhaseStarted(PLAN.phases[1]))

    assert out.getvalue().rstrip() == "phase      conformance: 1 check, about 15s left"


def test_the_table_ends_with_what_is_done_and_what_is_left() -> None:
    shown, out, clock = estimating(moving=True)
    shown.show(CheckStarted(PLAN.phases[1].checks[0]))
    clock.sleep(4.0)

    with shown:
        while_it_runs = out.getvalue()

    assert "0 of 2 checks done, 1 running, about 11s left" in while_it_runs
    assert "checks done" not in out.getvalue()[len(while_it_runs) :]


def test_the_summary_says_what_is_left_in_the_cluster() -> None:
    shown, out = terminal()

    shown.summary(result(PASSED), [])

    assert f"run {RUN_ID}, took 3s, objects left in the cluster: 0" in out.getvalue()


def test_checks_with_one_reason_are_named_together() -> None:
    shown, out = terminal()
    both = [
        Outcome(name, phase, Status.SKIPPED, "not run: SIGINT received")
        for name, phase in (("alpha", "conformance"), ("beta", "performance"))
    ]

    shown.summary(result(*both), [])

    assert "conformance/alpha, performance/beta: not run: SIGINT received" in out.getvalue()


def test_what_is_recalled_stands_in_the_table_alone() -> None:
    shown, out = terminal()

    with shown:
        shown.recall(CheckStarted(PLAN.phases[1].checks[0]))
        shown.recall(CheckFinished(FAILED))
    assert out.getvalue() == ""

    shown.table()
    assert "✘  beta" in out.getvalue()


def test_who_hears_of_a_start_later_sees_how_long_a_check_has_run() -> None:
    shown, out = terminal()

    shown.recall(CheckStarted(PLAN.phases[1].checks[0], ago_s=100.0))
    shown.table()

    assert "100." in out.getvalue()


def test_a_terminal_that_claims_no_width_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert Screen().width > 0

import io

import pytest
from rich.console import Console

from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    Notice,
    PhaseStarted,
)
from orchestrator.exits import Exit
from orchestrator.live import Terminal
from orchestrator.outcome import Outcome, PhaseResult, Split, Status
from orchestrator.run import RunResult
from tests.orchestrator.engine import RUN_ID, Engine, entry

PLAN = Engine([entry("alpha"), entry("beta", "performance")]).plan()
PASSED = Outcome(
    "alpha", "conformance", Status.PASSED, stdout=("RESULT: 3 of 3",), split=Split(0.1, 1.25, 0.1)
)
FAILED = Outcome("beta", "performance", Status.FAILED, "12 GB/s\nmore words", split=Split(0, 2, 0))


def terminal(width: int = 100, *, moving: bool = False) -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=moving, no_color=True)
    return Terminal(PLAN, console, moving=moving), out


def result(*outcomes: Outcome, code: Exit = Exit.OK, leftovers: tuple[str, ...] = ()) -> RunResult:
    phases = tuple(
        PhaseResult(phase, tuple(o for o in outcomes if o.phase == phase), 0.0, 3.0)
        for phase in ("conformance", "performance")
    )
    return RunResult(RUN_ID, phases, code, 0.0, 3.0, leftovers)


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
    shown, out = terminal(width)
    long = Outcome("alpha", "conformance", Status.FAILED, "word " * 100)
    shown.show(CheckFinished(long))
    before = len(out.getvalue())

    shown.summary(result(long, code=Exit.FAILED), [])

    table = out.getvalue()[before:].split("\n\n")[0].splitlines()
    assert max(len(line.rstrip()) for line in table) <= width


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

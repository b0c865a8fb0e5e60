from orchestrator import rows
from orchestrator.outcome import Outcome, Status
from orchestrator.rows import Row


def done(name: str, ended: float, status: Status = Status.PASSED) -> Row:
    return Row(name, "p", outcome=Outcome(name, "p", status), ended=ended)


EVERY = [
    done("first", 1),
    done("broken", 2, Status.FAILED),
    done("latest", 3),
    Row("running", "p", since=2.0),
    Row("queued", "p"),
]


def test_all_rows_are_shown_where_there_is_room() -> None:
    assert rows.fitting(EVERY, 5) == (EVERY, "")


def test_what_failed_and_what_runs_is_shown_before_the_rest() -> None:
    shown, words = rows.fitting(EVERY, 3)

    assert [row.check for row in shown] == ["broken", "latest", "running"]
    assert words == "and 2 more checks: 1 passed, 1 queued"


def test_progress_counts_what_is_done_and_what_runs() -> None:
    assert rows.progress(EVERY, "about 7s left") == ("3 of 5 checks done, 1 running, about 7s left")
    assert rows.progress(EVERY[:1], "") == "1 of 1 check done"

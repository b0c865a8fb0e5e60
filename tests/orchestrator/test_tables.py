import pytest

from orchestrator.tables import named, table

HEAD = ("CHECK", "LOCKS", "PROVES")
ROWS = [("one", "gpu", "that each node of the cluster is ready"), ("other", "-", "nothing much")]


def test_columns_stand_under_their_names() -> None:
    assert table(("A", "LONGER"), [("long", "x"), ("b", "y")]) == (
        "A     LONGER\nlong  x\nb     y\n"
    )


def test_what_fits_stays_as_it_is() -> None:
    assert (
        table(HEAD, ROWS, 60)
        == table(HEAD, ROWS)
        == (
            "CHECK  LOCKS  PROVES\n"
            "one    gpu    that each node of the cluster is ready\n"
            "other  -      nothing much\n"
        )
    )


def test_a_long_last_cell_is_wrapped_between_words_in_its_column() -> None:
    assert table(HEAD, ROWS, 48) == (
        "CHECK  LOCKS  PROVES\n"
        "one    gpu    that each node of the cluster is\n"
        "              ready\n"
        "other  -      nothing much\n"
    )


def test_what_does_not_fit_stands_below_its_row_with_its_name() -> None:
    assert table(HEAD, ROWS, 40) == (
        "CHECK  LOCKS\n"
        "one    gpu\n"
        "    PROVES that each node of the cluster\n"
        "    is ready\n"
        "other  -\n"
        "    PROVES nothing much\n"
    )


def test_what_a_row_does_not_have_is_not_told_below_it() -> None:
    assert table(HEAD, [("one", "-", "-"), ("two", "-", "words")], 10) == (
        "CHECK\none\ntwo\n    PROVES\n    words\n"
    )


@pytest.mark.parametrize("columns", [1, 5, 20, 40, 48, 80])
def test_no_word_is_lost_or_broken(columns: int) -> None:
    shown = table(HEAD, ROWS, columns).replace(";", " ").split()

    assert {word for row in ROWS for cell in row for word in cell.split()} - {"-"} <= set(shown)


def test_foreign_text_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in table(("A",), [("\x1b[2J",)])


def test_words_begin_behind_their_name() -> None:
    assert named("time", "about ten minutes, at most an hour", 24, 6) == [
        "time  about ten minutes,",
        "      at most an hour",
    ]


def test_lines_of_the_words_stay_apart() -> None:
    assert named("ready", "no:\nK8s", 0, 7) == ["ready  no:", "       K8s"]

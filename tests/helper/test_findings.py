from helper.findings import fold


def test_one_problem_stays_as_it_is() -> None:
    assert fold(["a is missing"], 7, "objects") == "a is missing"


def test_the_first_line_of_several_stands_alone() -> None:
    first, *rest = fold(["a is missing", "b is down"], 7, "objects").split("\n")

    assert first == "2 problems among 7 objects; the first: a is missing"
    assert rest == ["- a is missing", "- b is down"]

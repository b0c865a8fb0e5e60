import pytest

from orchestrator.reports import markdown, reading
from tests.orchestrator.reports.samples import FAILED, PASSED, SCRIPT, case, document, full, report


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("| ✘", "| ?", "| ↷", "| ✔"))]


def test_the_verdict_stands_first_and_failures_lead_the_table() -> None:
    text = markdown.render(full())

    assert text.startswith("## ✘ aicr-orch 1.2.3: 1 of 4 checks failed\n")
    assert [row.split(" | ")[1] for row in rows(text)] == ["bandwidth", "gang", "mig", "alpha"]
    assert "| 7 of 8 | 2.0s | 412 GB/s (want &gt;= 450) |" in rows(text)[0]


def test_a_replay_says_so_in_the_first_line() -> None:
    assert markdown.render(report(PASSED, cluster="replay")).startswith("> **replay**: ")


def test_a_run_that_was_cut_short_says_so_before_its_verdict() -> None:
    given = document(PASSED)
    given["results"]["summary"]["extra"] = {"complete": False}

    assert markdown.render(reading.parse(given)).startswith("> **partial**: the run was cut short")


def test_evidence_is_closed_until_somebody_opens_it() -> None:
    text = markdown.render(report(FAILED))

    assert "<details><summary>✘ performance/bandwidth</summary>\n\n```text\n" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a|b", r"a\|b"),
        ("`x` *y* _z_ [l](u) ~s~ #1 !", r"\`x\` \*y\* \_z\_ \[l\](u) \~s\~ \#1 \!"),
        (SCRIPT, "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("&amp;", "&amp;amp;"),
        ("@team", "@\u200bteam"),
        ("\\", "\\\\"),
    ],
)
def test_text_shows_as_it_is(given: str, shown: str) -> None:
    assert markdown.escaped(given) == shown


def test_no_line_closes_the_fence_that_it_stands_in() -> None:
    hostile = ["```", "</details>", SCRIPT, "`````"]
    text = markdown.render(report(case("a", "failed", stdout=hostile)))

    assert "\n``````text\n```\n</details>\n" in text


def test_a_name_cannot_leave_its_cell_or_its_summary() -> None:
    text = markdown.render(report(case(f"a|{SCRIPT}", "failed", stdout=["x"])))

    assert "<script>" not in text
    assert rows(text)[0].replace(r"\|", "").count("|") == 8


def test_what_names_a_file_or_a_fact_is_no_markup() -> None:
    path = "x\n\n<img src=y>\n## owned @org/team"
    unknown = {"<img src=y>|@org/team": "403"}
    failed = case("a", "failed", attachments=[{"name": "log", "path": path}])

    text = markdown.render(report(failed, identity={"unknown": unknown}))

    assert "\n## owned" not in text
    assert "`x  &lt;img" not in text  # as code it shows as it is
    assert "`x <img src=y> ## owned @org/team`" in text
    assert r"&lt;img src=y&gt;\|@\u200borg/team not known".replace(r"\u200b", "\u200b") in text


@pytest.mark.parametrize("limit", [4_000, 65_000, 1_000_000])
@pytest.mark.parametrize("count", [1, 20, 2_000])
def test_it_is_never_larger_than_its_place_allows(limit: int, count: int) -> None:
    tests = [case(f"c{number}", "failed", stdout=["grün " * 99] * 200) for number in range(count)]
    text = markdown.render(report(*tests), limit)

    assert len(text.encode()) <= limit
    assert text.count("<details>") == text.count("</details>")


def test_what_did_not_fit_is_counted() -> None:
    tests = [case(f"c{number}", "failed", stdout=["x" * 400] * 90) for number in range(30)]

    assert "The evidence of 29 more checks did not fit here." in markdown.render(report(*tests))
    assert "more checks." in markdown.render(report(*tests), 1_200)


def test_a_pass_says_how_it_knows() -> None:
    text = markdown.render(report(case(extra={"proof": "observed"})))

    assert rows(text)[0].startswith("| ✔ passed, observed | alpha")


def test_a_fast_run_says_so_before_its_verdict() -> None:
    assert markdown.render(report(PASSED, depth="fast")).startswith("> **fast**: nothing was made")
    assert "**fast**" not in markdown.render(report(PASSED, depth="full"))


def test_nodes_are_a_table_with_the_unwell_ones_first() -> None:
    nodes = [
        {"name": f"gpu-{number}", "kind": "node", "passed": number > 0, "message": "x|y"}
        for number in range(60)
    ]
    text = markdown.render(report(case("a", "failed", extra={"items": nodes})))

    assert "60 nodes: 1 failed, 59 passed" in text
    rows = [line for line in text.splitlines() if line.startswith("| gpu-")]
    assert rows[0] == "| gpu-0 | ✘ failed | x\\|y |"
    assert len(rows) == 50
    assert "… and 10 more." in text

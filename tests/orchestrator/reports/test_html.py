import re
from html.parser import HTMLParser

import pytest

from orchestrator.reports import html, reading
from tests.orchestrator.reports.samples import FAILED, PASSED, SCRIPT, case, document, full, report

VOID = {"meta", "input", "br", "link", "img"}


class Tree(HTMLParser):
    """What a page consists of; fails on elements that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def said(page: str) -> str:
    return " ".join(" ".join(Tree(page).text).split())


def test_the_page_says_what_was_tested_and_the_verdict_in_words() -> None:
    words = said(html.render(full()))

    assert "1 of 4 checks failed" in words
    for part in ("recipe.yaml", "v1.36.2", "aicr-orch 1.2.3", "2026-01-02 02:50:45 UTC", "6.0s"):
        assert part in words


def test_failures_come_first_then_no_verdict_then_skips_then_passes() -> None:
    found = [item["class"] for item in Tree(html.render(full())).all("article")]

    assert found == ["failed", "other", "skipped", "passed"]


def test_a_replay_says_so_in_the_first_line() -> None:
    words = said(html.render(report(PASSED, cluster="replay")))

    assert "passed replay made from a recorded cluster" in words  # behind the title


def test_a_check_shows_value_threshold_margin_coverage_and_requirement() -> None:
    words = said(html.render(full()))

    assert "bus 412 GB/s >= 450 GB/s -8 % ✘ failed" in words
    assert "7 of 8 GPUs ; left out: gpu-8" in words
    assert "requirement dra_support" in words
    assert "evicted" in words


def test_a_pass_says_how_it_knows() -> None:
    words = said(html.render(report(case(extra={"proof": "observed"}), depth="fast")))

    assert "fast nothing was made to run" in words
    assert "✔ passed observed" in words
    assert "proof observed" in words


def test_evidence_is_shown_by_its_titles() -> None:
    assert list(
        html.sections(["first", "--- A ---", "Equivalent: kubectl x", "", "b", "", "c"])
    ) == [
        html.Section("", "", "first"),
        html.Section("A", "kubectl x", "b\n\nc"),
    ]
    assert list(html.sections(["--- A ---", "--- B ---", "x --- C ---"])) == [
        html.Section("A", "", ""),
        html.Section("B", "", "x --- C ---"),
    ]
    assert list(html.sections(["", ""])) == []


@pytest.mark.parametrize("text", [SCRIPT, '"><img src=x onerror=alert(1)>', "</pre></style>&#60;b"])
def test_what_a_check_says_never_becomes_markup(text: str) -> None:
    hostile = case(
        text,
        "failed",
        message=f"{text}\n{text}",
        stdout=[text, f"--- {text} ---", f"Equivalent: {text}", f"RESULT: {text}"],
        stderr=[text],
        suite=[text],
        rawStatus=text,
        extra={
            "requirement": text,
            "skip": text,
            text: text,
            "coverage": {"seen": 1, "total": 1, "unit": text, "leftOut": [text]},
            "measured": {"name": text, "value": text, "unit": text, "threshold": text},
        },
    )
    mild = Tree(html.render(report(case("a", "failed"))))
    page = Tree(html.render(report(hostile, serverVersion=text, failure=text, images=[text])))

    assert len(page.all("script")) == len(mild.all("script")) == 1
    assert page.all("img") == []
    assert "onerror" not in {name for _, found in page.tags for name in found}
    assert text in "".join(page.text)


def test_the_page_allows_nothing_but_its_own_style_and_script() -> None:
    page = Tree(html.render(full()))
    policy = next(item["content"] for item in page.all("meta") if "http-equiv" in item)

    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert {"src", "style", "onclick"}.isdisjoint(name for _, found in page.tags for name in found)


def test_every_link_leads_somewhere_on_the_page_and_names_are_unique() -> None:
    page = Tree(html.render(full()))
    names = [str(found["id"]) for _, found in page.tags if "id" in found]
    links = {str(found["href"]) for found in page.all("a")}

    assert len(names) == len(set(names))
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    assert {link for link in links if not link.startswith("#")} == {"https://ctrf.io"}


def test_a_report_of_nothing_is_a_page_all_the_same() -> None:
    given = document()
    given["results"]["summary"] = {}

    assert "nothing was proven" in said(html.render(reading.parse(given)))


def test_no_part_of_the_template_is_left_in_the_page() -> None:
    assert not re.search(r"\{[{%]|None|Undefined", html.render(full()))


def test_the_picture_tells_its_lanes_in_words_too() -> None:
    page = Tree(html.render(report(PASSED, FAILED)))
    told = [found["aria-label"] for found in page.all("svg") if found.get("role") == "img"]

    assert told == [
        "from 0.0s: wait 0.5s, run 2.0s, collect 0.1s, on the critical path",
        "from 2.6s: wait 0.5s, run 2.0s, collect 0.1s, on the critical path",
    ]


def test_equal_documents_give_equal_pages() -> None:
    assert html.render(full()) == html.render(full())


NODES = [
    {"name": "gpu-1", "kind": "node", "passed": True, "values": {"GPUs": 8}},
    {"name": "gpu-2", "kind": "node", "passed": False, "message": "Xid 79", "values": {"GPUs": 7}},
    {"name": "gpu-3", "kind": "node", "passed": None, "message": "NotReady"},
]


def test_nodes_are_a_table_with_the_unwell_ones_first() -> None:
    page = html.render(report(case("a", "failed", extra={"items": NODES})))

    words = said(page)
    assert "3 nodes: 1 failed, 1 not judged, 1 passed" in words
    assert "gpu-2 ✘ failed 7 Xid 79 gpu-3 ? not judged NotReady gpu-1 ✔ passed 8" in words
    opened = [found for found in Tree(page).all("details") if "items" in str(found.get("class"))]
    assert "open" in opened[0]


def test_columns_that_nobody_fills_are_left_out() -> None:
    words = said(html.render(report(case("a"))))

    assert "verdict check phase time in short" in words


def test_the_page_says_what_was_left_what_the_run_cost_and_which_cluster_it_was() -> None:
    given = document(PASSED, identity={"uid": "u-1", "nodes": {"total": 4, "withGpus": 2}})
    given["results"]["summary"]["extra"] = {
        "audit": {"made": True, "left": 0},
        "overhead": {
            "runSeconds": 6,
            "criticalPathSeconds": 5.5,
            "beyondSeconds": 0.5,
            "perCheckSeconds": {"median": 0.031},
        },
    }
    words = said(html.render(reading.parse(given)))

    assert "left in the cluster 0 objects" in words
    assert "0.5s of it beyond the critical path" in words
    assert "the tool itself took 31 ms with each check" in words
    assert "cluster UID u-1 nodes 4, 2 with GPUs" in words


@pytest.mark.parametrize("told", [None, 7, "x", [], {"made": True}, {"left": {}}, {"nodes": "x"}])
def test_nonsense_about_the_run_is_left_out(told: object) -> None:
    given = document(PASSED, identity=told)
    given["results"]["summary"]["extra"] = {"audit": told, "overhead": told}

    assert "1 check passed" in said(html.render(reading.parse(given)))

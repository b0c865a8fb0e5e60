"""Whatever a check printed and whatever stands in a document: every report is a valid file."""

import json
import string
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import ctrf, rundir
from orchestrator.events import CheckFinished, CheckSaid
from orchestrator.jsonlines import JsonLines
from orchestrator.outcome import Outcome, PhaseResult, Split, Status
from orchestrator.reports import html, junit, markdown, reading
from orchestrator.reports.document import SECONDS
from tests.orchestrator.reports.samples import Json, document, report
from tests.orchestrator.reports.schema import breaches_of_ctrf
from tests.orchestrator.samples import RUN_ID

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

NASTY = st.sampled_from(
    [
        "<script>",
        "</script>",
        "]]>",
        "```",
        "\x00",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "&#0;",
        "|",
        "\r",
    ]
)
TEXT = st.lists(NASTY | st.text(st.characters(), max_size=8), max_size=6).map("".join)
NUMBER = st.integers() | st.floats() | st.just(10**400)
ANYTHING = st.recursive(
    TEXT | NUMBER | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


class Page(HTMLParser):
    """Counts the elements that would do something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += sum(name.startswith("on") or name == "src" for name, _ in attrs)


def hold(given_document: Json) -> None:
    """All reports of a document are valid files in which nothing became markup."""
    found = reading.parse(given_document)
    as_xml = junit.render(found).encode()
    ET.fromstring(as_xml)
    page = html.render(found)
    page.encode()
    shown = Page(page)
    assert (shown.scripts, shown.handlers) == (1, 0)
    text = markdown.render(found)
    assert len(text.encode()) <= markdown.COMMENT_BYTES
    assert text.count("<details>") == text.count("</details>")


def hold_events(*outcomes: Outcome) -> None:
    """Each event of a run is one line of JSON, which no terminal obeys."""
    lines: list[str] = []
    writer = JsonLines(lines.append, RUN_ID)
    for outcome in outcomes:
        for event in (CheckSaid(outcome.check, outcome.message), CheckFinished(outcome)):
            writer.show(event)
    assert writer.trouble == ""
    assert len(lines) == 2 * len(outcomes)
    for line in lines:
        assert line.count("\n") == 1
        assert line.strip().isprintable()
        assert line.isascii()
        assert json.loads(line)["run"] == RUN_ID


def _is_json(value: Any) -> bool:
    """Whether facts can hold it: their lines are read without infinities and huge numbers."""
    try:
        return bool(json.dumps(value, allow_nan=False))
    except ValueError:
        return False


ITEM = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "kind", "passed", "message", "values"), ANYTHING)
)
RUN = st.dictionaries(
    st.sampled_from(["audit", "overhead", "nodes", "gpus", "unknown", "phases"]),
    st.dictionaries(
        st.sampled_from(["made", "left", "runSeconds", "perCheckSeconds", "total", "withGpus"]),
        ANYTHING,
    )
    | ANYTHING,
)
OUTCOMES = st.builds(
    Outcome,
    check=st.text(string.ascii_lowercase + "-", min_size=1, max_size=20),
    phase=st.sampled_from(["deployment", "conformance", "performance"]),
    status=st.sampled_from(Status),
    message=TEXT,
    raw_status=TEXT,
    exit_code=st.none() | st.integers(-1, 300),
    started=st.none() | st.floats(0, 4e9),
    stopped=st.none() | st.floats(0, 4e9),
    stdout=st.lists(TEXT, max_size=6).map(tuple),
    stderr=st.lists(TEXT, max_size=3).map(tuple),
    facts=st.dictionaries(
        st.sampled_from(["coverage", "measured", "skip", "items", "looks"]) | TEXT,
        ANYTHING.filter(_is_json),
        max_size=3,
    ),
    extra=st.just({}) | st.just({"earlierAttempts": [{"message": "evicted", "job": "j"}]}),
    split=st.builds(
        Split,
        prepare_s=st.none() | st.floats(0, 1e4),
        wait_s=st.none() | st.floats(0, 1e4),
        pull_s=st.none() | st.floats(0, 1e4),
        run_s=st.none() | st.floats(0, 1e4),
        created=st.none() | st.floats(0, 4e9),
    ),
)


@QUICK
@given(st.lists(OUTCOMES, max_size=5), st.booleans())
def test_whatever_checks_do_every_report_of_ours_is_valid(
    outcomes: list[Outcome], complete: bool
) -> None:
    made = ctrf.report(
        [PhaseResult("conformance", tuple(outcomes))],
        version="1",
        environment=ctrf.Environment(),
        run_id=RUN_ID,
        started=1.0,
        stopped=2.0,
        complete=complete,
    )
    written = rundir.text(made).encode("utf-8", "backslashreplace")

    assert breaches_of_ctrf(json.loads(written)) == []
    hold(json.loads(written))
    hold(made)
    hold_events(*outcomes)


@QUICK
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "name": ANYTHING,
                "status": st.sampled_from(["passed", "failed", "x"]) | ANYTHING,
                "duration": ANYTHING,
                "start": st.integers(0, 2**42) | ANYTHING,
                "suite": ANYTHING,
                "message": ANYTHING,
                "rawStatus": ANYTHING,
                "stdout": ANYTHING,
                "stderr": ANYTHING,
                "retryAttempts": ANYTHING,
                "attachments": ANYTHING,
                "extra": st.fixed_dictionaries(
                    {},
                    optional={
                        "coverage": st.fixed_dictionaries(
                            {}, optional={"seen": ANYTHING, "total": ANYTHING, "leftOut": ANYTHING}
                        ),
                        "measured": ANYTHING,
                        "items": st.lists(ITEM | ANYTHING, max_size=3) | ANYTHING,
                        "seconds": st.dictionaries(st.sampled_from(SECONDS), ANYTHING),
                        "created": ANYTHING,
                        "facts": ANYTHING,
                    },
                ),
            },
        )
        | ANYTHING,
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(["start", "stop", "extra", "tests"]), RUN | ANYTHING),
    st.dictionaries(st.just("identity") | TEXT, RUN | ANYTHING, max_size=3),
)
def test_a_foreign_document_can_hold_anything(
    tests: list[Any], summary: Json, environment: Json
) -> None:
    given_document = document()
    given_document["results"]["tests"] = tests
    given_document["results"]["summary"].update(summary)
    given_document["results"]["environment"]["extra"] = environment

    hold(given_document)


@pytest.mark.parametrize("char", ["x", "`", "<", "\x00", "\ud800", "\u202e", "&", "|"])
def test_a_line_of_five_megabytes_is_no_trouble(char: str) -> None:
    line = char * 5_000_000
    test = {
        "name": line,
        "status": "failed",
        "duration": 1,
        "message": line,
        "stdout": [line, line],
        "stderr": line,
        "extra": {"measured": {"name": line, "threshold": line}, "x": line},
    }

    hold(document(test))
    hold_events(Outcome("a", "deployment", Status.FAILED, line))
    record = document({"name": "a", "status": "failed", "duration": 1, "message": line})
    written = rundir.text(record).encode("utf-8", "backslashreplace")
    assert json.loads(written)["results"]["tests"][0]["status"] == "failed"
    assert len(html.render(report(test))) < 500_000

import json
from typing import Any

import pytest

from orchestrator.errors import UsageError
from orchestrator.reports import headline, reading
from orchestrator.reports.document import Report
from tests.orchestrator.reports.samples import (
    FAILED,
    NO_VERDICT,
    PASSED,
    SKIPPED,
    START,
    Json,
    case,
    document,
    full,
    report,
)

FOREIGN = {  # as NVIDIA AICR writes it
    "reportFormat": "CTRF",
    "specVersion": "0.0.1",
    "timestamp": "2026-01-02T02:50:50Z",
    "generatedBy": "aicr",
    "results": {
        "tool": {"name": "aicr", "version": "v0.11.1"},
        "summary": {"tests": 2, "passed": 2, "start": START, "stop": START + 9},
        "tests": [
            {"name": "a", "status": "passed", "duration": 12, "suite": ["deployment"]},
            {"name": "b", "status": "skipped", "duration": 0, "suite": ["conformance"]},
        ],
    },
}


def phases(given: Report) -> dict[str, str]:
    return {phase.name: phase.status for phase in given.phases}


def test_a_result_tells_everything_that_reports_show() -> None:
    (found,) = report(FAILED).cases

    assert found.place == "performance/bandwidth"
    assert found.in_short == "412 GB/s (want >= 450)"
    assert found.results == ("412 GB/s",)
    assert found.coverage is not None
    assert (found.coverage.seen, found.coverage.is_whole) == (7, False)
    assert found.coverage.left_out == ("gpu-8",)
    assert (found.measured[0].value, found.measured[0].margin) == ("412", "-8 %")
    assert found.facts == (("locks", "gpu"),)
    assert found.began == START / 1000 + 2.6


@pytest.mark.parametrize(
    ("value", "threshold", "margin"),
    [
        (412.5, ">= 300", "+38 %"),
        (11, "<= 20", "+45 %"),
        (25, "< 20", "-25 %"),
        (1, ">= 0", ""),
        (1, "about 3", ""),
        (None, ">= 3", ""),
        ("x", ">= 3", ""),
        (1e300, ">= 1", ""),
    ],
)
def test_a_margin_is_how_far_inside_the_threshold_a_value_is(
    value: object, threshold: str, margin: str
) -> None:
    given = {"name": "m", "value": value, "threshold": threshold}

    assert report(case(extra={"measured": given})).cases[0].measured[0].margin == margin


def test_a_report_of_the_reference_is_read() -> None:
    found = reading.parse(FOREIGN)

    assert found.tool == "aicr"
    assert phases(found) == {"deployment": "passed", "conformance": "skipped"}
    assert found.took_s == pytest.approx(0.009, abs=1e-6)


@pytest.mark.parametrize(
    ("told", "tests", "status"),
    [
        pytest.param("passed", [FAILED], "failed", id="a-failure-is-not-talked-away"),
        pytest.param("passed", [case(status="great", suite=["p"])], "other", id="unknown-status"),
        pytest.param(
            "passed", [{**PASSED, "status": ["passed"]}], "other", id="status-of-another-type"
        ),
        pytest.param("passed", [case(status="pending")], "other", id="pending"),
        pytest.param("passed", [], "not selected", id="nothing-ran"),
        pytest.param("incomplete", [PASSED], "incomplete", id="told-worse-than-seen"),
        pytest.param(["passed"], [PASSED], "passed", id="told-nonsense"),
        pytest.param(
            "passed",
            [PASSED, case("b", "skipped", extra={"skip": "no-capacity"})],
            "incomplete",
            id="skipped-for-want-of-something",
        ),
        pytest.param(
            "passed",
            [PASSED, case("b", "skipped", extra={"skip": "user-excluded"})],
            "narrowed",
            id="left-out-by-the-operator",
        ),
    ],
)
def test_what_a_document_says_of_a_phase_never_makes_it_better(
    told: Any, tests: list[Json], status: str
) -> None:
    given = document(*({**test, "suite": ["p"]} for test in tests))
    given["results"]["summary"]["extra"] = {"phases": {"p": told}}

    assert phases(reading.parse(given)) == {"p": status}


def test_phases_stand_in_their_order_and_what_stopped_the_run_before_them() -> None:
    given = document(PASSED, FAILED, case("version", "failed", suite=["readiness"]))
    names = ["deployment", "conformance", "performance"]
    given["results"]["summary"]["extra"] = {"phases": dict.fromkeys(names, "other")}

    assert [phase.name for phase in reading.parse(given).phases] == ["readiness", *names]


def test_failures_come_first_whatever_the_order_of_the_document() -> None:
    assert [found.name for found in full().by_gravity] == ["bandwidth", "gang", "mig", "alpha"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="no-text"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"results": {"tests": {}}}', id="no-tests"),
        pytest.param(b"1" * 5000, id="long-number"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(UsageError) as stopped:
        reading.load(data, "r.json")

    assert str(stopped.value).startswith("r.json: no ")
    assert "\n" not in str(stopped.value)


def test_a_report_is_read_from_its_bytes() -> None:
    assert reading.load(json.dumps(document(PASSED)).encode(), "r").cases == report(PASSED).cases


@pytest.mark.parametrize(
    ("tests", "changes", "words"),
    [
        ([FAILED, PASSED], {}, "1 of 2 checks failed"),
        ([NO_VERDICT, PASSED], {}, "1 of 2 checks gave no verdict"),
        ([PASSED], {}, "1 check passed"),
        ([PASSED, case("b")], {}, "all 2 checks passed"),
        ([PASSED, SKIPPED], {}, "1 of 2 checks passed, 1 out of the recipe's scope"),
        ([SKIPPED], {}, "nothing was proven: no check ran, or none applies"),
        ([], {}, "nothing was proven: no check ran, or none applies"),
    ],
)
def test_the_verdict_is_a_sentence(tests: list[Json], changes: Json, words: str) -> None:
    assert headline.words(report(*tests, **changes)) == words


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(
            [("pod.yaml", "/d/a/pod.yaml"), ("inner/x.log", "/d/a/inner/x.log")], "/d/a", id="ours"
        ),
        pytest.param([("Screen", "s/1.png"), ("Log", "log")], "log, s/1.png", id="of-others"),
        pytest.param([("", ""), (None, 5)], "5", id="odd"),
        pytest.param([], "", id="none"),
    ],
)
def test_files_about_a_test_are_shown_by_their_folder(given: list[Any], shown: str) -> None:
    files = [{"name": name, "contentType": "x", "path": path} for name, path in given]

    (found,) = report(case(attachments=files)).cases

    assert found.diagnostics == shown


def test_a_run_that_was_cut_short_is_never_green() -> None:
    given = document(PASSED, failure="SIGTERM received")
    given["results"]["summary"]["extra"] = {"complete": False}
    found = reading.parse(given)

    assert headline.status(found) == "incomplete"
    assert headline.notes(found) == [("partial", "the run was cut short: SIGTERM received")]


@pytest.mark.parametrize(
    ("record", "about", "notes"),
    [
        pytest.param({"converged": True, "waitedSeconds": 12.3}, "after 12.3s", [], id="settled"),
        pytest.param(
            {"converged": False, "waitedSeconds": 600, "words": "Deployment a/b still moves"},
            "not in 10m0s",
            [("not settled", "Deployment a/b still moves")],
            id="not-settled",
        ),
        pytest.param(
            {"converged": "yes", "waitedSeconds": "long"},
            "",
            [("not settled", "the cluster has not settled")],
            id="unreadable",
        ),
    ],
)
def test_whether_the_cluster_had_settled_is_told(
    record: Json, about: str, notes: list[tuple[str, str]]
) -> None:
    given = document(PASSED)
    given["results"]["environment"]["extra"]["convergence"] = record
    found = reading.parse(given)

    assert dict(found.about).get("settled", "") == about
    assert headline.notes(found) == notes


def test_a_replay_says_so_before_anything_else() -> None:
    assert headline.notes(report(PASSED, cluster="replay"))[0][0] == "replay"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param({}, "", id="one-part"),
        pytest.param({"at": -1}, "", id="no-time"),
        pytest.param(
            {"at": 1_700_000_000_000},
            "the run was cut short and went on at 2023-11-14 22:13:20 UTC",
            id="when",
        ),
        pytest.param(
            {"at": 1_700_000_000_000, "pauseSeconds": 90, "earlier": ["conformance/alpha"]},
            "the run was cut short and went on at 2023-11-14 22:13:20 UTC, after a pause of 1m30s"
            "; found before: conformance/alpha",
            id="all",
        ),
    ],
)
def test_which_part_of_a_run_was_done_earlier_is_told(told: Json, words: str) -> None:
    given = document(PASSED)
    given["results"]["summary"]["extra"] = {"resumed": told}

    report = reading.parse(given)

    assert report.resumed == words
    assert [note for key, note in headline.notes(report) if key == "resumed"] == [words][
        : bool(words)
    ]

from xml.etree import ElementTree as ET

import pytest

from orchestrator.reports import junit, reading
from tests.orchestrator.reports.samples import (
    FAILED,
    NO_VERDICT,
    PASSED,
    SCRIPT,
    SKIPPED,
    Json,
    case,
    document,
    full,
    report,
)


def parsed(*tests: Json) -> ET.Element:
    return ET.fromstring(junit.render(report(*tests)))


def test_each_phase_is_a_suite_with_its_counts() -> None:
    root = ET.fromstring(junit.render(full()))

    assert [(suite.get("name"), suite.get("tests")) for suite in root.iter("testsuite")] == [
        ("conformance", "3"),
        ("performance", "1"),
    ]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "1")
    assert root.get("skipped") == "1"
    assert (root.get("time"), root.get("timestamp")) == ("6.000", "2026-01-02T02:50:45Z")


@pytest.mark.parametrize(
    ("test", "tag", "message", "kind"),
    [
        pytest.param(FAILED, "failure", "412 GB/s (want >= 450)", "failed", id="failed"),
        pytest.param(
            NO_VERDICT, "error", "image cannot be pulled", "ImagePullBackOff", id="no-verdict"
        ),
        pytest.param(SKIPPED, "skipped", "not in the recipe", "not-applicable", id="skipped"),
        pytest.param(case(status="pending"), "error", "no reason given", "pending", id="pending"),
    ],
)
def test_a_verdict_has_its_element_with_reason_and_kind(
    test: Json, tag: str, message: str, kind: str
) -> None:
    found = parsed(test).find(f".//testcase/{tag}")

    assert found is not None
    assert (found.get("message"), found.get("type")) == (message, kind)
    assert (found.text or "").startswith(message)


def test_a_pass_has_no_verdict_element() -> None:
    (found,) = parsed(PASSED).iter("testcase")

    assert {child.tag for child in found} == {"properties", "system-out"}
    assert (found.get("classname"), found.get("name")) == ("conformance.alpha", "alpha")
    assert found.get("time") == "2.000"


def test_what_has_no_place_in_the_format_stands_in_properties() -> None:
    (found,) = parsed(FAILED).iter("testcase")
    told = {item.get("name"): item.get("value") for item in found.iter("property")}

    assert told["coverage"] == "7 of 8 GPUs"
    assert told["left-out"] == "gpu-8"
    assert told["measured.bus"] == "412 GB/s (want >= 450), margin -8 %"
    assert told["seconds.run"] == "2.000"


def test_evidence_and_log_are_output_and_errors() -> None:
    root = parsed(FAILED)

    assert root.findtext(".//system-out") == "\n".join(FAILED["stdout"])
    assert root.findtext(".//system-err") == "time=1 level=INFO x"


def test_an_incomplete_run_says_so_where_the_format_has_no_word_for_it() -> None:
    given = document(PASSED, cluster="replay")
    given["results"]["summary"]["extra"] = {"complete": False, "phases": {"performance": "x"}}
    root = ET.fromstring(junit.render(reading.parse(given)))
    told = {item.get("name"): item.get("value") for item in root.findall("./properties/property")}

    assert told["complete"] == "false"
    assert {"replay", "partial"} <= told.keys()


@pytest.mark.parametrize("text", [SCRIPT, "]]>", "\x00\x0b\ud800", "\"'&", "\x1b[31mred"])
def test_any_text_leaves_the_file_well_formed(text: str) -> None:
    root = parsed(case(text or "x", "failed", message=text, stdout=[text], suite=[text]))

    assert len(list(root.iter())) > 5
    assert root.find(".//script") is None


def test_equal_documents_give_equal_files() -> None:
    assert junit.render(full()) == junit.render(full())


def test_a_pass_says_how_it_knows() -> None:
    told = parsed(case(extra={"proof": "observed"})).find(".//property[@name='proof']")

    assert told is not None
    assert told.get("value") == "observed"


def test_nodes_that_are_not_well_are_properties() -> None:
    nodes = [
        {"name": "gpu-1", "kind": "node", "passed": False, "message": "Xid 79"},
        {"name": "gpu-2", "kind": "node", "passed": True},
    ]
    (found,) = parsed(case("a", "failed", extra={"items": nodes})).iter("testcase")
    told = {item.get("name"): item.get("value") for item in found.iter("property")}

    assert told["items"] == "2 nodes: 1 failed, 1 passed"
    assert told["item.gpu-1"] == "failed: Xid 79"
    assert "item.gpu-2" not in told

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from helper import contract
from helper.evidence import Evidence


def said(tell: Callable[[Evidence], None]) -> str:
    out = io.StringIO()
    tell(Evidence(out))
    return out.getvalue()


def fact(tell: Callable[[Evidence], None]) -> Any:
    *_, last = said(tell).splitlines()
    assert last.startswith(contract.FACT_PREFIX)
    return json.loads(last.removeprefix(contract.FACT_PREFIX))


def test_a_section_has_a_title_and_ends_with_an_empty_line() -> None:
    assert said(lambda ev: ev.text("Nodes", "gpu-1\ngpu-2\n")) == "--- Nodes ---\ngpu-1\ngpu-2\n\n"


def test_a_section_can_name_the_command_that_shows_the_same() -> None:
    text = said(lambda ev: ev.text("Nodes", "gpu-1", "kubectl get nodes"))
    assert text == "--- Nodes ---\nEquivalent: kubectl get nodes\n\ngpu-1\n\n"


@pytest.mark.parametrize("body", ["", "\n", "\n\n"])
def test_an_empty_section_says_so(body: str) -> None:
    assert said(lambda ev: ev.text("Log", body)) == "--- Log ---\n(nothing)\n\n"


def test_long_lines_are_wrapped_so_that_the_report_cuts_none() -> None:
    body = "".join(str(number) for number in range(1000))
    lines = said(lambda ev: ev.text("Log", f"short\n\n{body}")).splitlines()
    assert lines[1:3] == ["short", ""]
    assert max(len(line) for line in lines) <= contract.EVIDENCE_LINE_CHARS
    assert "".join(lines[3:]) == body


@dataclass(frozen=True)
class Row:
    node_name: str
    gpus: int | None = None
    is_ready: bool = True
    taints: tuple[str, ...] = ()


def test_a_table_is_aligned_under_the_names_of_its_fields() -> None:
    rows = [Row("gpu-1", 8, taints=("b", "a")), Row("n", is_ready=False)]
    assert said(lambda ev: ev.table("Nodes", rows)).splitlines() == [
        "--- Nodes ---",
        "node name  gpus  is ready  taints",
        "gpu-1      8     yes       a,b",
        "n          -     no        -",
        "",
    ]


def test_a_table_takes_mappings_with_gaps() -> None:
    rows = [{"pod": "a", "phase": "Running"}, {"pod": "b"}]
    assert said(lambda ev: ev.table("Pods", rows)).splitlines()[1:] == [
        "pod  phase",
        "a    Running",
        "b",
        "",
    ]


def test_a_table_without_rows_says_so() -> None:
    assert said(lambda ev: ev.table("Pods", [], "kubectl get pods")).endswith("(none)\n\n")


def test_an_object_is_shown_as_yaml_in_its_own_order() -> None:
    text = said(lambda ev: ev.object("Pod", {"kind": "Pod", "apiVersion": "v1", "note": "é"}))
    assert text == "--- Pod ---\nkind: Pod\napiVersion: v1\nnote: é\n\n"


def test_an_object_that_cannot_be_shown_does_not_raise() -> None:
    assert "(cannot be shown: " in said(lambda ev: ev.object("Odd", {"at": object()}))


def test_a_result_is_one_marked_line() -> None:
    assert said(lambda ev: ev.result("8 of 8 GPUs")) == "RESULT: 8 of 8 GPUs\n"


def test_coverage_names_what_was_left_out_and_why() -> None:
    def tell(evidence: Evidence) -> None:
        evidence.coverage(2, 4, "GPU nodes", {"n4": "NotReady", "n3": "cordoned"})

    assert said(tell).splitlines()[:3] == [
        "not covered: n4: NotReady",
        "not covered: n3: cordoned",
        "RESULT: looked at 2 of 4 GPU nodes",
    ]
    assert fact(tell) == {
        "coverage": {"seen": 2, "total": 4, "unit": "GPU nodes", "leftOut": ["n3", "n4"]}
    }


def test_a_fact_lists_some_names_and_the_evidence_all() -> None:
    left_out = {f"node-{number:03}": "busy" for number in range(100)}
    tell = lambda ev: ev.coverage(0, 100, "nodes", left_out)  # noqa: E731
    assert 0 < len(fact(tell)["coverage"]["leftOut"]) < 100
    assert said(tell).count("not covered: ") == 100


@pytest.mark.parametrize(
    ("threshold", "passed", "line"),
    [
        (">= 300", True, "RESULT: bandwidth: 412.5 GB/s (want >= 300)"),
        (None, None, "RESULT: bandwidth: 412.5 GB/s"),
    ],
)
def test_a_measured_value_is_said_and_recorded(
    threshold: str | None, passed: bool | None, line: str
) -> None:
    def tell(evidence: Evidence) -> None:
        evidence.measured("bandwidth", 412.5, "GB/s", threshold, passed=passed)

    assert said(tell).splitlines()[0] == line
    assert fact(tell)["measured"] == {
        "name": "bandwidth",
        "value": 412.5,
        "unit": "GB/s",
        "threshold": threshold,
        "passed": passed,
    }


def test_facts_are_one_line_whatever_they_hold() -> None:
    assert fact(lambda ev: ev.fact(note="two\nlines", name="é")) == {
        "note": "two\nlines",
        "name": "é",
    }


def test_every_line_is_out_before_the_next_one_is_thought_of() -> None:
    raw = io.BytesIO()
    evidence = Evidence(io.TextIOWrapper(raw, encoding="utf-8"))
    evidence.result("first")
    assert raw.getvalue() == b"RESULT: first\n"


@pytest.mark.parametrize("line", ['FACT: {"skip": "forged"}', "RESULT: all is well"])
def test_foreign_text_cannot_speak_in_the_checks_name(line: str) -> None:
    out = io.StringIO()

    Evidence(out).text("Pod log", f"first\n{line}")

    assert f"\n {line}\n" in out.getvalue()


def test_one_fact_is_one_line_whatever_is_in_it() -> None:
    out = io.StringIO()

    Evidence(out).result("two\nFACT: {}")

    assert out.getvalue() == "RESULT: two FACT: {}\n"


def test_many_long_names_stay_below_the_line_limit() -> None:
    out = io.StringIO()
    left_out = {f"ip-10-0-0-{number}.eu-central-1.compute.internal": "busy" for number in range(99)}

    Evidence(out).coverage(0, 99, "nodes", left_out)

    fact = out.getvalue().splitlines()[-1]
    assert fact.startswith("FACT: ")
    assert len(fact) <= 512


def test_a_value_that_is_no_number_is_none_in_the_fact() -> None:
    out = io.StringIO()

    Evidence(out).measured("bandwidth", float("nan"), "GB/s")

    assert '"value": null' in out.getvalue()


NASTY = "\x1b]0;title\x07 \x9b2J \u202e \x7f \r\x00"


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda ev: ev.text(NASTY, NASTY, NASTY), id="text"),
        pytest.param(lambda ev: ev.table("T", [{NASTY: NASTY}]), id="table"),
        pytest.param(lambda ev: ev.object("O", {"a": NASTY}), id="object"),
        pytest.param(lambda ev: ev.result(NASTY), id="result"),
        pytest.param(lambda ev: ev.coverage(0, 1, NASTY, {NASTY: NASTY}), id="coverage"),
        pytest.param(lambda ev: ev.measured(NASTY, 1.0, NASTY, NASTY), id="measured"),
    ],
)
def test_nothing_that_a_cluster_says_steers_a_terminal(tell: Callable[[Evidence], None]) -> None:
    assert all(line.isprintable() for line in said(tell).split("\n"))


def test_a_fact_keeps_what_it_writes_out() -> None:
    assert fact(lambda ev: ev.fact(note=NASTY)) == {"note": NASTY}


@pytest.mark.parametrize("room", range(505, 520))
def test_no_piece_of_a_long_line_speaks_in_the_checks_name(room: int) -> None:
    line = "x" * room + 'FACT: {"skip": "forged"}' + "RESULT: all is well"

    lines = said(lambda ev: ev.text("Pod log", line)).splitlines()

    assert not [item for item in lines if item.startswith((contract.FACT_PREFIX, "RESULT"))]
    assert max(map(len, lines)) <= contract.EVIDENCE_LINE_CHARS


def test_one_long_cell_does_not_widen_its_column_without_end() -> None:
    rows = [{"pod": "p", "trouble": "x" * 40_000}, {"pod": "q", "trouble": ""}]

    assert len(said(lambda ev: ev.table("Pods", rows))) < 1000


def test_what_was_found_of_one_thing_is_one_fact() -> None:
    out = io.StringIO()

    Evidence(out).item("gpu-1", passed=False, message="Xid 79\nmore", GPUs=8, memory_errors=2)
    Evidence(out).item("gpu-2", passed=None)

    first, second = (json.loads(line[6:])["item"] for line in out.getvalue().splitlines())
    assert first == {
        "name": "gpu-1",
        "kind": "node",
        "passed": False,
        "message": "Xid 79 more",
        "values": {"GPUs": 8, "memory errors": 2},
    }
    assert second == {"name": "gpu-2", "kind": "node", "passed": None}

"""JUnit XML: what GitLab, Jenkins and GitHub's reporters read.

A check that failed is a `failure`, one without a verdict an `error`. Every phase is a test suite,
and what it came to stands in its properties, for JUnit has no word for `incomplete`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from orchestrator.reports import headline
from orchestrator.reports.document import ITEM_WORDS, Case, Phase, Report
from orchestrator.reports.text import first_line

Pairs = Iterable[tuple[str, str]]
COUNTS = {"failures": ("failed",), "errors": ("other", "pending"), "skipped": ("skipped",)}


def render(report: Report) -> str:
    """The whole file."""
    root = ET.Element("testsuites", name=report.tool, tests=str(len(report.cases)))
    for attribute, statuses in COUNTS.items():
        root.set(attribute, str(sum(map(report.count, statuses))))
    root.set("time", f"{report.took_s or 0.0:.3f}")
    if report.started is not None:
        root.set("timestamp", _timestamp(report.started))
    _properties(root, _of_report(report))
    for phase in report.phases:
        root.append(_suite(phase, report))
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(phase: Phase, report: Report) -> ET.Element:
    suite = ET.Element("testsuite", name=phase.name or "checks", tests=str(len(phase.cases)))
    for attribute, statuses in COUNTS.items():
        suite.set(attribute, str(sum(map(phase.count, statuses))))
    suite.set("time", f"{sum(case.duration_s for case in phase.cases):.3f}")
    if report.started is not None:
        suite.set("timestamp", _timestamp(report.started))
    _properties(suite, [("status", phase.status)])
    suite.extend(_case(case) for case in phase.cases)
    return suite


def _case(case: Case) -> ET.Element:
    element = ET.Element(
        "testcase",
        classname=f"{case.phase}.{case.name}" if case.phase else case.name,
        name=case.name,
        time=f"{case.duration_s:.3f}",
    )
    _properties(element, _of_case(case))
    _verdict(element, case)
    for tag, lines in (("system-out", case.evidence), ("system-err", case.log)):
        if lines:
            ET.SubElement(element, tag).text = "\n".join(lines)
    return element


def _verdict(element: ET.Element, case: Case) -> None:
    """Say why, as attribute for lists and as text for whoever opens it."""
    message = case.message or case.skip or "no reason given"
    match case.status:
        case "failed":
            tag, kind = "failure", case.raw_status or "failed"
        case "skipped":
            tag, kind = "skipped", case.skip
        case "other" | "pending":
            tag, kind = "error", case.raw_status or case.status
        case _:
            return
    found = ET.SubElement(element, tag, message=first_line(message))
    if kind:
        found.set("type", kind)
    found.text = message


def _of_report(report: Report) -> Pairs:
    yield "verdict", headline.words(report)
    yield from ((word.replace(" ", "-"), said) for word, said in headline.notes(report))
    yield "complete", str(report.is_complete).lower()
    yield "left-in-the-cluster", report.left
    yield "overhead", report.overhead
    yield "run", report.run_id
    yield "version", report.version
    yield from report.about


def _of_case(case: Case) -> Pairs:
    yield "requirement", case.requirement
    if case.coverage:
        covered = case.coverage
        yield "coverage", f"{covered.seen} of {covered.total} {covered.unit}".strip()
        yield "left-out", ", ".join(covered.left_out)
    yield "skip", case.skip
    yield "proof", case.proof
    yield "raw-status", case.raw_status
    for item in case.measured:
        wanted = f" (want {item.threshold})" if item.threshold else ""
        margin = f", margin {item.margin}" if item.margin else ""
        yield f"measured.{item.name}", f"{item.value} {item.unit}{wanted}{margin}"
    if case.items:
        yield "items", case.items_in_short
    for one in (one for one in case.items if one.status != "passed"):
        yield f"item.{one.name}", f"{ITEM_WORDS[one.status]}: {one.message}"
    yield from ((f"seconds.{kind}", f"{took:.3f}") for kind, took in (case.seconds or {}).items())
    yield "attempts", str(len(case.attempts) + 1) if case.attempts else ""
    yield from case.facts


def _properties(element: ET.Element, pairs: Pairs) -> None:
    told = [(name, value) for name, value in pairs if value]
    if told:
        properties = ET.SubElement(element, "properties")
        for name, value in told:
            ET.SubElement(properties, "property", name=name, value=value)


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

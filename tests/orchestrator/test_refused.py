"""A run that its readiness gate refuses, as people and programs read of it."""

import json
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command

REFUSING = "examples/eks-h100-inference/defects/constraint-server-version.yaml"
REASON = "1 of 4 readiness constraints fails: K8s.server.version: want >= 1.34, found v1.33.5"


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    return {form: tmp_path / f"report.{form}" for form in ("ctrf", "html", "md", "junit")}


def asked(places: dict[str, Path]) -> list[str]:
    outputs = [part for form, path in places.items() for part in ("-o", f"{form}={path}")]
    return ["validate", "--phase", "all", "--replay", REFUSING, *outputs]


def test_its_reports_say_that_nothing_was_started(aicr: Command, places: dict[str, Path]) -> None:
    said = aicr(*asked(places))

    assert said.code == Exit.USAGE
    assert f"aicr-orch: error: not started: {REASON}" in said.err
    markdown, html = (places[form].read_text() for form in ("md", "html"))
    assert f"not started: {REASON.replace('>', '&gt;')}" in markdown
    assert f"Not started: {REASON.replace('>', '&gt;')}" in html
    assert "1 constraint</b> failed" in html
    assert "5 checks</b> skipped" in html
    for words in (markdown, html):
        assert "of 9 checks" not in words


def test_its_checks_tell_the_whole_reason(aicr: Command, places: dict[str, Path]) -> None:
    aicr(*asked(places))

    tests = json.loads(places["ctrf"].read_text())["results"]["tests"]
    told = {test["message"] for test in tests if test["suite"] != ["readiness"]}
    assert len(told) == 1
    assert told.pop().startswith(f"not run: {REASON}")


def test_it_tells_where_its_reports_are(aicr: Command, places: dict[str, Path]) -> None:
    said = aicr(*asked(places))

    lines = [line for line in said.err.splitlines() if line.startswith("report: ")]
    for form in ("ctrf", "html", "md", "junit"):
        assert any(str(places[form]) in line for line in lines), form
    assert any(line.endswith("/ctrf.json") for line in lines)


def test_wrong_usage_has_no_report(aicr: Command, places: dict[str, Path]) -> None:
    gone = ("-k", "/nowhere/kubeconfig", "-r", "examples/eks-h100-inference/recipe.yaml")

    said = aicr("validate", *gone, "-o", f"html={places['html']}")

    assert said.code == Exit.USAGE
    assert "report: " not in said.err
    assert not places["html"].exists()

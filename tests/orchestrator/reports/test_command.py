import json
from pathlib import Path

import pytest

from tests.orchestrator.conftest import Command
from tests.orchestrator.reports.samples import FAILED, PASSED, document


@pytest.fixture
def record(tmp_path: Path) -> str:
    place = tmp_path / "ctrf.json"
    place.write_text(json.dumps(document(PASSED, FAILED)))
    return str(place)


def test_all_formats_are_made_from_one_file(aicr: Command, record: str, tmp_path: Path) -> None:
    wanted = {"html": "<!doctype html>", "junit": "<?xml", "md": "## ✘"}
    flags = [f"--output={name}={tmp_path}/{name}.out" for name in wanted]

    said = aicr("report", "render", record, *flags)

    assert said.code == 0
    assert "1 of 2 checks failed" in said.err
    for name, start in wanted.items():
        assert (tmp_path / f"{name}.out").read_text().startswith(start)


def test_one_format_can_go_to_stdout(aicr: Command, record: str) -> None:
    said = aicr("report", "render", record, "-o", "junit=-")

    assert said.out.startswith("<?xml")
    assert "<?xml" not in said.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--output is missing; want html=FILE or junit=FILE or md=FILE"),
        (["-o", "x"], "cannot be made from a report"),
        (["-o", "events=x"], "cannot be made from a report"),
        (["-o", "jnit=x"], "did you mean junit?"),
        (["-o", "md=/nowhere/x"], "its folder does not exist"),
        (["-o", "md=x", "-o", "html=./x"], "goes there, too"),
    ],
)
def test_what_cannot_be_made_is_refused(
    aicr: Command, record: str, flags: list[str], words: str
) -> None:
    said = aicr("report", "render", record, *flags)

    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"<xml/>", "no JSON"),
        (b"{}", "no CTRF report; want an object with results.tests"),
    ],
)
def test_what_is_no_report_is_refused(
    aicr: Command, tmp_path: Path, content: bytes | None, words: str
) -> None:
    place = tmp_path / "r.json"
    if content is not None:
        place.write_bytes(content)

    said = aicr("report", "render", str(place), "-o", "md=-")

    assert said.code == 2
    assert words in said.err
    assert said.out == ""

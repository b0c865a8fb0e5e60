"""Where the reports of a run end up, whatever goes wrong with some of them."""

import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from helper.kube import Kube
from orchestrator.delivery import Delivery
from orchestrator.errors import UsageError
from orchestrator.reports.formats import Output, parse_all
from orchestrator.rundir import RunDir
from tests.orchestrator.conftest import Command
from tests.orchestrator.reports.samples import FAILED, PASSED, Json, document

EXAMPLE = "examples/eks-h100-inference"


def no_cluster() -> AbstractContextManager[Kube]:
    raise AssertionError("no cluster is asked")


def deliver(
    folder: Path, *outputs: str, given: Json | None = None, env: Mapping[str, str] | None = None
) -> tuple[list[str], bool, list[str]]:
    told: list[str] = []
    delivery = Delivery(
        parse_all(outputs),
        RunDir(folder / "run"),
        no_cluster,
        lambda words, level: told.append(f"{level}: {words}"),
        env or {},
    )
    places, is_delivered = delivery.write(lambda _: given or document(PASSED, FAILED))
    return places, is_delivered, told


def test_every_report_that_was_asked_for_is_there_and_named(tmp_path: Path) -> None:
    wanted = [
        f"ctrf={tmp_path}/r.json",
        f"junit={tmp_path}/j",
        f"html={tmp_path}/h",
        f"md={tmp_path}/m",
    ]

    places, is_delivered, told = deliver(tmp_path, *wanted)

    assert (is_delivered, told) == (True, [])
    assert set(wanted) < set(places)
    assert json.loads((tmp_path / "r.json").read_text()) == document(PASSED, FAILED)
    assert ET.parse(tmp_path / "j").getroot().get("failures") == "1"


@pytest.mark.parametrize("broken", ["junit", "html", "ctrf"])
def test_a_report_that_cannot_be_written_takes_no_other_with_it(
    tmp_path: Path, broken: str
) -> None:
    wanted = {name: f"{name}={tmp_path}/{name}" for name in ("ctrf", "junit", "html", "md")}
    (tmp_path / broken).mkdir()

    places, is_delivered, told = deliver(tmp_path, *wanted.values())

    assert not is_delivered
    assert len(told) == 1
    assert told[0].startswith("error: the report cannot be written to ")
    assert all((tmp_path / name).is_file() for name in wanted if name != broken)
    assert len(places) == 4


def test_a_report_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("before")
    (tmp_path / ".h.partial").mkdir()  # so that it cannot be written

    _, is_delivered, _ = deliver(tmp_path, f"html={tmp_path}/h")

    assert not is_delivered
    assert (tmp_path / "h").read_text() == "before"


def test_a_record_that_no_report_can_be_made_of_is_kept_all_the_same(tmp_path: Path) -> None:
    broken = document(PASSED)
    broken["results"]["tests"] = 5

    places, is_delivered, told = deliver(
        tmp_path, f"ctrf={tmp_path}/r", f"md={tmp_path}/m", given=broken
    )

    assert json.loads((tmp_path / "r").read_text()) == broken
    assert is_delivered == ((tmp_path / "m").is_file() and not told)
    assert f"ctrf={tmp_path}/r" in places


def test_a_step_of_a_github_action_gets_its_summary_behind_what_is_there(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")

    deliver(tmp_path, f"{tmp_path}/r", env={"GITHUB_STEP_SUMMARY": str(summary)})

    assert summary.read_text().startswith("before\n\n## ✘ aicr-orch 1.2.3: 1 of 2 checks failed")


def test_a_summary_never_outgrows_the_step(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 999_000)

    deliver(tmp_path, f"{tmp_path}/r", env={"GITHUB_STEP_SUMMARY": str(summary)})

    assert summary.stat().st_size == 999_000


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    _, is_delivered, told = deliver(
        tmp_path, f"{tmp_path}/r", env={"GITHUB_STEP_SUMMARY": str(tmp_path / "no/summary")}
    )

    assert is_delivered
    assert told[0].startswith("warning: the step's summary cannot be written")


def test_a_run_writes_all_formats_and_its_events(aicr: Command, tmp_path: Path) -> None:
    wanted = ("ctrf", "junit", "html", "md", "events")
    flags = [f"--output={name}={tmp_path}/{name}" for name in wanted]

    said = aicr("validate", "--replay", EXAMPLE, "--phase", "deployment", *flags)

    assert (said.code, said.out) == (0, "")
    assert all((tmp_path / name).stat().st_size for name in wanted)
    assert "replay" in (tmp_path / "md").read_text().splitlines()[0]
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["run-started", "run-finished"]
    assert {"phase-started", "check-started", "check-finished"} <= {
        each["event"] for each in events
    }


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_run_whose_report_found_no_place_says_so_everywhere(
    aicr: Command, tmp_path: Path
) -> None:
    wanted = (f"ctrf={tmp_path}/r.json", f"events={tmp_path}/e.jsonl", "html=/dev/full")
    flags = [f"--output={text}" for text in wanted]

    said = aicr("validate", "--replay", EXAMPLE, "--phase", "deployment", *flags)

    (run,) = (tmp_path / "state/aicr-orch/runs").glob("*")
    assert said.code == 8
    assert "passed or were rightly skipped, but not every report could be written" in said.err
    for place in (tmp_path / "r.json", run / "ctrf.json"):
        environment = json.loads(place.read_text())["results"]["environment"]
        assert environment["extra"]["exitCode"] == 8
    for place in (tmp_path / "e.jsonl", run / "events.jsonl"):
        last = json.loads(place.read_text().splitlines()[-1])
        assert (last["result"], last["exitCode"]) == ("internal", 8)


def test_a_run_without_a_place_for_its_record_keeps_it_in_its_folder_and_off_stdout(
    aicr: Command, tmp_path: Path
) -> None:
    said = aicr(
        "validate", "--replay", EXAMPLE, "--phase", "deployment", "-o", f"md={tmp_path}/r.md"
    )

    assert said.out == ""
    assert "ctrf.json" in said.err


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("htm=x", "did you mean html"),
        ("html=/nowhere/x", "its folder does not exist"),
        ("events=/", "is a folder"),
        ("md=cm://ns/x", "goes to a file"),
    ],
)
def test_a_place_that_takes_no_report_ends_the_run_before_it_begins(
    aicr: Command, place: str, words: str
) -> None:
    said = aicr("validate", "--replay", EXAMPLE, "-o", place)

    assert said.code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("is_writable", [True, False])
def test_a_device_is_written_to_whoever_its_folder_belongs_to(
    is_writable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: is_writable and str(path) == "/dev/null")
    output = Output.parse("junit=/dev/null")
    if is_writable:
        output.check()
    else:
        with pytest.raises(UsageError, match="junit=/dev/null: cannot be written"):
            output.check()

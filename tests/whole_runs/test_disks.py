"""Disks that take nothing: a full one, a read-only home, a place that went away meanwhile."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from tests.orchestrator.engine import let_pass
from tests.whole_runs.place import Place, Said, ended, placed, statuses, wait_for

CHECKS = {"first": {}, "fails": {"exitCode": 1, "message": "broken"}}
FOUND = {"first": "passed", "fails": "failed"}
GOOD = {"first": {}, "second": {"delaySeconds": 0.2}}
HELD = {"first": {}, "second": {"exitCode": None}}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, CHECKS) as place:
        yield place


@pytest.fixture
def good(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, GOOD) as place:
        yield place


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Place]:
    """One whose second check goes on until the test lets it pass."""
    with placed(tmp_path, HELD) as place:
        yield place


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for almost nothing."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk needs root and the right to mount: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_state_folder_on_a_full_disk_costs_no_verdict(place: Place, disk: Path) -> None:
    place.env["XDG_STATE_HOME"] = str(disk)
    report = place.folder / "report.json"

    said = place.run("-o", str(report))

    assert said.code == Exit.FAILED, said.err
    assert statuses(report) == FOUND
    assert f"this run cannot be resumed, {disk}/" in said.err
    assert "No space left on device" in said.err
    assert_no_harm(place, said)


def test_an_output_on_a_full_disk_is_told_and_the_folder_of_the_run_has_it(
    place: Place, disk: Path
) -> None:
    wanted = [f"{name}={disk}/{name}" for name in ("ctrf", "junit", "html", "md", "events")]

    said = place.run(*[f"--output={output}" for output in wanted])

    assert said.code == Exit.FAILED, said.err
    (run,) = place.runs
    assert statuses(run / "ctrf.json") == FOUND
    assert f"report: ~/state/aicr-orch/runs/{run.name}/ctrf.json" in said.err
    for output in ("ctrf", "junit", "html", "events"):
        assert said.err.count(f"{disk}/{output}: [Errno 28] No space left on device") == 1
    assert not list(disk.glob(".*"))  # no half of a file
    assert_no_harm(place, said)


def test_a_green_run_whose_report_found_no_place_is_not_green(good: Place, disk: Path) -> None:
    said = good.run("-o", f"{disk}/r.json", "-o", f"html={disk}/r.html")

    assert said.code == Exit.INTERNAL, said.err
    assert "but not every report could be written (exit 8)" in said.err
    assert_no_harm(good, said)


def no_folder(report: Path) -> None:
    report.parent.rmdir()


def a_folder_instead(report: Path) -> None:
    report.mkdir()


def a_link_to_nowhere(report: Path) -> None:
    report.symlink_to(report.parent / "no/such/folder")


@pytest.mark.parametrize("befalls", [no_folder, a_folder_instead, a_link_to_nowhere])
def test_an_output_that_goes_away_during_the_run_is_told(
    held: Place, befalls: Callable[[Path], None]
) -> None:
    report = held.folder / "out/report.json"
    report.parent.mkdir()

    with held.validate("-o", str(report)) as process:
        wait_for(lambda: held.kept() and held.is_running("second"))
        befalls(report)
        let_pass(held.cluster, "second")
        said = ended(process)

    assert said.code == Exit.INTERNAL, said.err
    assert f"error: the report cannot be written to {report}: " in said.err
    (run,) = held.runs
    assert statuses(run / "ctrf.json") == {"first": "passed", "second": "passed"}
    assert_no_harm(held, said)


@pytest.mark.parametrize("home", ["/proc/self", "/dev/null", "/nowhere/at/all"])
def test_a_home_that_takes_nothing_costs_the_way_back_only(good: Place, home: str) -> None:
    if home.startswith("/nowhere") and os.access("/", os.W_OK):
        home = "/proc/nowhere"  # root could make it
    good.env |= {"HOME": home, "XDG_STATE_HOME": ""}

    said = good.run()

    assert said.code == Exit.OK, said.err
    assert '"status": "passed"' in said.out
    assert "warning: this run cannot be resumed" in said.err
    assert_no_harm(good, said)


def test_where_nothing_takes_the_report_stderr_has_it(place: Place) -> None:
    place.env |= {"HOME": "/dev/null", "XDG_STATE_HOME": ""}

    with Path("/dev/full").open("w") as full:
        said = place.run(stdout=full)

    assert said.code == Exit.FAILED
    assert "error: the report cannot be written to stdout: " in said.err
    assert '"reportFormat": "CTRF"' in said.err
    assert_no_harm(place, said)


def assert_no_harm(place: Place, said: Said) -> None:
    """Nothing stays in the cluster, and no fault of the program shows."""
    assert place.left() == []
    assert "Traceback" not in said.err
    assert "Exception ignored" not in said.err

import json
from pathlib import Path
from typing import Any

from orchestrator.history import MAX_RUNS, Taken, durations


def keep(runs: Path, number: int, run_s: float, cluster: str = "live", **changes: Any) -> None:
    seconds = {"wait": 1.0, "run": run_s, "collect": 0.5}
    test = {
        "name": "a",
        "suite": ["conformance"],
        "status": "passed",
        "extra": {"seconds": seconds},
    }
    environment = {"extra": {"cluster": cluster}}
    folder = runs / f"20260101-{number:06}-0123456789abcdef"
    folder.mkdir(parents=True)
    results = {"tests": [{**test, **changes}], "environment": environment}
    (folder / "ctrf.json").write_text(json.dumps({"results": results}))


def test_the_median_of_earlier_runs_counts(tmp_path: Path) -> None:
    for number, run_s in enumerate((2.0, 100.0, 4.0)):
        keep(tmp_path, number, run_s)

    assert durations(tmp_path, of_replays=False) == {("conformance", "a"): Taken(5.5, 3)}


def test_recorded_clusters_say_nothing_of_real_ones(tmp_path: Path) -> None:
    keep(tmp_path, 1, 2.0, "replay")

    assert durations(tmp_path, of_replays=False) == {}
    assert durations(tmp_path, of_replays=True) == {("conformance", "a"): Taken(3.5, 1)}


def test_what_came_to_no_verdict_took_no_usual_time(tmp_path: Path) -> None:
    keep(tmp_path, 1, 2.0, status="other")
    keep(tmp_path, 2, 2.0, extra={})
    keep(tmp_path, 3, 2.0, extra={"seconds": {"run": "long"}})

    assert durations(tmp_path, of_replays=False) == {}


def test_broken_and_old_runs_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "20260101-999999-0123456789abcdef").mkdir()
    broken = tmp_path / "20260101-999998-0123456789abcdef"
    broken.mkdir()
    (broken / "ctrf.json").write_text("{")
    for number in range(MAX_RUNS):
        keep(tmp_path, number, 2.0)

    assert durations(tmp_path, of_replays=False)["conformance", "a"].runs == MAX_RUNS - 2
    assert durations(tmp_path / "gone", of_replays=False) == {}


def test_fast_runs_say_nothing_of_full_ones(tmp_path: Path) -> None:
    keep(tmp_path, 1, 2.0)
    path = next(tmp_path.glob("*/ctrf.json"))
    document = json.loads(path.read_text())
    document["results"]["environment"]["extra"]["depth"] = "fast"
    path.write_text(json.dumps(document))

    assert durations(tmp_path, of_replays=False) == {}
    assert durations(tmp_path, of_replays=False, of_fast=True)["conformance", "a"].runs == 1

"""Whatever moment a run is ended at, and how: nothing that was found is lost, nothing stays.

`make interruptions N=100` tries more moments, and `FROM=1000` others.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orchestrator.exits import Exit
from tests.orchestrator.engine import script
from tests.whole_runs.place import Place, Process, ended, placed, statuses, wait_for

CHECKS: dict[str, dict[str, Any]] = {
    f"check-{number}": {"delaySeconds": 0.2} for number in range(4)
}
INT, TERM, HUP, KILL = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL


def asked(place: Place, verb: str, resource: str) -> bool:
    """Whether the cluster was asked for something of that kind."""
    return any(
        (item.action.verb, item.action.resource) == (verb, resource)
        for item in list(place.cluster.requests)
    )


class Stage(NamedTuple):
    """A part of a run: by what one sees that it began, and about how long it takes."""

    name: str
    began: Callable[[Place], object]
    takes_s: float


# The first numbers strike each stage once, and kill while there is most to lose.
STAGES = (
    Stage("start", lambda _: True, 0.6),
    Stage("set-up", lambda place: place.cluster.requests, 0.3),
    Stage("preparation", lambda place: asked(place, "create", "configmaps"), 0.2),
    Stage("checks", lambda place: asked(place, "create", "jobs"), 0.6),
    Stage("results", lambda place: place.kept(), 0.6),
    Stage("clean-up", lambda place: len(place.kept()) == len(CHECKS), 0.08),
)
ENDINGS = (
    *((INT,), (TERM,), (HUP,), (KILL,), (KILL,), (KILL,)),
    *((INT, INT), (INT, TERM), (TERM, KILL)),
)
KILLS = int(os.environ.get("AICR_KILLS", str(2 * len(STAGES))))
FIRST = int(os.environ.get("AICR_KILLS_FROM", "0"))


@dataclass(frozen=True)
class Case:
    """A moment and a way of ending a run, made of a number."""

    number: int

    @property
    def stage(self) -> Stage:
        """When: in this stage, or soon after it."""
        return STAGES[self.number % len(STAGES)]

    @property
    def signals(self) -> tuple[signal.Signals, ...]:
        """How: each round of all stages meets them in other ways."""
        return ENDINGS[(self.number + self.number // len(STAGES)) % len(ENDINGS)]

    def strike(self, place: Place, process: Process) -> None:
        """End a run at this moment."""
        wait_for(lambda: process.poll() is not None or self.stage.began(place))
        dice = random.Random(self.number)  # noqa: S311 - any moment
        for number in self.signals:
            time.sleep(dice.uniform(0, self.stage.takes_s))
            process.send_signal(number)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, CHECKS) as place:
        yield place


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Place]:
    """One whose last check goes on until its run is ended."""
    with placed(tmp_path, {**CHECKS, "check-3": {"exitCode": None}}) as place:
        yield place


@pytest.mark.usefixtures("signals_count")
@pytest.mark.parametrize(
    "case", [Case(FIRST + number) for number in range(KILLS)], ids=lambda case: str(case.number)
)
def test_a_run_that_is_ended_at_any_moment_loses_nothing_and_leaves_nothing(
    place: Place, case: Case, record_property: Callable[[str, object], None]
) -> None:
    events, report = place.folder / "events.jsonl", place.folder / "report.json"
    process = place.validate("--max-parallel=2", "-o", f"events={events}", "-o", str(report))
    case.strike(place, process)
    said = ended(process)
    before = found(place)
    record_property("stage", case.stage.name)
    record_property("signals", "+".join(number.name for number in case.signals))
    record_property("code", said.code)
    record_property("found", len(before))
    record_property("left", len(place.left()))

    assert said.code in allowed(case), said.err
    assert "Traceback" not in said.err
    if said.code >= 0 and place.runs and (place.runs[0] / "run.json").exists():
        assert statuses(report).keys() == CHECKS.keys()  # whoever was not killed has reported
        assert place.left() == [] or "left behind: " in said.err
    if not place.runs or not (place.runs[0] / "run.json").exists():
        assert place.left() == []  # nothing had begun
        return
    (run,) = place.runs

    again = place.end("validate", "--resume", run.name)

    if "this run is complete" in again.err:  # its own clean-up was cut short, if anything
        assert place.end("gc", "--run-id", run.name).code == Exit.OK
    else:
        assert again.code == Exit.OK, again.err
    after = found(place)
    assert after.keys() == CHECKS.keys()
    assert {name: after[name]["start"] for name in before} == {
        name: before[name]["start"] for name in before
    }
    assert set(statuses(run / "ctrf.json").values()) == {"passed"}
    assert place.left() == []
    told = [json.loads(line)["event"] for line in events.read_text().splitlines()]
    assert told[0] == "run-started"
    assert told.count("run-started") <= 2


def allowed(case: Case) -> set[int]:
    """How the process may end; a run that was over before its signal has its own code."""
    own = {INT: Exit.INTERRUPTED, TERM: Exit.TERMINATED, HUP: Exit.TERMINATED}
    codes = {int(Exit.OK)}
    for number in case.signals:
        codes |= {-number, int(own.get(number, Exit.OK))}
    return codes


def found(place: Place) -> dict[str, Any]:
    """The final results that the only run has kept."""
    return {name: test for name, test in place.kept().items() if test["status"] == "passed"}


@pytest.mark.usefixtures("signals_count")
@pytest.mark.parametrize("number", [INT, TERM, HUP])
def test_an_interrupted_run_leaves_nothing_and_says_how_to_go_on(
    held: Place, number: signal.Signals
) -> None:
    with held.validate("--max-parallel=2") as process:
        wait_for(held.kept)
        process.send_signal(number)
        said = ended(process)
    (run,) = held.runs

    document = json.loads((run / "ctrf.json").read_text())
    hint = f"go on with: aicr-orch validate --resume {run.name}"
    assert said.code == (Exit.INTERRUPTED if number == INT else Exit.TERMINATED)
    assert hint in said.err
    assert document["results"]["summary"]["extra"]["complete"] is False
    assert held.left() == []


def test_what_a_killed_run_left_is_collected(place: Place) -> None:
    with place.validate() as process:
        wait_for(place.left)
        process.kill()

    said = place.end("gc", "--older-than", "0s")

    assert said.code == Exit.OK, said.err
    assert place.left() == []


def test_events_go_on_behind_those_of_the_process_that_was_killed(held: Place) -> None:
    events = held.folder / "events.jsonl"
    with held.validate("--max-parallel=1", "-o", f"events={events}") as process:
        wait_for(held.kept)
        process.kill()
    held.cluster.state.outcomes = [script(name, **CHECKS[name]) for name in CHECKS]
    before = events.read_text()
    with events.open("a") as file:  # as when it was killed in the middle of a line
        file.write('{"time": "2026-01-02T03:04')
    (run,) = held.runs

    said = held.end("validate", "--resume", run.name)

    assert said.code == Exit.OK, said.err
    assert f"report: events={events}\n" in said.err
    after = events.read_text()
    assert after.startswith(before)
    lines = [json.loads(line) for line in after.splitlines()]
    assert {line["run"] for line in lines} == {run.name}
    assert lines[-1]["event"] == "run-finished"
    assert {line["check"] for line in lines if line["event"] == "check-finished"} == CHECKS.keys()

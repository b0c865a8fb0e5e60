import io
import json
from typing import Any

import pytest

from orchestrator.convergence import Convergence, Unsettled
from orchestrator.errors import UsageError
from orchestrator.events import (
    CheckFinished,
    CheckProgressed,
    CheckSaid,
    CheckStarted,
    ClusterSettled,
    ClusterSettling,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
)
from orchestrator.exits import Exit
from orchestrator.jsonlines import JsonLines
from orchestrator.levels import Level, parse
from orchestrator.outcome import Outcome, PhaseResult, Split, Status
from orchestrator.result import Audit, RunResult
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import RUN_ID, Engine, entry

PLAN = Engine([entry("alpha")]).plan()
PASSED = Outcome(
    "alpha", "conformance", Status.PASSED, split=Split(wait_s=0.1, run_s=1.25, collect_s=0.1)
)
UNSETTLED = Convergence(60.0, 60.0, (Unsettled("node n", "NotReady", moves=True),))
PHASE = PhaseResult("conformance", (PASSED,), 0.0, 3.0)


def told(*events: Event, level: Level = Level.INFO) -> list[dict[str, Any]]:
    """What stands in the lines of these events, but for what all lines have."""
    out = io.StringIO()
    lines = JsonLines(out.write, RUN_ID, level=level)
    with lines:
        for event in events:
            lines.show(event)
    found = [json.loads(text) for text in out.getvalue().splitlines()]
    assert all(item.pop("run") == RUN_ID for item in found)
    assert all(item.pop("time").endswith("Z") for item in found)
    return found


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (Notice("look"), {"level": "info", "event": "notice", "message": "look"}),
        (Notice("look", "warning"), {"level": "warn", "event": "notice", "message": "look"}),
        (Notice("look", "error"), {"level": "error", "event": "notice", "message": "look"}),
        (
            ClusterSettling(("node n: NotReady",), 90.0),
            {
                "level": "info",
                "event": "cluster-settling",
                "message": "node n: NotReady",
                "waitsFor": ["node n: NotReady"],
                "leftMs": 90000,
            },
        ),
        (
            ClusterSettled(UNSETTLED),
            {
                "level": "warn",
                "event": "cluster-settled",
                "message": UNSETTLED.words,
                "convergence": UNSETTLED.record(),
            },
        ),
        (
            PhaseStarted(PLAN.phases[1]),
            {"level": "info", "event": "phase-started", "phase": "conformance", "checks": 1},
        ),
        (
            CheckFinished(PASSED),
            {
                "level": "info",
                "event": "check-finished",
                "phase": "conformance",
                "check": "alpha",
                "status": "passed",
                "durationMs": 1250,
            },
        ),
        (
            CheckFinished(Outcome("a", "conformance", Status.FAILED, "12 GB/s\nmore")),
            {
                "level": "error",
                "event": "check-finished",
                "phase": "conformance",
                "check": "a",
                "status": "failed",
                "durationMs": 0,
                "message": "12 GB/s\nmore",
            },
        ),
        (
            CheckFinished(
                Outcome("a", "p", Status.SKIPPED, "no", facts={"skip": "not-applicable"})
            ),
            {
                "level": "info",
                "event": "check-finished",
                "phase": "p",
                "check": "a",
                "status": "skipped",
                "skip": "not-applicable",
                "durationMs": 0,
                "message": "no",
            },
        ),
        (
            CheckFinished(Outcome("a", "p", Status.OTHER, "gone", "NodeLost")),
            {
                "level": "warn",
                "event": "check-finished",
                "phase": "p",
                "check": "a",
                "status": "other",
                "rawStatus": "NodeLost",
                "durationMs": 0,
                "message": "gone",
            },
        ),
        (
            PhaseFinished(PHASE),
            {
                "level": "info",
                "event": "phase-finished",
                "phase": "conformance",
                "status": "passed",
                "passed": 1,
                "failed": 0,
                "skipped": 0,
                "other": 0,
                "durationMs": 3000,
            },
        ),
    ],
)
def test_an_event_is_one_line(event: Event, wanted: dict[str, Any]) -> None:
    assert told(event) == [wanted]


def test_what_a_check_does_is_told_with_its_phase() -> None:
    started = CheckStarted(PLAN.phases[1].checks[0])
    progressed = CheckProgressed("alpha", "cannot pull its image", "ErrImagePull")

    found = told(started, progressed, CheckSaid("alpha", "3 of 3"))

    place = {"level": "info", "phase": "conformance", "check": "alpha"}
    assert found == [
        {**place, "event": "check-started"},
        {
            **place,
            "event": "check-progressed",
            "stage": "cannot pull its image",
            "message": "ErrImagePull",
        },
        {**place, "event": "check-said", "message": "3 of 3"},
    ]


EVERYTHING = (
    CheckProgressed("alpha", "running"),
    Notice("n"),
    Notice("w", "warning"),
    CheckFinished(Outcome("a", "p", Status.FAILED, "f")),
)


@pytest.mark.parametrize(("level", "lines"), list(zip(Level, (4, 3, 2, 1), strict=True)))
def test_what_matters_less_than_was_asked_for_is_left_out(level: Level, lines: int) -> None:
    assert len(told(*EVERYTHING, level=level)) == lines


def test_the_end_is_told_at_every_level() -> None:
    out = io.StringIO()
    clock = FakeClock()
    lines = JsonLines(out.write, RUN_ID, level=Level.ERROR, clock=clock)

    lines.head(["aicr-orch 1.2.3", "run x"])
    lines.summary(
        RunResult(RUN_ID, (PHASE,), Exit.OK, 0.0, 3.0, Audit(True, ("pods x",))), ["r.json"], 0
    )

    found = json.loads(out.getvalue())
    assert found["event"] == "run-finished"
    assert (found["exitCode"], found["result"], found["reports"]) == (0, "ok", ["r.json"])
    assert found["leftovers"] == ["pods x"]
    assert found["durationMs"] == 3000


def test_the_beginning_names_what_is_planned() -> None:
    out = io.StringIO()

    JsonLines(out.write, RUN_ID, planned={"conformance": ["alpha"]}).head(["here"])

    assert json.loads(out.getvalue())["planned"] == {"conformance": ["alpha"]}


def test_a_run_that_was_refused_has_an_end() -> None:
    out = io.StringIO()

    JsonLines(out.write, RUN_ID).broken("rights are missing", Exit.PERMISSION, 4)

    found = json.loads(out.getvalue())
    assert (found["event"], found["message"]) == ("run-finished", "rights are missing")
    assert (found["exitCode"], found["result"]) == (4, "permission")


def test_nothing_that_a_cluster_says_makes_a_second_line_or_steers_a_terminal() -> None:
    out = io.StringIO()
    JsonLines(out.write, RUN_ID).show(Notice("a\nb\u2028c\x1b[2J\x07\u202e\ud800"))

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().isascii()
    assert "\x1b" not in out.getvalue()


def test_a_reader_that_is_gone_stops_nothing() -> None:
    out = io.StringIO()
    out.close()

    JsonLines(out.write, RUN_ID).show(Notice("n"))


@pytest.mark.parametrize("name", ["debug", "INFO", "Warn", "error"])
def test_levels_are_read_in_either_case(name: str) -> None:
    assert str(parse(name)) == name.lower()


def test_an_unknown_level_is_named_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"want one of debug, info, warn, error, did you mean warn"
    ):
        parse("warning")

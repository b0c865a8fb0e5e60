import io
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.convergence import Convergence, Unsettled
from orchestrator.events import (
    CheckFinished,
    CheckSaid,
    CheckStarted,
    ClusterSettled,
    ClusterSettling,
    Event,
    PhaseFinished,
)
from orchestrator.exits import Exit
from orchestrator.jsonlines import JsonLines
from orchestrator.outcome import Outcome, Status
from orchestrator.result import Audit
from orchestrator.retold import Line, Story, last_part, parse
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import RUN_ID, Engine, entry, script

ENGINE = Engine(
    [entry("alpha"), entry("beta"), entry("gamma", "performance")],
    [
        script("alpha", log="RESULT: 3 of 3\n"),
        script("beta", exitCode=1, message="12 GB/s\nmore"),
        script("gamma", exitCode=2, message="no GPUs"),
    ],
)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """What a run writes down, and how it ended."""
    out, plan = io.StringIO(), ENGINE.plan()
    names = {phase.phase: [item.name for item in phase.checks] for phase in plan.phases}
    told = JsonLines(out.write, RUN_ID, planned=names)
    told.head(["somewhere", "run"])
    done = ENGINE.run()
    for event in done.events:
        told.show(event)
    told.summary(done.result, ["report.json"], int(done.result.exit))
    return [line for line in map(parse, out.getvalue().encode().splitlines()) if line]


def heard(lines: list[Line], **changes: Any) -> tuple[Story, list[Event]]:
    story = Story(RUN_ID, **changes)
    return story, [event for event in map(story.hear, lines) if event]


def test_a_run_is_told_again_as_it_was(lines: list[Line]) -> None:
    story, events = heard(lines)

    result = story.result()
    assert story.titles == ("somewhere", "run")
    assert [item.name for item in story.plan.checks] == ["alpha", "beta", "gamma"]
    assert [str(phase.status) for phase in result.phases] == [
        "not selected",
        "failed",
        "incomplete",
    ]
    assert result.exit is Exit.FAILED
    assert story.end
    assert (story.end.exit_code, story.end.reports) == (1, ("report.json",))
    assert result.audit == Audit(was_made=True)
    assert [event.line for event in events if isinstance(event, CheckSaid)] == ["3 of 3"]
    finished = {e.outcome.check: e.outcome for e in events if isinstance(e, CheckFinished)}
    assert finished["beta"].message == "12 GB/s\nmore"
    assert finished["alpha"].stdout == ("RESULT: 3 of 3",)


def test_who_hears_of_a_start_later_knows_how_long_ago_it_was(lines: list[Line]) -> None:
    story = Story(RUN_ID)
    story.hear(lines[0])
    began = {"event": "check-started", "phase": "conformance", "check": "alpha"}

    event = story.hear({**began, "time": "1970-01-01T00:01:00Z"}, now=72.0)

    assert isinstance(event, CheckStarted)
    assert event.ago_s == 12.0


@pytest.mark.parametrize(
    "found",
    [
        Convergence(12.0, 60.0),
        Convergence(3.0, 60.0, interrupted="SIGINT received: at once"),
        Convergence(60.0, 60.0, (Unsettled("node n", "NotReady: since", moves=True),)),
        Convergence(60.0, 60.0, (Unsettled("pod p", "Pending", moves=False),), "cut"),
    ],
    ids=["settled", "interrupted", "moving", "both"],
)
def test_the_wait_for_the_cluster_is_told_again(found: Convergence) -> None:
    out = io.StringIO()
    told = JsonLines(out.write, RUN_ID, clock=FakeClock())
    told.show(ClusterSettling(("node n: NotReady",), 50.0))
    told.show(ClusterSettled(found))
    waits, ended = map(json.loads, out.getvalue().splitlines())
    began = datetime.fromisoformat(waits["time"]).timestamp()
    story = Story(RUN_ID)

    assert story.hear(waits, began + 20.0) == ClusterSettling(("node n: NotReady",), 30.0)
    assert story.hear(ended) == ClusterSettled(found)


def test_the_kept_result_says_more_than_its_line(lines: list[Line]) -> None:
    whole = Outcome("alpha", "conformance", Status.PASSED, facts={"coverage": {"seen": 1}})

    _, events = heard(lines, whole=lambda _, check: whole if check == "alpha" else None)

    phase = next(
        e.result for e in events if isinstance(e, PhaseFinished) and e.result.phase == "conformance"
    )
    assert phase.outcomes[0] is whole


def test_a_run_took_as_long_as_it_said_itself(lines: list[Line]) -> None:
    (end,) = [line for line in lines if line["event"] == "run-finished"]
    told = {**end, "durationMs": 1500}

    result = heard([*(line for line in lines if line is not end), told])[0].result()

    assert result.stopped - result.started == pytest.approx(1.5)


def test_what_was_not_told_was_not_run_or_has_not_ended(lines: list[Line]) -> None:
    until = next(
        n for n, line in enumerate(lines) if line["event"] == "check-finished"
    )  # both checks of the phase have begun

    story, _ = heard(lines[:until])

    result = story.result()
    messages = {o.check: (o.status, o.message) for phase in result.phases for o in phase.outcomes}
    assert story.end is None
    assert not result.complete
    assert messages["alpha"] == (Status.OTHER, "had not ended when the run did")
    assert messages["gamma"] == (Status.SKIPPED, "not run: the run ended before")


def test_only_the_last_part_of_a_run_counts(lines: list[Line]) -> None:
    assert last_part([*lines[:4], *lines]) == lines
    assert last_part([]) == []


def test_what_is_said_behind_the_end_is_no_part_of_the_run(lines: list[Line]) -> None:
    behind = {"event": "notice", "message": "go on with it", "level": "info"}

    assert heard([*lines, behind])[1] == heard(lines)[1]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"event": 5}', b'{"a": 1}', b"\xff"])
def test_a_broken_line_is_none(data: bytes) -> None:
    assert parse(data) is None


def test_a_refused_run_has_an_end_and_no_phase() -> None:
    out = io.StringIO()
    told = JsonLines(out.write, RUN_ID)
    told.broken("rights are missing", Exit.PERMISSION, 4)

    story, _ = heard([json.loads(out.getvalue())])

    assert story.end
    assert (story.end.exit, story.end.words) == (Exit.PERMISSION, "rights are missing")
    assert not story.has_begun


KEYS = (
    *("phase", "check", "status", "message", "time", "planned", "durationMs", "result", "level"),
    *("convergence", "waitsFor", "leftMs"),
)
EVENTS = (
    *("run-started", "check-finished", "check-said", "phase-finished", "run-finished", "new"),
    *("cluster-settling", "cluster-settled"),
)
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 2**80, "", "x", "passed", "alpha", ["alpha"], {}]
)
PLANNED = {"event": "run-started", "planned": {"conformance": ["alpha"]}}


@given(
    st.lists(
        st.builds(
            lambda event, fields: {"event": event, **fields},
            st.sampled_from(EVENTS),
            st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
        ),
        max_size=6,
    )
)
def test_no_line_breaks_the_telling(lines: list[Line]) -> None:
    story, _ = heard([PLANNED, *lines])

    assert story.result().run_id == RUN_ID

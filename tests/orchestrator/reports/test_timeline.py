import pytest

from orchestrator.reports import reading, timeline
from tests.orchestrator.reports.samples import START, Json, case, document, report


def names(*tests: Json) -> list[str]:
    found = timeline.of(report(*tests))
    assert found is not None
    return [lane.case.name for lane in found.chain]


def test_lanes_are_shares_of_the_whole_run() -> None:
    found = timeline.of(report(case(at_s=1.0)))

    assert found is not None
    (lane,) = found.lanes
    assert [found.total_s, lane.begin_s, lane.end_s] == pytest.approx([6.0, 1.0, 3.6])
    assert [(part.kind, part.left, part.width) for part in lane.segments] == [
        ("wait", 16.667, 8.333),
        ("run", 25.0, 33.333),
        ("collect", 58.333, 1.667),
    ]
    assert lane.told == "from 1.0s: wait 0.5s, run 2.0s, collect 0.1s"


def test_the_critical_path_goes_from_the_last_check_to_what_it_waited_for() -> None:
    tests = [case("a"), case("b", at_s=0.2), case("c", at_s=2.85), case("d", at_s=2.7)]

    assert names(*tests) == ["b", "c"]


def test_a_check_that_ran_at_the_same_time_is_no_part_of_the_path() -> None:
    assert names(case("a"), case("b", at_s=1.0)) == ["b"]


def test_ticks_are_few_and_round() -> None:
    found = timeline.of(report(case()))

    assert found is not None
    assert [label for _, label in found.ticks] == ["0s", "2s", "4s", "6s"]


@pytest.mark.parametrize(
    "test",
    [
        pytest.param({"name": "a", "status": "passed", "duration": 5}, id="no-times"),
        pytest.param({**case(), "duration": 0, "extra": {}}, id="no-duration"),
        pytest.param(case(at_s=10**9), id="clocks-that-differ-by-years"),
    ],
)
def test_without_sound_times_there_is_no_picture(test: Json) -> None:
    assert timeline.of(report(test)) is None


def test_a_report_by_others_is_drawn_from_start_and_duration() -> None:
    test = {"name": "a", "status": "passed", "duration": 3000, "start": START}
    found = timeline.of(reading.parse(document(test)))

    assert found is not None
    assert [(part.kind, part.width) for part in found.lanes[0].segments] == [("run", 50.0)]

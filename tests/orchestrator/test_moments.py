from typing import Any

import pytest

from orchestrator.moments import Moments, split, unstarted
from tests.orchestrator.recordings import load

ASKED, CREATED = 99.5, 100.0


def watched(name: str) -> Moments:
    """What a recorded pod's watch showed, with the recorder's clock."""
    found = Moments()
    for event in load(name)["podWatch"]:
        found = found.with_pod(event["object"], CREATED + event["t"])
    return found


def test_a_real_kubelet_shows_each_step() -> None:
    found = watched("exit-0")

    assert found == Moments(placed=100.078, ready=100.814, running=100.992, ended=102.003)


def test_the_parts_of_a_checks_time_follow_each_other_without_a_gap() -> None:
    found = split(watched("exit-0"), ASKED, CREATED, started=100.0, recorded=102.5)

    assert found.parts == pytest.approx(
        {
            "prepare": 0.5,
            "wait": 0.078,
            "start": 0.736,
            "pull": 0.178,
            "run": 1.011,
            "collect": 0.497,
        }
    )
    assert found.created == CREATED


def test_where_nobody_tells_of_the_pods_network_the_start_has_it_all() -> None:
    found = split(Moments(placed=101, running=103, ended=104), ASKED, CREATED, 103, 104.5)

    assert found.parts == {"prepare": 0.5, "wait": 1, "start": 2, "run": 1, "collect": 0.5}


@pytest.mark.parametrize(
    ("started", "run_s"),
    [
        pytest.param(102.0, 1.0, id="as-kubelet-says"),
        pytest.param(90.0, 3.0, id="a-clock-behind-ours"),
        pytest.param(200.0, 0.0, id="a-clock-before-ours"),
    ],
)
def test_a_container_that_was_never_seen_running_began_when_kubelet_says(
    started: float, run_s: float
) -> None:
    found = split(Moments(placed=100.5, ended=103), ASKED, CREATED, started, 103.5)

    assert found.run_s == pytest.approx(run_s)
    assert min(found.parts.values()) >= 0


def test_nothing_is_noted_of_a_pod_that_nobody_understands() -> None:
    broken: dict[str, Any] = {"spec": "x", "status": {"containerStatuses": "y"}}

    assert Moments().with_pod(broken, 1.0) == Moments()


@pytest.mark.parametrize(
    ("seen", "parts"),
    [
        pytest.param(Moments(), {"prepare": 0.5, "wait": 60}, id="never-placed"),
        pytest.param(
            Moments(placed=101), {"prepare": 0.5, "wait": 1, "start": 59}, id="never-set-up"
        ),
        pytest.param(
            Moments(placed=101, ready=103),
            {"prepare": 0.5, "wait": 1, "start": 2, "pull": 57},
            id="image-not-pulled",
        ),
    ],
)
def test_the_time_of_a_check_that_never_ran_went_into_its_last_stage(
    seen: Moments, parts: dict[str, float]
) -> None:
    assert unstarted(seen, ASKED, CREATED, CREATED + 60).parts == parts

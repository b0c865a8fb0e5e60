"""What is asked of a cluster before its objects, when it changes meanwhile."""

import pytest

from helper.kinds import CRDS
from orchestrator.capture.survey import survey
from tests.fakes.scripted_server import Answer, Reply, refusal, scripted

GONE = refusal(404, "NotFound")
DEFINITION = "widgets.example.com"
SERVED = "example.com/v1"


def survey_of(*last: Reply, definitions: tuple[str, ...] = (DEFINITION,)) -> dict[str, str]:
    """The problems with a cluster of one group, whose document is the first of the last answers."""
    version = {"groupVersion": SERVED, "version": "v1"}
    group = {"name": "example.com", "versions": [version], "preferredVersion": version}
    defined = {"items": [{"metadata": {"name": name}} for name in definitions]}
    answers = [
        Answer(body={"gitVersion": "v1.36.0"}),
        Answer(body={"groups": [group]}),
        Answer(body=defined),
        Answer(body={"resources": []}),
        *last,
    ]
    with scripted(*answers) as api:
        found = survey(api.kube)
        problems = dict(found.problems)
        assert bool(found.documents) is bool(problems)  # the group itself is remembered with them
        assert len(api.requests) == len(answers), [item.path for item in api.requests]
        if len(last) > 1:
            assert api.requests[-1].path == CRDS.path(name=DEFINITION)
    return problems


def test_a_group_whose_definitions_are_removed_meanwhile_is_no_gap() -> None:
    assert survey_of(GONE, GONE) == {}


@pytest.mark.parametrize("asked", [Answer(body={}), refusal(403, "Forbidden")])
def test_a_group_whose_definitions_may_still_be_there_is_a_gap(asked: Reply) -> None:
    assert survey_of(GONE, asked).keys() == {SERVED}


def test_a_group_without_definitions_that_is_not_served_is_a_gap() -> None:
    assert survey_of(GONE, definitions=("widgets.other.com",)).keys() == {SERVED}

import pytest

from helper.kinds import Resource
from orchestrator.capture.selection import Choice, Selection, select
from orchestrator.capture.survey import Kind
from orchestrator.errors import UsageError
from orchestrator.replay.models import Gap, RecordedKind

ALL = frozenset({"get", "list", "watch"})


def kind(
    api_version: str, name: str, *short: str, is_preferred: bool = True, is_custom: bool = False
) -> Kind:
    group, _, version = api_version.rpartition("/")
    plural = f"{name.lower()}s"
    record = RecordedKind(
        api_version=api_version, kind=name, plural=plural, short_names=list(short)
    )
    return Kind(Resource(group, version, plural, name), record, ALL, is_preferred, is_custom)


SERVED = (
    kind("v1", "Pod", "po"),
    kind("v1", "Event"),
    kind("events.k8s.io/v1", "Event"),
    kind("apps/v1", "Deployment", "deploy"),
    kind("autoscaling/v2", "Scaler"),
    kind("autoscaling/v1", "Scaler", is_preferred=False),
    kind("example.com/v2", "Widget", is_custom=True),
    kind("example.com/v1", "Widget", is_preferred=False, is_custom=True),
)


def chosen(found: Selection) -> list[str]:
    return [f"{kind.resource.title} {kind.resource.version}" for kind in found.chosen]


def gaps(found: Selection) -> list[tuple[str, str]]:
    return [(gap.resource, gap.version) for gap in found.gaps]


def test_by_default_all_kinds_are_read_in_the_version_that_the_server_prefers() -> None:
    found = select(SERVED, Choice())

    assert chosen(found) == [
        "pods v1",
        "deployments.apps v1",
        "scalers.autoscaling v2",
        "widgets.example.com v2",
    ]


def test_other_versions_of_built_in_kinds_are_gaps() -> None:
    assert gaps(select(SERVED, Choice())) == [
        ("events.events.k8s.io", ""),
        ("scalers.autoscaling", "v1"),
    ]


def test_events_are_read_on_request() -> None:
    assert "events v1" in chosen(select(SERVED, Choice(events=True)))
    assert "events v1" in chosen(select(SERVED, Choice(kinds=("events",))))


@pytest.mark.parametrize("word", ["deploy", "Deployment", "deployments", "deployments.apps"])
def test_a_kind_has_many_names(word: str) -> None:
    assert chosen(select(SERVED, Choice(kinds=(word,)))) == ["deployments.apps v1"]
    assert "deployments.apps v1" not in chosen(select(SERVED, Choice(skipped=(word,))))


def test_what_was_not_chosen_is_a_gap_with_its_reason() -> None:
    found = select(SERVED, Choice(kinds=("pods",), skipped=("widgets",)))

    assert Gap(resource="deployments.apps", reason="not among the kinds that were chosen") in (
        found.gaps
    )


def test_an_unknown_kind_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"deployment5: .* did you mean deployment"):
        select(SERVED, Choice(skipped=("deployment5",)))


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        ((), False),
        (("team",), True),
        (("t*",), True),
        (("team/web-*",), True),
        (("team/db-*",), False),
        (("other", "team/web-1"), True),
    ],
)
def test_logs_are_chosen_by_namespace_and_pod(patterns: tuple[str, ...], wanted: bool) -> None:
    assert Choice(logs=patterns).wants_log("team", "web-1") is wanted
